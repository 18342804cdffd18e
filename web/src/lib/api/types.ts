/**
 * The shapes of the HTTP API, one place. Written by hand from the service's contract until they are generated from its
 * OpenAPI document; nothing else in the app describes the wire.
 *
 * Times are ISO 8601 UTC, durations are seconds.
 */

export type JobStatus =
  'AWAITING_UPLOAD' | 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'EXPIRED';
export type Stage = 'uploading' | 'fetching' | 'waiting' | 'transcribing' | 'joining' | 'done';
export type Task = 'transcribe' | 'translate';
export type TranscriptFormat = 'txt' | 'srt' | 'vtt' | 'tsv' | 'md' | 'docx' | 'json';

export interface Tokens {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  refresh_token: string;
  must_change_password: boolean;
}

export interface Model {
  name: string;
  multilingual: boolean;
  translates: boolean;
  size_mb: number;
  note: string;
  default: boolean;
}

export interface Catalogue {
  models: Model[];
  /** code -> English name */
  languages: Record<string, string>;
}

export interface JobOptions {
  model: string;
  language: string | null;
  task: Task;
  word_times: boolean;
  hotwords?: string | null;
}

export interface Failure {
  code: string;
  message: string;
  hint: string;
}

export interface Progress {
  seconds_done: number;
  /** 0 until the recording was measured */
  seconds_total: number;
  parts_done: number;
  parts_total: number;
}

export interface Timings {
  created_at: string;
  /** when the present attempt was asked for; null in the first */
  retried_at: string | null;
  uploaded_at: string | null;
  queued_at: string | null;
  started_at: string | null;
  completed_at: string | null;
}

export interface Job {
  id: string;
  status: JobStatus;
  stage: Stage;
  name: string;
  content_type: string;
  size_bytes: number;
  options: JobOptions;
  progress: Progress;
  duration_s: number | null;
  language: string | null;
  language_probability: number | null;
  attempt: number;
  failure: Failure | null;
  warnings: string[];
  timings: Timings;
  request_id: string;
  links: { self: string; transcript: string };
}

export interface JobPage {
  jobs: Job[];
  next_cursor: string | null;
}

export interface NewJob {
  name: string;
  size_bytes: number;
  content_type: string;
  model?: string;
  language?: string | null;
  task?: Task;
  hotwords?: string;
}

export interface PutUpload {
  kind: 'put';
  method: 'PUT';
  url: string;
  /** must be sent exactly so: they are part of the signature */
  headers: Record<string, string>;
  expires_at: string;
}

export interface MultipartUpload {
  kind: 'multipart';
  part_size_bytes: number;
  part_count: number;
  expires_at: string;
}

export type Upload = PutUpload | MultipartUpload;

export interface AcceptedJob {
  job: Job;
  upload: Upload;
}

export interface SignedPart {
  number: number;
  url: string;
}

export interface UploadedPart {
  number: number;
  etag: string;
  size_bytes: number;
}

export interface RecordingLink {
  url: string;
  expires_at: string;
}

export interface Word {
  /** its number in the transcript, never used again */
  id: number;
  text: string;
  start: number;
  end: number;
  /** 0 to 1, from the model; null for an edited word, which no model heard */
  probability: number | null;
}

export interface Segment {
  start: number;
  end: number;
  text: string;
  /** empty when word times were not asked for */
  words: Word[];
  language: string;
}

/** A place that a reader should check, and the measured reason. */
export interface Spot {
  start: number;
  end: number;
  reason: string;
}

export interface Quality {
  /** mean word probability, weighted by time; null without words */
  score: number | null;
  spots: Spot[];
}

/** What the reader needs of the canonical transcript (`format=json`). */
export interface Transcript {
  version: number;
  language: string;
  language_probability: number | null;
  segments: Segment[];
  warnings: string[];
  options: JobOptions;
  recording: { name: string; duration_s: number };
  engine: { model: string };
  quality: Quality;
}

/** Operations on word ids of one version. */
export type EditOperation =
  | { op: 'replace'; first: number; last: number; text: string }
  | { op: 'insert'; after: number; text: string }
  | { op: 'insert'; before: number; text: string }
  | { op: 'delete'; first: number; last: number };

export interface TranscriptVersion {
  version: number;
  kind: 'engine' | 'edit' | 'revert';
  created_at: string;
  operations: number;
  /** null unless `kind` is revert */
  reverted_to: number | null;
}

/** RFC 9457 problem details. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  hint: string;
  request_id: string;
}

/** A segment that holds all that was asked for. */
export interface SearchHit {
  job_id: string;
  name: string;
  created_at: string;
  language: string | null;
  segment: number;
  /** the second in which the first of the words is said */
  at: number;
  snippet: string;
  /** [start, end) in characters of `snippet` */
  highlights: [number, number][];
}

export interface SearchPage {
  hits: SearchHit[];
  next_cursor: string | null;
}

/** What somebody who is not signed in may know about the service. */
export interface Setup {
  bootstrapped: boolean;
  sign_up: 'invitation' | 'open';
}

export type Role = 'user' | 'operator' | 'admin';

export interface User {
  id: string;
  email: string;
  role: Role;
  created_at: string;
  must_change_password: boolean;
  disabled: boolean;
}

export interface UserPage {
  users: User[];
  next_cursor: string | null;
}

export interface AuditEntry {
  id: string;
  at: string;
  who: string;
  credential: string;
  action: string;
  object: string;
  outcome: string;
  address: string;
  detail: string;
}

export interface AuditPage {
  entries: AuditEntry[];
  next_cursor: string | null;
}

/** What a key may hold: each scope but `account`. */
export type KeyScope = 'jobs:read' | 'jobs:write' | 'webhooks' | 'admin:read' | 'admin:write';

export interface ApiKey {
  id: string;
  prefix: string;
  name: string;
  scopes: KeyScope[];
  created_at: string;
  /** null: never */
  expires_at: string | null;
  last_used_at: string | null;
}

export interface NewApiKey {
  name: string;
  scopes: KeyScope[];
  expires_in_days: number | null;
}
