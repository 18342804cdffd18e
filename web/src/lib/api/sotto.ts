/** The service's routes as typed functions: the only file that knows paths. */
import type { Http, TokenSource } from './http.ts';
import type {
  AcceptedJob,
  Catalogue,
  EditOperation,
  Job,
  JobFilters,
  JobOptions,
  JobPage,
  Labels,
  NewFetch,
  NewJob,
  Queue,
  RecordingLink,
  SearchPage,
  Setup,
  SignedPart,
  Tokens,
  Transcript,
  TranscriptFormat,
  TranscriptVersion,
  UploadedPart,
  User,
} from './types.ts';

/** Routes to an account and to a session. */
export class AuthApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  signIn(email: string, password: string): Promise<Tokens> {
    return this.#http.json('/auth/sign-in', { method: 'POST', body: { email, password } });
  }

  refresh(refreshToken: string): Promise<Tokens> {
    return this.#http.json('/auth/refresh', { method: 'POST', body: { refresh_token: refreshToken } });
  }

  signOut(refreshToken: string): Promise<void> {
    return this.#http.json('/auth/sign-out', { method: 'POST', body: { refresh_token: refreshToken } });
  }

  changePassword(oldPassword: string, newPassword: string, tokens: TokenSource): Promise<void> {
    const body = { old_password: oldPassword, new_password: newPassword };
    return this.#http.json('/auth/password', { method: 'POST', body }, tokens);
  }

  setup(): Promise<Setup> {
    return this.#http.json('/auth/setup');
  }

  /** Make the first administrator. */
  bootstrap(oneTimePassword: string, email: string, password: string): Promise<{ user: User }> {
    const body = { one_time_password: oneTimePassword, email, password };
    return this.#http.json('/auth/bootstrap', { method: 'POST', body });
  }

  askForAccount(email: string): Promise<void> {
    return this.#http.json('/auth/sign-up-request', { method: 'POST', body: { email } });
  }

  /** Open the account that `invitation` names. */
  signUp(invitation: string, password: string): Promise<{ user: User }> {
    return this.#http.json('/auth/sign-up', { method: 'POST', body: { invitation, password } });
  }

  askForReset(email: string): Promise<void> {
    return this.#http.json('/auth/reset-request', { method: 'POST', body: { email } });
  }

  /** Set a new password with the token from a mail. */
  reset(token: string, newPassword: string): Promise<void> {
    const body = { token, new_password: newPassword };
    return this.#http.json('/auth/reset', { method: 'POST', body });
  }
}

/** Routes on behalf of the signed-in person. */
export class SottoApi {
  readonly #http: Http;
  readonly #tokens: TokenSource;

  constructor(http: Http, tokens: TokenSource) {
    this.#http = http;
    this.#tokens = tokens;
  }

  catalogue(): Promise<Catalogue> {
    return this.#http.json('/models', {}, this.#tokens);
  }

  createJob(request: NewJob): Promise<AcceptedJob> {
    return this.#http.json('/jobs', { method: 'POST', body: request }, this.#tokens);
  }

  async fetchJob(request: NewFetch): Promise<Job> {
    const call = { method: 'POST', body: request } as const;
    return (await this.#http.json<{ job: Job }>('/jobs', call, this.#tokens)).job;
  }

  /** A page may hold few jobs, or none, and not be the last. */
  jobs(filters: JobFilters = {}, cursor: string | null = null, limit = 50): Promise<JobPage> {
    return this.#http.json('/jobs', { query: { ...filters, limit, cursor } }, this.#tokens);
  }

  async job(id: string): Promise<Job> {
    return (await this.#http.json<{ job: Job }>(`/jobs/${id}`, {}, this.#tokens)).job;
  }

  /** null for a job that does not wait. */
  async queue(id: string): Promise<Queue | null> {
    return (await this.#http.json<{ queue: Queue | null }>(`/jobs/${id}`, {}, this.#tokens)).queue;
  }

  async labelJob(id: string, labels: Labels): Promise<Job> {
    const call = { method: 'PATCH', body: labels } as const;
    return (await this.#http.json<{ job: Job }>(`/jobs/${id}`, call, this.#tokens)).job;
  }

  deleteJob(id: string): Promise<void> {
    return this.#http.json(`/jobs/${id}`, { method: 'DELETE' }, this.#tokens);
  }

  async cancelJob(id: string): Promise<Job> {
    const call = { method: 'POST' } as const;
    return (await this.#http.json<{ job: Job }>(`/jobs/${id}/cancel`, call, this.#tokens)).job;
  }

  /** Transcribe the recording again; `changes` replace its options. */
  async retryJob(id: string, changes: Partial<JobOptions> = {}): Promise<Job> {
    const call = { method: 'POST', body: changes } as const;
    return (await this.#http.json<{ job: Job }>(`/jobs/${id}/retry`, call, this.#tokens)).job;
  }

  async signParts(id: string, numbers: number[]): Promise<SignedPart[]> {
    const call = { method: 'POST', body: { numbers } } as const;
    return (await this.#http.json<{ parts: SignedPart[] }>(`/jobs/${id}/upload/parts`, call, this.#tokens))
      .parts;
  }

  async uploadedParts(id: string): Promise<UploadedPart[]> {
    return (await this.#http.json<{ parts: UploadedPart[] }>(`/jobs/${id}/upload/parts`, {}, this.#tokens))
      .parts;
  }

  async completeUpload(id: string, parts: { number: number; etag: string }[]): Promise<Job> {
    const call = { method: 'POST', body: { parts }, timeoutMs: 120_000 } as const;
    return (await this.#http.json<{ job: Job }>(`/jobs/${id}/upload/complete`, call, this.#tokens)).job;
  }

  transcript(id: string): Promise<Transcript> {
    return this.#http.json(`/jobs/${id}/transcript`, { query: { format: 'json' } }, this.#tokens);
  }

  transcriptFile(id: string, format: TranscriptFormat): Promise<Response> {
    return this.#http.response(`/jobs/${id}/transcript`, { query: { format } }, this.#tokens);
  }

  /** Make a new version. Rejects with ApiProblem `version_conflict` when `base` is not the newest any more. */
  edit(id: string, base: number, operations: EditOperation[]): Promise<void> {
    const body = { base_version: base, operations };
    return this.#http.json(`/jobs/${id}/edits`, { method: 'POST', body }, this.#tokens);
  }

  /** Make a new version that says what version `to` said. Rejects as `edit` does. */
  revert(id: string, base: number, to: number): Promise<void> {
    return this.#http.json(
      `/jobs/${id}/revert`,
      { method: 'POST', body: { base_version: base, to } },
      this.#tokens,
    );
  }

  async versions(id: string): Promise<TranscriptVersion[]> {
    const call = `/jobs/${id}/versions`;
    return (await this.#http.json<{ versions: TranscriptVersion[] }>(call, {}, this.#tokens)).versions;
  }

  search(q: string, cursor: string | null = null): Promise<SearchPage> {
    return this.#http.json('/search', { query: { q, cursor } }, this.#tokens);
  }

  recording(id: string): Promise<RecordingLink> {
    return this.#http.json(`/jobs/${id}/recording`, {}, this.#tokens);
  }
}
