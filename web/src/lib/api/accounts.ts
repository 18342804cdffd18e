/** Routes of accounts as typed functions: one's own and its keys, and everybody's for those who look after the service. */
import type { Http, TokenSource } from './http.ts';
import type {
  Account,
  ApiKey,
  AuditPage,
  MonthUse,
  NewApiKey,
  Role,
  User,
  UserChange,
  UserPage,
} from './types.ts';

export class AccountsApi {
  readonly #http: Http;
  readonly #tokens: TokenSource;

  constructor(http: Http, tokens: TokenSource) {
    this.#http = http;
    this.#tokens = tokens;
  }

  own(): Promise<Account> {
    return this.#http.json('/account', {}, this.#tokens);
  }

  /** Mail me when a job of mine is completed or has failed, or do not. */
  async setJobMails(wanted: boolean): Promise<User> {
    const call = { method: 'PATCH', body: { job_mails: wanted } } as const;
    return (await this.#http.json<{ user: User }>('/account', call, this.#tokens)).user;
  }

  signOutEverywhere(): Promise<void> {
    return this.#http.json('/auth/sign-out-everywhere', { method: 'POST' }, this.#tokens);
  }

  async keys(): Promise<ApiKey[]> {
    return (await this.#http.json<{ keys: ApiKey[] }>('/keys', {}, this.#tokens)).keys;
  }

  /** `secret` is the key's text, in this answer and nowhere else. */
  createKey(wanted: NewApiKey): Promise<{ key: ApiKey; secret: string }> {
    return this.#http.json('/keys', { method: 'POST', body: wanted }, this.#tokens);
  }

  revokeKey(id: string): Promise<void> {
    return this.#http.json(`/keys/${id}`, { method: 'DELETE' }, this.#tokens);
  }

  users(cursor: string | null = null): Promise<UserPage> {
    return this.#http.json('/users', { query: { cursor } }, this.#tokens);
  }

  async change(id: string, change: UserChange): Promise<User> {
    const call = { method: 'PATCH', body: change } as const;
    return (await this.#http.json<{ user: User }>(`/users/${id}`, call, this.#tokens)).user;
  }

  /** What a user's recordings came to in this month (UTC). */
  use(id: string): Promise<MonthUse> {
    return this.#http.json(`/users/${id}/usage`, {}, this.#tokens);
  }

  /** `day` is a UTC day: 2026-11-22. */
  audit(day: string, cursor: string | null = null): Promise<AuditPage> {
    return this.#http.json('/audit', { query: { day, cursor } }, this.#tokens);
  }

  invite(email: string, role: Role): Promise<void> {
    return this.#http.json('/invitations', { method: 'POST', body: { email, role } }, this.#tokens);
  }
}
