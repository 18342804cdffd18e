/** The in-memory service's accounts: the first administrator, mails with tokens, API keys. */
import type { Account, ApiKey, NewApiKey, Setup, User } from '../src/lib/api/types.ts';
import { json, problem, type Handler } from './fake_sotto.ts';

/** The one account that can sign in. */
export interface Person {
  email: string;
  password: string;
}

export const ONE_TIME_PASSWORD = 'drawn by the stack';

export class FakeAccounts {
  setup: Setup = { bootstrapped: true, sign_up: 'invitation' };
  role: User['role'] = 'user';
  job_mails = false;
  readonly quotas: User['quotas'] = { minutes_a_month: null, concurrent_jobs: null, stored_bytes: null };
  /** The links' tokens in the order in which they were mailed. */
  readonly mails: { to: string; token: string }[] = [];

  readonly #person: Person;
  readonly #now: () => number;
  /** Accounts of others; nobody can sign in with them. */
  readonly others: User[] = [];
  #keys: ApiKey[] = [];

  readonly routes: [string, RegExp, Handler][] = [
    ['GET', /^\/auth\/setup$/, () => json(this.setup)],
    ['POST', /^\/auth\/bootstrap$/, (_, request) => this.#bootstrap(request)],
    ['POST', /^\/auth\/sign-up-request$/, (_, request) => this.#mail(request)],
    ['POST', /^\/auth\/sign-up$/, (_, request) => this.#signUp(request)],
    ['POST', /^\/auth\/reset-request$/, (_, request) => this.#mail(request)],
    ['POST', /^\/auth\/reset$/, (_, request) => this.#reset(request)],
    ['POST', /^\/auth\/sign-out-everywhere$/, () => done()],
    ['GET', /^\/account$/, () => json(this.#account())],
    ['PATCH', /^\/account$/, (_, request) => this.#wish(request)],
    ['GET', /^\/users$/, (_, __, url) => this.#users(url)],
    ['GET', /^\/users\/\w+\/usage$/, () => json({ month: '2026-11', audio_s: 754 })],
    ['PATCH', /^\/users\/(\w+)$/, (match, request) => this.#change(match[1] ?? '', request)],
    ['POST', /^\/invitations$/, (_, request) => this.#mail(request)],
    ['GET', /^\/audit$/, (_, __, url) => this.#audit(url)],
    ['GET', /^\/keys$/, () => json({ keys: this.#keys })],
    ['POST', /^\/keys$/, (_, request) => this.#createKey(request)],
    ['DELETE', /^\/keys\/(\w+)$/, (match) => this.#revokeKey(match[1] ?? '')],
  ];

  constructor(person: Person, now: () => number) {
    this.#person = person;
    this.#now = now;
  }

  /** Mail a token to `to`. */
  mail(to: string): string {
    const token = `token-${String(this.mails.length + 1)}`;
    this.mails.push({ to, token });
    return token;
  }

  #user(): User {
    const created_at = new Date(this.#now()).toISOString();
    const { email } = this.#person;
    const { role, quotas, job_mails } = this;
    const usual = { must_change_password: false, disabled: false };
    return { id: 'U1', email, role, created_at, ...usual, job_mails, quotas };
  }

  #account(): Account {
    return {
      user: this.#user(),
      use: { month: '2026-11', minutes: 90.5, unfinished_jobs: 0, stored_bytes: 2_400_000 },
      limits: { minutes_a_month: 600, concurrent_jobs: 0, stored_bytes: 0, engine_s_a_month: 0 },
    };
  }

  async #wish(request: Request): Promise<Response> {
    this.job_mails = ((await request.json()) as { job_mails: boolean }).job_mails;
    return json({ user: this.#user() });
  }

  async #bootstrap(request: Request): Promise<Response> {
    const body = (await request.json()) as { one_time_password: string; email: string; password: string };
    if (body.one_time_password !== ONE_TIME_PASSWORD) {
      const detail = 'one_time_password: expected the one in the bootstrap secret, found another';
      return problem(401, 'unauthenticated', 'Not signed in', detail);
    }
    Object.assign(this.#person, { email: body.email, password: body.password });
    this.setup.bootstrapped = true;
    this.role = 'admin';
    return json({ user: this.#user() }, 201);
  }

  async #mail(request: Request): Promise<Response> {
    this.mail(((await request.json()) as { email: string }).email);
    return done();
  }

  async #signUp(request: Request): Promise<Response> {
    const body = (await request.json()) as { invitation: string; password: string };
    const mailed = this.#spend(body.invitation);
    if (!mailed) return unusable('invitation');
    Object.assign(this.#person, { email: mailed.to, password: body.password });
    return json({ user: this.#user() }, 201);
  }

  async #reset(request: Request): Promise<Response> {
    const body = (await request.json()) as { token: string; new_password: string };
    if (!this.#spend(body.token)) return unusable('token');
    this.#person.password = body.new_password;
    return done();
  }

  #spend(token: string): { to: string } | undefined {
    const index = this.mails.findIndex((mail) => mail.token === token);
    return index < 0 ? undefined : this.mails.splice(index, 1)[0];
  }

  /** One a page, so that there are several. */
  #users(url: URL): Response {
    const all = [this.#user(), ...this.others];
    const from = Number(url.searchParams.get('cursor') ?? 0);
    return json({
      users: all.slice(from, from + 1),
      next_cursor: from + 1 < all.length ? String(from + 1) : null,
    });
  }

  /** Each day has a sign-in; the 22nd has two pages. */
  #audit(url: URL): Response {
    const day = url.searchParams.get('day') ?? '';
    const cursor = url.searchParams.get('cursor');
    const facts = { who: 'U1', credential: 'password', object: 'U1', address: '192.0.2.7', detail: '' };
    const refused = {
      id: `${day}-2`,
      at: `${day}T09:00:00Z`,
      action: 'sign_in',
      outcome: 'refused',
      ...facts,
    };
    const allowed = { ...refused, id: `${day}-1`, at: `${day}T08:00:00Z`, outcome: 'done' };
    if (!day.endsWith('-22')) return json({ entries: [allowed], next_cursor: null });
    return json(
      cursor === null ? { entries: [refused], next_cursor: '1' } : { entries: [allowed], next_cursor: null },
    );
  }

  async #change(id: string, request: Request): Promise<Response> {
    const user = this.others.find((one) => one.id === id);
    if (!user) return problem(404, 'not_found', 'Not found', `user ${id}: expected an account, found none`);
    Object.assign(user, await request.json());
    return json({ user });
  }

  async #createKey(request: Request): Promise<Response> {
    const { name, scopes, expires_in_days: days } = (await request.json()) as NewApiKey;
    const id = `000000000${String(this.#keys.length + 1)}`;
    const key: ApiKey = {
      id,
      prefix: `sk_${id}`,
      name,
      scopes,
      created_at: new Date(this.#now()).toISOString(),
      expires_at: days === null ? null : new Date(this.#now() + days * 86_400_000).toISOString(),
      last_used_at: null,
    };
    this.#keys = [...this.#keys, key];
    return json({ key, secret: `sk_U1_${id}_secret` }, 201);
  }

  #revokeKey(id: string): Response {
    this.#keys = this.#keys.filter((key) => key.id !== id);
    return done();
  }
}

function done(): Response {
  return new Response(null, { status: 204 });
}

function unusable(key: string): Response {
  const detail = `${key}: expected a token from a mail that is neither used nor expired, found another one`;
  return problem(400, 'invalid_input', 'Invalid input', detail, 'Ask for a new mail.');
}
