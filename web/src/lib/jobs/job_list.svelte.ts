/**
 * The person's jobs, newest first, those that the filters let through, kept current while something moves and the window is seen.
 *
 * Only the newest page is read again; older pages stay as they were loaded, but for jobs that were still moving in
 * them, which are read one by one.
 */
import { ApiProblem } from '../api/problem.ts';
import type { SottoApi } from '../api/sotto.ts';
import type { Job, JobFilters, JobOptions, JobPage, Labels, NewFetch } from '../api/types.ts';
import { listHref } from './filters.ts';
import { nextReadingMs } from './polling.ts';

type JobsApi = Pick<
  SottoApi,
  'fetchJob' | 'jobs' | 'job' | 'labelJob' | 'cancelJob' | 'deleteJob' | 'retryJob'
>;

export class JobList {
  jobs = $state.raw<Job[]>([]);
  filters = $state.raw<JobFilters>({});
  nextCursor = $state<string | null>(null);
  /** False until the first reading with these filters succeeded. */
  loaded = $state(false);
  loadingMore = $state(false);
  /** Why the last reading failed; null when it did not. */
  problem = $state.raw<unknown>(null);

  /** Called after each reading with all jobs that were read; `finished` are those that ended since the one before. */
  onReading: (jobs: readonly Job[], finished: readonly Job[]) => void = () => undefined;
  /** Ids of jobs that somebody waits for news of, whether the list shows them or not. */
  awaited: () => readonly string[] = () => [];

  readonly #api: JobsApi;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: Promise<void> | null = null;
  #again = false;
  #running = false;
  #unchanged = 0;
  #failures = 0;
  /** Never shown again, whatever an answer says that was asked for before the deletion. */
  #deleted = new Set<string>();
  /** Counts sessions and filters: an answer to a question of an earlier one is another list. */
  #session = 0;

  constructor(api: JobsApi) {
    this.#api = api;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    document.addEventListener('visibilitychange', this.#seen);
    window.addEventListener('online', this.#seen);
    void this.refresh();
  }

  /** Stop and forget everything: the person has signed out. */
  stop(): void {
    this.#running = false;
    this.#session += 1;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#seen);
    window.removeEventListener('online', this.#seen);
    this.jobs = [];
    this.filters = {};
    this.nextCursor = null;
    this.loaded = false;
    this.problem = null;
    this.#unchanged = this.#failures = 0;
    this.#deleted.clear();
  }

  /** Show the jobs that `filters` let through. Those from before stay until they are known. */
  filter(filters: JobFilters): void {
    if (listHref(filters) === listHref(this.filters)) return;
    this.#session += 1;
    this.filters = filters;
    this.loaded = false;
    void this.refresh();
  }

  /** Read the newest page now. A call during a reading leads to one more after it. Never rejects. */
  async refresh(): Promise<void> {
    if (!this.#running) return;
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    clearTimeout(this.#timer);
    this.#reading = this.#read();
    await this.#reading;
    this.#reading = null;
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    } else {
      this.#schedule();
    }
  }

  /** Load the next older page. Rejects with ApiProblem. */
  async more(): Promise<void> {
    if (this.nextCursor === null || this.loadingMore) return;
    this.loadingMore = true;
    const session = this.#session;
    try {
      const page = await this.#page(this.nextCursor);
      if (session !== this.#session) return;
      const known = new Set([...this.jobs.map((job) => job.id), ...this.#deleted]);
      this.jobs = [...this.jobs, ...page.jobs.filter((job) => !known.has(job.id))];
      this.nextCursor = page.next_cursor;
    } finally {
      this.loadingMore = false;
    }
  }

  /** Have the service fetch a recording from its address. Rejects with ApiProblem. */
  async fetch(wanted: NewFetch): Promise<Job> {
    const job = await this.#api.fetchJob(wanted);
    void this.refresh();
    return job;
  }

  /** Call a job something else. Rejects with ApiProblem. */
  async label(id: string, labels: Labels): Promise<Job> {
    const job = await this.#api.labelJob(id, labels);
    void this.#replace(job);
    return job;
  }

  /** Transcribe an ended job's recording again; `changes` replace its options. Rejects with ApiProblem. */
  async retry(id: string, changes: Partial<JobOptions> = {}): Promise<void> {
    await this.#replace(await this.#api.retryJob(id, changes));
  }

  /** Stop a job; what is uploaded stays. Rejects with ApiProblem. */
  async cancel(id: string): Promise<void> {
    await this.#replace(await this.#api.cancelJob(id));
  }

  /** Delete a job for good. A job that is gone already counts as deleted. Rejects with ApiProblem. */
  async delete(id: string): Promise<void> {
    try {
      await this.#api.deleteJob(id);
    } catch (error) {
      if (!(error instanceof ApiProblem && error.status === 404)) throw error;
    }
    this.#deleted.add(id);
    this.jobs = this.jobs.filter((job) => job.id !== id);
  }

  async #replace(now: Job): Promise<void> {
    this.jobs = this.jobs.map((job) => (job.id === now.id ? now : job));
    await this.refresh();
  }

  readonly #seen = (): void => {
    if (!document.hidden) void this.refresh();
    else clearTimeout(this.#timer);
  };

  #schedule(): void {
    if (!this.#running || document.hidden) return;
    const retryAfterS = this.problem instanceof ApiProblem ? this.problem.retryAfterS : null;
    const active = this.jobs.some(isMoving) || this.awaited().length > 0;
    const delay = nextReadingMs({
      active,
      unchanged: this.#unchanged,
      failures: this.#failures,
      retryAfterS,
    });
    if (delay !== null) this.#timer = setTimeout(() => void this.refresh(), delay);
  }

  async #read(): Promise<void> {
    const session = this.#session;
    try {
      const page = await this.#page(null);
      const inPage = new Set(page.jobs.map((job) => job.id));
      const followed = new Set([...this.jobs.filter(isMoving).map((job) => job.id), ...this.awaited()]);
      const beside = await Promise.all(
        [...followed].filter((id) => !inPage.has(id)).map((id) => this.#present(id)),
      );
      if (session !== this.#session) return;
      this.#failures = 0;
      this.problem = null;
      this.#take(page, beside);
    } catch (error) {
      if (session !== this.#session) return;
      this.problem = error;
      this.#failures += 1;
    }
  }

  /** The page at `cursor`, or the first one after it that holds a job: a rare filter leaves many empty. */
  async #page(cursor: string | null): Promise<JobPage> {
    const page = await this.#api.jobs(this.filters, cursor);
    return page.jobs.length === 0 && page.next_cursor !== null ? this.#page(page.next_cursor) : page;
  }

  async #present(id: string): Promise<Job | null> {
    try {
      return await this.#api.job(id);
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 404) return null;
      throw error;
    }
  }

  /** `beside`: jobs that are followed and not in the page. */
  #take(page: JobPage, beside: (Job | null)[]): void {
    const before = new Map(this.jobs.map((job) => [job.id, job]));
    const read = new Map(beside.filter((job) => job !== null).map((job) => [job.id, job]));
    const last = page.jobs.at(-1);
    // Ids sort by time of creation. What lies before the page's last job and is not in the page was deleted elsewhere.
    const tail =
      this.loaded && last && page.next_cursor !== null
        ? this.jobs.filter((job) => job.id < last.id).map((job) => read.get(job.id) ?? job)
        : [];
    const fresh = [...page.jobs, ...tail].filter((job) => !this.#deleted.has(job.id));
    const jobs = fresh.map((job) => same(before.get(job.id), job));
    const changed = jobs.length !== this.jobs.length || jobs.some((job, index) => job !== this.jobs[index]);
    const seen = [...new Map([...read, ...jobs.map((job) => [job.id, job] as const)]).values()];
    const finished = seen.filter((job) => {
      const earlier = before.get(job.id);
      return earlier && !isFinal(earlier) && isFinal(job);
    });
    this.#unchanged = changed ? 0 : this.#unchanged + 1;
    if (changed) this.jobs = jobs;
    if (!this.loaded || tail.length === 0) this.nextCursor = page.next_cursor;
    this.loaded = true;
    this.onReading(seen, finished);
  }
}

/** The service has the next step: to look at a recording that is there (each further attempt), or to fetch it. */
export function hasArrived(job: Job): boolean {
  return job.status === 'AWAITING_UPLOAD' && (job.timings.uploaded_at !== null || job.stage === 'fetching');
}

/** Whether the service is at work on the job. */
export function isMoving(job: Job | undefined): boolean {
  return job?.status === 'QUEUED' || job?.status === 'PROCESSING' || (job !== undefined && hasArrived(job));
}

export function isFinal(job: Job): boolean {
  return !isMoving(job) && job.status !== 'AWAITING_UPLOAD';
}

/** The object from before if nothing in it changed, so that the page redraws only what did. */
function same(before: Job | undefined, now: Job): Job {
  return before && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
