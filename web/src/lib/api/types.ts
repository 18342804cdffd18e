/**
 * What the app needs of the HTTP API, by the app's names. The shapes themselves are generated from the service's OpenAPI
 * document (`make openapi`), so a field that the service renames or drops fails the type check here.
 *
 * Times are ISO 8601 UTC, durations are seconds.
 */
import type { components, operations } from './schema';

type Schemas = components['schemas'];

export type JobStatus = Schemas['JobStatus'];
export type Stage = Schemas['Stage'];
export type Task = Schemas['Task'];
export type TranscriptFormat = 'txt' | 'srt' | 'vtt' | 'tsv' | 'md' | 'docx' | 'json';

export type Tokens = Schemas['TokensAnswer'];
export type Model = Schemas['ModelShape'];
/** `speakers` is whether the service can tell them apart, `languages` is code -> English name. */
export type Catalogue = Pick<Schemas['ModelsAnswer'], 'models' | 'speakers' | 'languages'>;

export type JobOptions = Pick<Schemas['Options'], 'model' | 'language' | 'task' | 'word_times'> &
  Partial<Pick<Schemas['Options'], 'hotwords' | 'speakers' | 'max_speakers'>>;
/** Where an unfinished job stands; an approximation. */
export type Queue = Schemas['QueueShape'];
export type Failure = Schemas['FailureShape'];
/** `seconds_total` is 0 until the recording was measured. */
export type Progress = Schemas['ProgressShape'];
/** `retried_at` is when the present attempt was asked for; null in the first. */
export type Timings = Schemas['TimingsShape'];

export type Job = Pick<
  Schemas['JobShape'],
  | 'id'
  | 'status'
  | 'stage'
  | 'name'
  | 'title'
  | 'tags'
  | 'content_type'
  | 'size_bytes'
  | 'progress'
  | 'duration_s'
  | 'language'
  | 'language_probability'
  | 'attempt'
  | 'failure'
  | 'warnings'
  | 'timings'
  | 'request_id'
  | 'links'
> & { options: JobOptions };

/** What a person calls a job, beside the file's name. */
export type Labels = Pick<Job, 'title' | 'tags'>;

/** Which jobs the list shows; what is left out lets everything through. */
export type JobFilters = Omit<
  NonNullable<operations['list_jobs']['parameters']['query']>,
  'limit' | 'cursor'
>;

export interface JobPage {
  jobs: Job[];
  next_cursor: Schemas['JobsAnswer']['next_cursor'];
}

/** The app always says what it uploads. */
type Said<T> = { [K in keyof T]-?: NonNullable<T[K]> };
export type NewJob = Said<Pick<Schemas['JobRequest'], 'name' | 'size_bytes' | 'content_type'>> &
  Partial<Said<Pick<Schemas['JobRequest'], 'model'>>> &
  Partial<Pick<Schemas['JobRequest'], 'speakers' | 'max_speakers'>> &
  Pick<Schemas['JobRequest'], 'language' | 'task' | 'hotwords'>;

/** A recording that the service fetches itself. */
export type NewFetch = Said<Pick<Schemas['JobRequest'], 'source_url'>> &
  Omit<NewJob, 'name' | 'size_bytes' | 'content_type'>;

/** `headers` must be sent exactly so: they are part of the signature. */
export type PutUpload = Schemas['PutUpload'];
export type MultipartUpload = Schemas['MultipartUpload'];
export type Upload = PutUpload | MultipartUpload;

export interface AcceptedJob {
  job: Job;
  upload: Upload;
}

export type SignedPart = Schemas['SignedPart'];
export type UploadedPart = Schemas['UploadedPartShape'];
export type RecordingLink = Schemas['RecordingAnswer'];

/** `probability` is 0 to 1, from the model; null for an edited word, which no model heard. */
export type Word = Pick<Schemas['Word'], 'text' | 'start' | 'end' | 'probability'> & {
  /** its number in the transcript, never used again; null only in the result of a part, which is never answered */
  id: number;
};

/** `words` is empty when word times were not asked for. */
export type Segment = Pick<Schemas['Segment'], 'start' | 'end' | 'text' | 'language' | 'speaker'> & {
  words: Word[];
};

/** What the reader needs of the canonical transcript (`format=json`). */
export type Transcript = Pick<
  Schemas['Transcript'],
  'version' | 'language' | 'language_probability' | 'warnings'
> & {
  segments: Segment[];
  options: JobOptions;
  recording: Pick<Schemas['RecordingFacts'], 'name' | 'duration_s'>;
  engine: Pick<Schemas['EngineFacts'], 'model'>;
  quality: Quality;
};

/** A place that a reader should check, and the measured reason. */
export type Spot = Schemas['Spot'];

/** `score` is the mean word probability, weighted by time; null without words. */
export type Quality = Pick<Schemas['Quality'], 'score' | 'spots'>;

/** RFC 9457 problem details. */
export type ProblemDetails = Schemas['Problem'];

/** Operations on word ids, or on a speaker's name, of one version. */
export type EditOperation =
  | { op: 'replace'; first: number; last: number; text: string }
  | { op: 'insert'; after: number; text: string }
  | { op: 'insert'; before: number; text: string }
  | { op: 'delete'; first: number; last: number }
  | Schemas['RenameSpeaker'];

export type TranscriptVersion = Pick<
  Schemas['VersionShape'],
  'version' | 'kind' | 'created_at' | 'operations' | 'reverted_to'
>;

/** A segment that holds all that was asked for. */
export type SearchHit = Pick<
  Schemas['HitShape'],
  'job_id' | 'name' | 'created_at' | 'language' | 'segment' | 'at' | 'snippet'
> & { /** [start, end) in characters of `snippet` */ highlights: [number, number][] };

export interface SearchPage {
  hits: SearchHit[];
  next_cursor: string | null;
}

/** What somebody who is not signed in may know about the service. */
export type Setup = Schemas['SetupAnswer'];

export type Role = Schemas['Role'];

export type User = Pick<
  Schemas['UserShape'],
  'id' | 'email' | 'role' | 'created_at' | 'must_change_password' | 'disabled' | 'job_mails' | 'quotas'
>;

/** One's own account: what is used, and how much may be; a limit of 0 is none. */
export type Account = Pick<Schemas['AccountAnswer'], 'use' | 'limits'> & { user: User };

/** Seconds of audio in `month`, such as 2026-11. */
export type MonthUse = Pick<Schemas['UsageAnswer'], 'month' | 'audio_s'>;

/** What an administrator changes; what is left out stays. */
export type UserChange = Partial<Said<Pick<Schemas['UserChangeRequest'], 'disabled'>>> & {
  quotas?: Quotas;
};

/** null is the limit that all have, 0 is none. */
export type Quotas = Schemas['OwnQuotasShape'];

export interface UserPage {
  users: User[];
  next_cursor: string | null;
}

export type AuditEntry = Schemas['AuditEntryShape'];

export type AuditPage = Schemas['AuditAnswer'];

/** What a key may hold: each scope but `account`. */
export type KeyScope = Exclude<Schemas['Scope'], 'account'>;

export type ApiKey = Omit<Schemas['ApiKeyShape'], 'scopes'> & { scopes: KeyScope[] };

export type NewApiKey = Required<Omit<Schemas['KeyRequest'], 'scopes'>> & { scopes: KeyScope[] };
