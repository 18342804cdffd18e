/**
 * A small service of our own that answers like Sotto's API, in memory: for `npm run dev` without a stack, and for the
 * tests, which use it as `fetch`. Not part of the built app. Jobs move with the clock that is handed in: a recording of
 * 60 s is "transcribed" in 6 s, and what the words say is made from the file's name.
 */
import type {
  AcceptedJob,
  Catalogue,
  EditOperation,
  Job,
  JobOptions,
  Labels,
  NewFetch,
  NewJob,
  ProblemDetails,
  Queue,
  SearchHit,
  Tokens,
} from '../src/lib/api/types.ts';
import { FakeAccounts } from './fake_accounts.ts';
import { FakeTranscripts, renderFake } from './fake_transcript.ts';

export const PERSON = { email: 'ada@example.org', password: 'correct horse battery' };
const SIGNED_IN_ONLY = ['/auth/password', '/auth/sign-out-everywhere'];
const PUT_LIMIT = 100 * 1024 * 1024;
const PART = 16 * 1024 * 1024;
const SPEED = 10;

interface Stored {
  job: Job;
  parts: Map<number, { etag: string; size_bytes: number }>;
  bytes: Uint8Array<ArrayBuffer> | null;
  arrivedAt: number | null;
  transcripts: FakeTranscripts | null;
}

export type Handler = (match: RegExpExecArray, request: Request, url: URL) => Promise<Response> | Response;

export class FakeSotto {
  /** Times at which routes were called, for tests: "GET /jobs". */
  readonly calls: string[] = [];
  /** Answer the next matching call with this problem or silence instead: "POST /jobs" -> 503. */
  readonly troubles: { route: string; answer: Response | 'silence' }[] = [];
  mustChangePassword = false;
  accessTtlS = 900;
  pageSize = 50;
  /** Whether the service can tell speakers apart. */
  speakers = true;

  readonly #now: () => number;
  /** Where the storage is said to be; null for beside the API. */
  readonly #storageOrigin: string | null;
  #ownOrigin = '';
  readonly #jobs = new Map<string, Stored>();
  readonly #access = new Map<string, number>();
  readonly #refresh = new Set<string>();
  readonly #person = { ...PERSON };
  readonly accounts: FakeAccounts;
  #count = 0;
  #lastId = 0;

  readonly #ownRoutes: [string, RegExp, Handler][] = [
    ['POST', /^\/auth\/sign-in$/, (_, request) => this.#signIn(request)],
    ['POST', /^\/auth\/refresh$/, (_, request) => this.#renew(request)],
    ['POST', /^\/auth\/sign-out$/, (_, request) => this.#signOut(request)],
    ['POST', /^\/auth\/password$/, (_, request) => this.#changePassword(request)],
    ['GET', /^\/models$/, () => json({ ...CATALOGUE, speakers: this.speakers })],
    ['POST', /^\/jobs$/, (_, request) => this.#create(request)],
    ['GET', /^\/jobs$/, (_, __, url) => this.#list(url)],
    [
      'GET',
      /^\/jobs\/(\w+)$/,
      (match) => this.#with(match, ({ job }) => json({ job, queue: this.#queue(job), cost: null })),
    ],
    ['PATCH', /^\/jobs\/(\w+)$/, (match, request) => this.#label(match, request)],
    ['DELETE', /^\/jobs\/(\w+)$/, (match) => this.#with(match, ({ job }) => this.#delete(job.id))],
    ['POST', /^\/jobs\/(\w+)\/retry$/, (match, request) => this.#retry(match, request)],
    ['POST', /^\/jobs\/(\w+)\/upload\/parts$/, (match, request) => this.#sign(match, request)],
    ['GET', /^\/jobs\/(\w+)\/upload\/parts$/, (match) => this.#with(match, (stored) => this.#parts(stored))],
    ['POST', /^\/jobs\/(\w+)\/upload\/complete$/, (match) => this.#complete(match)],
    ['GET', /^\/jobs\/(\w+)\/transcript$/, (match, _, url) => this.#transcript(match, url)],
    ['POST', /^\/jobs\/(\w+)\/edits$/, (match, request) => this.#edit(match, request)],
    ['POST', /^\/jobs\/(\w+)\/revert$/, (match, request) => this.#revert(match, request)],
    [
      'GET',
      /^\/jobs\/(\w+)\/versions$/,
      (match) => this.#with(match, ({ job }) => json({ versions: this.transcripts(job.id).versions })),
    ],
    ['POST', /^\/jobs\/(\w+)\/cancel$/, (match) => this.#cancel(match)],
    ['GET', /^\/search$/, (_, __, url) => this.#search(url)],
    ['GET', /^\/jobs\/(\w+)\/recording$/, (match) => this.#with(match, ({ job }) => this.#recording(job))],
  ];

  constructor(now: () => number = Date.now, storageOrigin: string | null = 'http://storage.test') {
    this.#now = now;
    this.#storageOrigin = storageOrigin;
    this.accounts = new FakeAccounts(this.#person, now);
  }

  readonly fetch: typeof fetch = (input, init) => {
    const address = input instanceof Request ? input.url : input.toString();
    return this.answer(new Request(new URL(address, 'http://sotto.test'), init));
  };

  /** The answer to a call of the API (under /v1) or of the storage (under /fake-storage). */
  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    this.#ownOrigin = url.origin;
    if (url.pathname.startsWith('/fake-storage/')) return this.#storage(request, url);
    const path = url.pathname.replace(/^\/v1/, '');
    const route = `${request.method} ${path}`;
    this.calls.push(route);
    const trouble = this.troubles.findIndex((t) => t.route === route);
    if (trouble >= 0) {
      const [{ answer } = { answer: 'silence' as const }] = this.troubles.splice(trouble, 1);
      if (answer === 'silence') throw new TypeError('Failed to fetch');
      return answer;
    }
    const refused = path.startsWith('/auth/') && !SIGNED_IN_ONLY.includes(path) ? null : this.#check(request);
    if (refused) return refused;
    for (const [method, pattern, handler] of [...this.#ownRoutes, ...this.accounts.routes]) {
      const match = pattern.exec(path);
      if (match && method === request.method) return handler(match, request, url);
    }
    return problem(404, 'not_found', 'Not found', `${route}: expected a route, found none`);
  }

  /** Put a job into the service's memory. */
  seed(name: string, changes: Partial<Job> = {}, ageS = 0): Job {
    const job = this.#newJob({ name, size_bytes: 1_900_000, content_type: 'audio/mpeg' }, ageS);
    Object.assign(job, changes);
    this.#jobs.set(job.id, { job, parts: new Map(), bytes: null, arrivedAt: null, transcripts: null });
    return job;
  }

  /** The versions of a job's transcript; what somebody else does to it in a test. */
  transcripts(id: string): FakeTranscripts {
    const stored = this.#jobs.get(id);
    if (!stored) throw new Error(`expected a job ${id}, found none`);
    return (stored.transcripts ??= new FakeTranscripts(stored.job));
  }

  store(id: string, bytes: Uint8Array<ArrayBuffer>): void {
    const stored = this.#jobs.get(id);
    if (stored) stored.bytes = bytes;
  }

  /** The bytes of a job's recording have arrived: it is queued. */
  arrive(id: string): void {
    const stored = this.#jobs.get(id);
    if (!stored) return;
    stored.arrivedAt = this.#now();
    Object.assign(stored.job, { status: 'QUEUED', stage: 'waiting' } satisfies Partial<Job>);
    const at = new Date(this.#now()).toISOString();
    Object.assign(stored.job.timings, { uploaded_at: at, queued_at: at });
  }

  /** All access tokens stop working; refresh tokens too when `all`. */
  revoke({ all = false } = {}): void {
    this.#access.clear();
    if (all) this.#refresh.clear();
  }

  get #storageAt(): string {
    return this.#storageOrigin ?? this.#ownOrigin;
  }

  #check(request: Request): Response | null {
    const token = (request.headers.get('authorization') ?? '').replace('Bearer ', '');
    if ((this.#access.get(token) ?? 0) > this.#now()) return null;
    return problem(
      401,
      'unauthenticated',
      'Not signed in',
      'expected a valid token, found another',
      'Sign in again.',
    );
  }

  #tokens(): Tokens {
    this.#count += 1;
    const access_token = `access-${String(this.#count)}`;
    const refresh_token = `refresh-${String(this.#count)}`;
    this.#access.set(access_token, this.#now() + this.accessTtlS * 1000);
    this.#refresh.add(refresh_token);
    return {
      access_token,
      token_type: 'Bearer',
      expires_in: this.accessTtlS,
      refresh_token,
      must_change_password: this.mustChangePassword,
    };
  }

  async #signIn(request: Request): Promise<Response> {
    const { email, password } = (await request.json()) as { email: string; password: string };
    if (email === this.#person.email && password === this.#person.password) return json(this.#tokens());
    return problem(401, 'unauthenticated', 'Not signed in', 'expected a known e-mail and its password');
  }

  async #renew(request: Request): Promise<Response> {
    const { refresh_token } = (await request.json()) as { refresh_token: string };
    if (this.#refresh.delete(refresh_token)) return json(this.#tokens());
    this.#refresh.clear(); // an old token was used again: the whole family ends
    return problem(
      401,
      'unauthenticated',
      'Not signed in',
      'expected a live refresh token, found an old one',
    );
  }

  async #signOut(request: Request): Promise<Response> {
    const { refresh_token } = (await request.json()) as { refresh_token: string };
    this.#refresh.delete(refresh_token);
    return new Response(null, { status: 204 });
  }

  async #changePassword(request: Request): Promise<Response> {
    const body = (await request.json()) as { old_password: string; new_password: string };
    if (body.old_password !== this.#person.password) {
      const detail = 'old_password: expected your present password, found another one';
      return problem(400, 'invalid_input', 'Invalid input', detail, 'Correct the request and send it again.');
    }
    if (body.new_password.length < 12) {
      const detail = `new_password: expected at least 12 characters, found ${String(body.new_password.length)}`;
      return problem(400, 'invalid_input', 'Invalid input', detail, 'Choose a longer password.');
    }
    this.#person.password = body.new_password;
    this.mustChangePassword = false;
    this.#refresh.clear();
    return new Response(null, { status: 204 });
  }

  #newJob(request: NewJob, ageS = 0): Job {
    this.#lastId += 1;
    const at = this.#now() - ageS * 1000;
    const id = `${at.toString(36).toUpperCase().padStart(10, '0')}${String(this.#lastId).padStart(6, '0')}`;
    return {
      id,
      status: 'AWAITING_UPLOAD',
      stage: 'uploading',
      name: request.name,
      title: null,
      tags: [],
      content_type: request.content_type,
      size_bytes: request.size_bytes,
      options: {
        model: request.model ?? 'base',
        language: request.language ?? null,
        task: request.task ?? 'transcribe',
        word_times: true,
        speakers: request.speakers ?? false,
      },
      progress: { seconds_done: 0, seconds_total: 0, parts_done: 0, parts_total: 0 },
      duration_s: null,
      language: null,
      language_probability: null,
      attempt: 1,
      failure: null,
      warnings: [],
      timings: {
        created_at: new Date(at).toISOString(),
        retried_at: null,
        uploaded_at: null,
        queued_at: null,
        started_at: null,
        completed_at: null,
      },
      request_id: `req-${id}`,
      links: { self: `/v1/jobs/${id}`, transcript: `/v1/jobs/${id}/transcript` },
    };
  }

  async #create(request: Request): Promise<Response> {
    const asked = (await request.json()) as NewJob | NewFetch;
    if ('source_url' in asked) return this.#fetched(asked);
    const body = asked;
    if (body.content_type.startsWith('text/')) {
      const detail = `content_type: expected audio/*, video/* or application/octet-stream, found '${body.content_type}'`;
      return problem(400, 'invalid_input', 'Invalid input', detail, 'Upload a sound or video recording.');
    }
    const job = this.#newJob(body);
    this.#jobs.set(job.id, { job, parts: new Map(), bytes: null, arrivedAt: null, transcripts: null });
    const expires_at = new Date(this.#now() + 3_600_000).toISOString();
    const upload: AcceptedJob['upload'] =
      body.size_bytes <= PUT_LIMIT
        ? {
            kind: 'put',
            method: 'PUT',
            url: `${this.#storageAt}/fake-storage/${job.id}`,
            headers: { 'Content-Type': body.content_type, 'Content-Length': String(body.size_bytes) },
            expires_at,
          }
        : {
            kind: 'multipart',
            part_size_bytes: PART,
            part_count: Math.ceil(body.size_bytes / PART),
            expires_at,
          };
    return json({ job, upload } satisfies AcceptedJob, 201);
  }

  /** Links without a path are refused; what is fetched is there at once, and noticed a second later. */
  #fetched({ source_url, ...choices }: NewFetch): Response {
    const name = /^https?:\/\/.+\/([^/]+)$/.exec(source_url)?.[1];
    if (name === undefined) {
      const detail = `source_url: expected an address of the public web, found '${source_url}'`;
      return problem(400, 'invalid_input', 'Invalid input', detail);
    }
    const job = this.#newJob({ name, size_bytes: 0, content_type: 'application/octet-stream', ...choices });
    job.stage = 'fetching';
    const stored = { job, parts: new Map(), bytes: null, arrivedAt: this.#now(), transcripts: null };
    this.#jobs.set(job.id, stored);
    return json({ job, upload: null }, 201);
  }

  #list(url: URL): Response {
    for (const stored of this.#jobs.values()) this.#advance(stored);
    const all = [...this.#jobs.values()].map(({ job }) => job).sort((a, b) => (a.id < b.id ? 1 : -1));
    const cursor = url.searchParams.get('cursor');
    const older = all.filter((job) => (cursor === null || job.id < cursor) && letsThrough(url, job));
    const jobs = older.slice(0, this.pageSize);
    return json({ jobs, next_cursor: older.length > jobs.length ? (jobs.at(-1)?.id ?? null) : null });
  }

  #with(match: RegExpExecArray, handle: (stored: Stored) => Response): Response {
    const stored = this.#jobs.get(match[1] ?? '');
    if (!stored) {
      return problem(
        404,
        'not_found',
        'Not found',
        `job ${match[1] ?? ''}: expected one of yours, found none`,
      );
    }
    this.#advance(stored);
    return handle(stored);
  }

  async #label(match: RegExpExecArray, request: Request): Promise<Response> {
    const labels = (await request.json()) as Labels;
    return this.#with(match, ({ job }) => {
      return json({ job: Object.assign(job, labels) });
    });
  }

  #queue(job: Job): Queue | null {
    if (job.status !== 'QUEUED' && job.status !== 'PROCESSING') return null;
    const before = [...this.#jobs.values()].filter(
      ({ job: { id, status } }) => status === 'QUEUED' && id < job.id,
    );
    return { position: before.length, expected_s: 20 * (before.length + 1) };
  }

  #delete(id: string): Response {
    this.#jobs.delete(id);
    return new Response(null, { status: 204 });
  }

  #cancel(match: RegExpExecArray): Response {
    return this.#with(match, (stored) => {
      Object.assign(stored.job, { status: 'CANCELLED', stage: 'done' } satisfies Partial<Job>);
      stored.arrivedAt = null;
      return json({ job: stored.job });
    });
  }

  async #retry(match: RegExpExecArray, request: Request): Promise<Response> {
    const changes = (await request.json()) as Partial<JobOptions>;
    return this.#with(match, (stored) => {
      Object.assign(stored.job.options, changes);
      stored.transcripts = null;
      Object.assign(stored.job, { status: 'AWAITING_UPLOAD', stage: 'uploading', failure: null });
      stored.job.timings.retried_at = new Date(this.#now()).toISOString();
      stored.arrivedAt = this.#now();
      return json({ job: stored.job }, 202);
    });
  }

  async #sign(match: RegExpExecArray, request: Request): Promise<Response> {
    const { numbers } = (await request.json()) as { numbers: number[] };
    return this.#with(match, ({ job }) => {
      const url = (n: number) => `${this.#storageAt}/fake-storage/${job.id}?part=${String(n)}`;
      return json({ parts: numbers.map((number) => ({ number, url: url(number) })) });
    });
  }

  #parts({ parts }: Stored): Response {
    return json({ parts: [...parts].map(([number, part]) => ({ number, ...part })) });
  }

  #complete(match: RegExpExecArray): Response {
    return this.#with(match, ({ job }) => {
      this.arrive(job.id);
      return json({ job });
    });
  }

  #transcript(match: RegExpExecArray, url: URL): Response {
    return this.#with(match, ({ job }) => {
      if (job.status !== 'COMPLETED') {
        const detail = `job ${job.id}: expected COMPLETED, found ${job.status}`;
        return problem(409, 'wrong_state', 'Not possible in this state', detail);
      }
      const format = url.searchParams.get('format') ?? 'txt';
      const stem = job.name.replace(/\.[^.]+$/, '');
      const disposition = `attachment; filename="transcript.${format}"; filename*=UTF-8''${encodeURIComponent(stem)}.${format}`;
      return new Response(renderFake(this.transcripts(job.id).newest, format), {
        headers: {
          'Content-Type': format === 'json' ? 'application/json' : 'text/plain; charset=utf-8',
          'Content-Disposition': disposition,
        },
      });
    });
  }

  /** Segments that hold `q` as it is written. */
  #search(url: URL): Response {
    const q = url.searchParams.get('q') ?? '';
    const newestFirst = [...this.#jobs.values()].reverse().filter(({ job }) => job.status === 'COMPLETED');
    const all = newestFirst.flatMap(({ job }) =>
      this.transcripts(job.id).newest.segments.flatMap((segment, index): SearchHit[] => {
        const at = segment.text.indexOf(q);
        if (at < 0) return [];
        const { id: job_id, name, language } = job;
        const highlights: [number, number][] = [[at, at + q.length]];
        const said = { segment: index, at: segment.start, snippet: segment.text, highlights };
        return [{ job_id, name, created_at: job.timings.created_at, language, ...said }];
      }),
    );
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const hits = all.slice(from, from + this.pageSize);
    return json({ hits, next_cursor: from + hits.length < all.length ? String(from + hits.length) : null });
  }

  async #edit(match: RegExpExecArray, request: Request): Promise<Response> {
    const body = (await request.json()) as { base_version: number; operations: EditOperation[] };
    return this.#change(match, body.base_version, (transcripts) => {
      transcripts.edit(body.operations);
    });
  }

  async #revert(match: RegExpExecArray, request: Request): Promise<Response> {
    const body = (await request.json()) as { base_version: number; to: number };
    return this.#change(match, body.base_version, (transcripts) => {
      transcripts.revert(body.to);
    });
  }

  #change(match: RegExpExecArray, base: number, act: (transcripts: FakeTranscripts) => void): Response {
    return this.#with(match, ({ job }) => {
      const transcripts = this.transcripts(job.id);
      const newest = transcripts.newest.version;
      if (base !== newest) {
        const detail = `base_version: expected ${String(newest)}, found ${String(base)}`;
        return problem(409, 'version_conflict', 'Changed meanwhile', detail);
      }
      act(transcripts);
      return json({ version: transcripts.versions[0] }, 201);
    });
  }

  #recording(job: Job): Response {
    const expires_at = new Date(this.#now() + 3_600_000).toISOString();
    return json({ url: `${this.#storageAt}/fake-storage/${job.id}`, expires_at });
  }

  async #storage(request: Request, url: URL): Promise<Response> {
    const id = url.pathname.split('/').at(-1) ?? '';
    const stored = this.#jobs.get(id);
    if (!stored) return new Response('<Error><Code>NoSuchKey</Code></Error>', { status: 404 });
    if (request.method === 'PUT') {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const part = url.searchParams.get('part');
      if (part !== null) stored.parts.set(Number(part), { etag: `"part-${part}"`, size_bytes: bytes.length });
      else {
        stored.bytes = bytes;
        this.arrive(id);
      }
      return new Response(null, { headers: { ETag: `"${part === null ? id : `part-${part}`}"` } });
    }
    return range(stored.bytes ?? new Uint8Array(), request.headers.get('range'), stored.job.content_type);
  }

  /** Move a job as far as the clock allows. */
  #advance({ job, arrivedAt }: Stored): void {
    if (arrivedAt === null || !['AWAITING_UPLOAD', 'QUEUED', 'PROCESSING'].includes(job.status)) return;
    const waited = (this.#now() - arrivedAt) / 1000 - 1;
    if (waited < 0) return;
    if (job.name.endsWith('.broken.mp3')) {
      job.status = 'FAILED';
      job.stage = 'done';
      job.failure = {
        code: 'not_a_recording',
        message: 'expected a sound or video recording, found text',
        hint: 'Play the file on your machine; export it again as WAV, MP3, M4A, FLAC, OGG or WebM and upload that.',
      };
      return;
    }
    const total = 62.5;
    const done = Math.min(total, waited * SPEED);
    job.duration_s = total;
    job.progress = {
      seconds_done: done,
      seconds_total: total,
      parts_done: done < total ? 0 : 1,
      parts_total: 1,
    };
    job.status = done < total ? 'PROCESSING' : 'COMPLETED';
    job.stage = done < total ? 'transcribing' : 'done';
    if (job.status === 'COMPLETED') {
      job.language = job.options.language ?? 'en';
      job.language_probability = job.options.language === null ? 0.97 : null;
      job.timings.completed_at = new Date(this.#now()).toISOString();
    }
  }
}

/** Whether the query of GET /jobs lets the job through; days are left to the service. */
function letsThrough({ searchParams }: URL, job: Job): boolean {
  const is = (key: string, found: string | null) => [null, found].includes(searchParams.get(key));
  const statuses = searchParams.get('status')?.split(',');
  const text = searchParams.get('text')?.toLowerCase() ?? '';
  const tag = searchParams.get('tag');
  return (
    (statuses?.includes(job.status) ?? true) &&
    is('model', job.options.model) &&
    is('language', job.language ?? job.options.language) &&
    (tag === null || job.tags.includes(tag)) &&
    `${job.title ?? ''}\n${job.name}`.toLowerCase().includes(text)
  );
}

function range(bytes: Uint8Array<ArrayBuffer>, wanted: string | null, type: string): Response {
  const match = /^bytes=(\d+)-(\d*)$/.exec(wanted ?? '');
  const headers = { 'Content-Type': type, 'Accept-Ranges': 'bytes' };
  if (!match) return new Response(bytes, { headers });
  const from = Number(match[1]);
  const to = match[2] ? Math.min(Number(match[2]), bytes.length - 1) : bytes.length - 1;
  return new Response(bytes.slice(from, to + 1), {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${String(from)}-${String(to)}/${String(bytes.length)}` },
  });
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
}

export function problem(status: number, code: string, title: string, detail: string, hint = ''): Response {
  const body: ProblemDetails = {
    type: `urn:sotto:error:${code}`,
    title,
    status,
    detail,
    code,
    hint,
    request_id: 'req-0001',
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  });
}

export const CATALOGUE: Catalogue = {
  speakers: true,
  models: [
    {
      name: 'tiny.en',
      multilingual: false,
      translates: false,
      size_mb: 75,
      note: 'English only; fastest',
      default: false,
    },
    {
      name: 'base',
      multilingual: true,
      translates: true,
      size_mb: 145,
      note: 'fast; good for clear speech',
      default: true,
    },
    {
      name: 'large-v3-turbo',
      multilingual: true,
      translates: false,
      size_mb: 1620,
      note: 'near large-v3, much faster; wants a GPU',
      default: false,
    },
  ],
  languages: { en: 'English', de: 'German', fr: 'French', ja: 'Japanese', jw: 'Javanese' },
};
