/**
 * The uploads of this window: a short queue, a few at a time, each a job of its own. A failed one stays in the list and
 * can be tried again; it goes on where it stopped if the service still waits for it.
 *
 * A job is made just before its bytes go out, so that a long queue does not let upload addresses grow old.
 */
import { ApiProblem } from '../api/problem.ts';
import type { SottoApi } from '../api/sotto.ts';
import type { AcceptedJob, Job, NewJob } from '../api/types.ts';
import { contentTypeOf } from './content_type.ts';
import type { Attempt } from './transfer.ts';
import type { UnfinishedUploads } from './unfinished.ts';

const AT_ONCE = 3;
/** A PUT must begin before its address dies; this much is kept in hand. */
const EXPIRY_MARGIN_MS = 60_000;

export type UploadState = 'waiting' | 'preparing' | 'uploading' | 'finishing' | 'failed';
export type UploadChoices = Pick<
  NewJob,
  'model' | 'language' | 'task' | 'hotwords' | 'speakers' | 'max_speakers'
>;

export class UploadItem {
  readonly key = crypto.randomUUID();
  readonly file: File;
  readonly choices: UploadChoices;
  state = $state<UploadState>('waiting');
  bytesDone = $state(0);
  accepted = $state.raw<AcceptedJob | null>(null);
  problem = $state.raw<unknown>(null);
  readonly abort = new AbortController();

  constructor(file: File, choices: UploadChoices) {
    this.file = file;
    this.choices = choices;
  }

  /** Whether the same file may go through the next time: not if the service refused what it is. */
  get mayRetry(): boolean {
    if (this.state !== 'failed') return false;
    if (!(this.problem instanceof ApiProblem)) return true;
    const { code, status, temporary } = this.problem;
    return temporary || code === 'storage_refused' || status === 401 || status === 404 || status === 409;
  }

  get jobId(): string | null {
    return this.accepted?.job.id ?? null;
  }
}

export interface Sender {
  send(attempt: Attempt): Promise<void>;
}

type UploadsApi = Pick<SottoApi, 'createJob' | 'job' | 'deleteJob'>;

export class Uploads {
  items = $state<UploadItem[]>([]);

  readonly #api: UploadsApi;
  readonly #sender: Sender;
  readonly #unfinished: UnfinishedUploads;
  readonly #now: () => number;
  /** Called when an upload has changed what the service knows, so that the list is read again. */
  onChange: () => void = () => undefined;

  constructor(api: UploadsApi, sender: Sender, unfinished: UnfinishedUploads, now: () => number = Date.now) {
    this.#api = api;
    this.#sender = sender;
    this.#unfinished = unfinished;
    this.#now = now;
  }

  /** Whether closing the window would lose a transfer. */
  get busy(): boolean {
    return this.items.some((item) => item.state !== 'failed' && item.state !== 'finishing');
  }

  /** The jobs whose bytes are there, as long as the service has not noticed. */
  get arriving(): string[] {
    return this.items.flatMap((item) => (item.state === 'finishing' && item.jobId ? [item.jobId] : []));
  }

  add(files: Iterable<File>, choices: UploadChoices): void {
    for (const file of files) {
      const item = new UploadItem(file, choices);
      if (file.size === 0) this.#fail(item, new ApiProblem({ code: 'empty_file', status: 400, detail: '' }));
      this.items.unshift(item);
    }
    this.#next();
  }

  retry(item: UploadItem): void {
    if (!item.mayRetry) return;
    item.problem = null;
    item.state = 'waiting';
    this.#next();
  }

  /** The connection is back: go on with what only the network had stopped. */
  retryInterrupted(): void {
    for (const item of this.items) {
      if (item.problem instanceof ApiProblem && item.problem.status === 0) this.retry(item);
    }
  }

  /** Stop an upload, or take a failed one off the list; its job goes with it. */
  async cancel(item: UploadItem): Promise<void> {
    item.abort.abort();
    this.#remove(item);
    this.#next();
    if (item.jobId !== null) await this.#discard(item.jobId);
    this.onChange();
  }

  /** Stop everything, without a word to the service: the person has signed out. */
  clear(): void {
    for (const item of this.items) item.abort.abort();
    this.items = [];
  }

  /** The list shows these jobs by itself now. */
  settle(jobs: readonly Job[]): void {
    const moved = new Set(jobs.filter((job) => job.status !== 'AWAITING_UPLOAD').map((job) => job.id));
    const isMoved = (item: UploadItem) => item.state === 'finishing' && moved.has(item.jobId ?? '');
    if (this.items.some(isMoved)) this.items = this.items.filter((item) => !isMoved(item));
  }

  #next(): void {
    let running = this.items.filter((i) => i.state === 'preparing' || i.state === 'uploading').length;
    for (const item of [...this.items].reverse()) {
      if (running >= AT_ONCE) return;
      if (item.state !== 'waiting') continue;
      running += 1;
      item.state = 'preparing';
      void this.#run(item);
    }
  }

  async #run(item: UploadItem): Promise<void> {
    try {
      const { accepted, resume } = await this.#prepare(item);
      if (accepted) {
        item.abort.signal.throwIfAborted();
        item.state = 'uploading';
        await this.#sender.send({
          file: item.file,
          accepted,
          resume,
          signal: item.abort.signal,
          onProgress: (bytes) => {
            item.bytesDone = bytes;
          },
        });
        this.#unfinished.forget(accepted.job.id);
      }
      item.bytesDone = item.file.size;
      item.state = 'finishing';
    } catch (error) {
      if (!item.abort.signal.aborted) this.#fail(item, error);
    }
    this.#next();
    this.onChange();
  }

  /** The job to upload for. `accepted` is null when an earlier attempt had succeeded after all. */
  async #prepare(item: UploadItem): Promise<{ accepted: AcceptedJob | null; resume: boolean }> {
    const before = item.accepted ?? (await this.#startedEarlier(item.file));
    if (before) {
      const job = await this.#present(before.job.id);
      if (job?.status === 'AWAITING_UPLOAD' && !this.#tooLate(before)) {
        item.accepted = { job, upload: before.upload };
        return { accepted: item.accepted, resume: true };
      }
      this.#unfinished.forget(before.job.id);
      const arrived = job && ['QUEUED', 'PROCESSING', 'COMPLETED'].includes(job.status);
      if (job && arrived && item.accepted) return { accepted: null, resume: false };
      if (job?.status === 'AWAITING_UPLOAD') await this.#discard(job.id);
    }
    item.bytesDone = 0;
    item.accepted = await this.#api.createJob({
      name: item.file.name,
      size_bytes: item.file.size,
      content_type: contentTypeOf(item.file),
      ...item.choices,
    });
    const { job, upload } = item.accepted;
    if (item.abort.signal.aborted) {
      await this.#discard(job.id); // cancelled while the job was being made
    } else if (upload.kind === 'multipart') {
      const { size, lastModified } = item.file;
      this.#unfinished.remember({ jobId: job.id, size, lastModified, partSizeBytes: upload.part_size_bytes });
    }
    return { accepted: item.accepted, resume: false };
  }

  /** A large upload of this file that an earlier window began, unless this window is at it. */
  async #startedEarlier(file: File): Promise<AcceptedJob | null> {
    const found = this.#unfinished.of(file);
    if (!found || this.items.some((item) => item.jobId === found.jobId)) return null;
    const job = await this.#present(found.jobId);
    if (job?.status !== 'AWAITING_UPLOAD' || job.size_bytes !== file.size) {
      this.#unfinished.forget(found.jobId);
      return null;
    }
    const part_count = Math.ceil(file.size / found.partSizeBytes);
    return {
      job,
      upload: { kind: 'multipart', part_size_bytes: found.partSizeBytes, part_count, expires_at: '' },
    };
  }

  async #present(jobId: string): Promise<Job | null> {
    try {
      return await this.#api.job(jobId);
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 404) return null;
      throw error;
    }
  }

  #tooLate({ upload }: AcceptedJob): boolean {
    // Parts are signed one by one when they are needed, so only a PUT grows old.
    return upload.kind === 'put' && Date.parse(upload.expires_at) - EXPIRY_MARGIN_MS < this.#now();
  }

  async #discard(jobId: string): Promise<void> {
    this.#unfinished.forget(jobId);
    // If this fails, the service lets the job expire by itself.
    await this.#api.deleteJob(jobId).catch(() => undefined);
  }

  #fail(item: UploadItem, error: unknown): void {
    item.problem = error;
    item.state = 'failed';
  }

  #remove(item: UploadItem): void {
    this.items = this.items.filter((other) => other.key !== item.key);
  }
}
