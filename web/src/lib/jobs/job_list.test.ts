import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSotto, PERSON, problem } from '../../../dev/fake_sotto.ts';
import { Http } from '../api/http.ts';
import { AuthApi, SottoApi } from '../api/sotto.ts';
import type { Job } from '../api/types.ts';
import { Session } from '../session/session.svelte.ts';
import { SessionStore } from '../session/session_store.ts';
import { facts, madeIn, mayRetry, outlookWords, shareDone, statusWords, toneOf } from './describe.ts';
import { JobList } from './job_list.svelte.ts';
import { nextReadingMs } from './polling.ts';

let fake: FakeSotto;
let list: JobList;

const readings = () => fake.calls.filter((call) => call === 'GET /jobs').length;
const names = () => list.jobs.map((job) => job.name);

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.parse('2026-11-22T10:00:00Z') });
  sessionStorage.clear();
  fake = new FakeSotto(() => Date.now());
  const http = new Http('/v1', fake.fetch);
  const session = new Session(new AuthApi(http), new SessionStore(), () => Date.now(), null);
  await session.signIn(PERSON.email, PERSON.password);
  list = new JobList(new SottoApi(http, session));
});

afterEach(() => {
  list.stop();
  vi.useRealTimers();
});

async function started(): Promise<void> {
  list.start();
  await vi.advanceTimersByTimeAsync(0);
}

describe('the list', () => {
  it('follows a job until it ends, then rests', async () => {
    const job = fake.seed('talk.mp3');
    fake.arrive(job.id);
    const ended: Job[] = [];
    list.onReading = (_, finished) => ended.push(...finished);
    await started();
    expect(list.jobs[0]?.status).toBe('QUEUED');
    await vi.advanceTimersByTimeAsync(3000);
    expect(list.jobs[0]?.status).toBe('PROCESSING');
    expect(shareDone(list.jobs[0] as Job)).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(list.jobs[0]?.status).toBe('COMPLETED');
    expect(ended.map((j) => j.name)).toEqual(['talk.mp3']);
    const before = readings();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(readings()).toBe(before);
  });

  it('reads on while an upload waits to be noticed', async () => {
    let awaited = ['1'];
    list.awaited = () => awaited;
    await started();
    await vi.advanceTimersByTimeAsync(2000);
    expect(readings()).toBe(3);
    awaited = [];
    await vi.advanceTimersByTimeAsync(1000);
    const before = readings();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readings()).toBe(before);
  });

  it('rests while the window is hidden, and reads as soon as it is seen', async () => {
    const job = fake.seed('talk.mp3', { status: 'QUEUED' });
    await started();
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    document.dispatchEvent(new Event('visibilitychange'));
    const before = readings();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readings()).toBe(before);
    hidden.mockReturnValue(false);
    job.status = 'FAILED';
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(0);
    expect(list.jobs[0]?.status).toBe('FAILED');
  });

  it('keeps what it has when the service does not answer, and comes back', async () => {
    fake.seed('talk.mp3', { status: 'QUEUED' });
    await started();
    fake.troubles.push(
      { route: 'GET /jobs', answer: 'silence' },
      { route: 'GET /jobs', answer: problem(503, 'unavailable', 'Busy', 'later') },
    );
    await vi.advanceTimersByTimeAsync(1000);
    expect(list.problem).toMatchObject({ code: 'unreachable' });
    expect(names()).toEqual(['talk.mp3']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(list.problem).toMatchObject({ code: 'unavailable' });
    await vi.advanceTimersByTimeAsync(2000);
    expect(list.problem).toBeNull();
  });

  it('keeps unchanged jobs as the same objects', async () => {
    fake.seed('old.mp3', { status: 'COMPLETED' });
    fake.seed('new.mp3', { status: 'QUEUED' });
    await started();
    const before = list.jobs;
    await vi.advanceTimersByTimeAsync(1000);
    expect(list.jobs).toBe(before);
  });

  it('forgets everything at sign-out', async () => {
    fake.seed('talk.mp3', { status: 'QUEUED' });
    await started();
    list.stop();
    expect(list.jobs).toEqual([]);
    const before = readings();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readings()).toBe(before);
  });

  it('does not show one person what another one had asked for', async () => {
    fake.seed("the first one's.mp3", { status: 'COMPLETED' });
    list.start(); // asks, and is not answered before the next person is there
    list.stop();
    list.start();
    const seen: string[][] = [];
    list.onReading = (jobs) => seen.push(jobs.map((job) => job.name));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toHaveLength(1);
  });
});

describe('older pages', () => {
  beforeEach(() => {
    fake.pageSize = 2;
    for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      fake.seed(name, { status: 'COMPLETED' }, 100 - index);
    }
  });

  it('follow on request, to the end', async () => {
    await started();
    expect(names()).toEqual(['e', 'd']);
    await list.more();
    await list.more();
    expect(names()).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(list.nextCursor).toBeNull();
    await list.more();
    expect(names()).toHaveLength(5);
  });

  it('stay when the newest page is read again, whatever came or went in it', async () => {
    await started();
    await list.more();
    fake.seed('f', { status: 'COMPLETED' });
    await list.refresh();
    expect(names()).toEqual(['f', 'e', 'd', 'c', 'b']);
    await list.more();
    expect(names()).toEqual(['f', 'e', 'd', 'c', 'b', 'a']);
  });

  it('are kept current where something moves', async () => {
    const moving = fake.seed('old and slow', { status: 'PROCESSING' }, 97.5);
    await started();
    await list.more();
    moving.status = 'COMPLETED';
    await list.refresh();
    expect(list.jobs.find((job) => job.id === moving.id)?.status).toBe('COMPLETED');
  });
});

describe('filters', () => {
  it('lead through empty pages to what they let through', async () => {
    fake.seed('talk.mp3', { status: 'COMPLETED' }, 100);
    await started();
    fake.seed('new.mp3', { status: 'FAILED' });
    const empty = Response.json({ jobs: [], next_cursor: 'ZZZ' });
    fake.troubles.push({ route: 'GET /jobs', answer: empty });
    list.filter({ text: 'talk' });
    expect(names()).toEqual(['talk.mp3']); // until the others are known
    await vi.advanceTimersByTimeAsync(0);
    expect(names()).toEqual(['talk.mp3']);
    expect(list.loaded).toBe(true);
    list.filter({ text: 'talk', tag: '' }); // the same ones
    expect(list.loaded).toBe(true);
    list.filter({});
    await vi.advanceTimersByTimeAsync(0);
    expect(names()).toEqual(['new.mp3', 'talk.mp3']);
  });

  it('do not hide the news that an upload waits for', async () => {
    const job = fake.seed('talk.mp3');
    list.awaited = () => [job.id];
    list.filter({ tag: 'river' });
    const seen: Job[][] = [];
    list.onReading = (jobs) => seen.push([...jobs]);
    await started();
    expect(list.jobs).toEqual([]);
    expect(seen[0]?.map(({ id }) => id)).toEqual([job.id]);
  });
});

describe('deleting', () => {
  it('removes the job at once, and it does not come back with an older reading', async () => {
    const job = fake.seed('talk.mp3', { status: 'COMPLETED' });
    await started();
    const reading = list.refresh();
    await list.delete(job.id);
    await reading;
    await list.refresh();
    expect(list.jobs).toEqual([]);
  });

  it('holds against an older page that was asked for before', async () => {
    fake.pageSize = 1;
    const old = fake.seed('old.mp3', { status: 'COMPLETED' }, 100);
    fake.seed('new.mp3', { status: 'COMPLETED' });
    await started();
    const older = list.more();
    await list.delete(old.id);
    await older;
    expect(names()).toEqual(['new.mp3']);
  });

  it('of a job that is gone already is no problem, of others it is', async () => {
    await started();
    await list.delete('gone');
    fake.troubles.push({ route: 'DELETE /jobs/x', answer: problem(503, 'unavailable', 'Busy', 'later') });
    await expect(list.delete('x')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('trying again', () => {
  const failure = { code: 'part_failed_repeatedly', message: 'expected a, found b', hint: 'Retry.' };

  it('starts the next attempt and follows it', async () => {
    const job = fake.seed('talk.mp3', { status: 'FAILED', failure });
    job.timings.uploaded_at = job.timings.created_at;
    await started();
    await list.retry(job.id);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(list.jobs[0]).toMatchObject({ status: 'COMPLETED', failure: null });
  });

  it('is offered where it may help', () => {
    const uploaded = { ...fake.seed('talk.mp3').timings, uploaded_at: '2026-11-22T10:00:00Z' };
    const offered = (changes: Partial<Job>) => mayRetry(fake.seed('x', { timings: uploaded, ...changes }));
    expect(offered({ status: 'FAILED', failure })).toBe(true);
    expect(offered({ status: 'CANCELLED' })).toBe(true);
    expect(offered({ status: 'FAILED', failure: { ...failure, code: 'recording_damaged' } })).toBe(false);
    expect(offered({ status: 'FAILED', failure: { ...failure, code: 'no_audio_track' } })).toBe(false);
    const source = { ...failure, code: 'source_unavailable' };
    expect(offered({ status: 'FAILED', failure: source, timings: { ...uploaded, uploaded_at: null } })).toBe(
      true,
    );
    expect(offered({ status: 'COMPLETED' })).toBe(false);
    expect(offered({ status: 'CANCELLED', timings: { ...uploaded, uploaded_at: null } })).toBe(false);
  });
});

describe('polling', () => {
  const base = { active: true, unchanged: 0, failures: 0, retryAfterS: null };

  it.each([
    [{ ...base }, 1000],
    [{ ...base, unchanged: 40 }, 2000],
    [{ ...base, unchanged: 200 }, 5000],
    [{ ...base, active: false }, null],
    [{ ...base, active: false, failures: 1 }, 1000],
    [{ ...base, failures: 4 }, 8000],
    [{ ...base, failures: 12 }, 30_000],
    [{ ...base, failures: 1, retryAfterS: 9 }, 9000],
  ])('%o waits %s ms', (given, expected) => {
    expect(nextReadingMs(given)).toBe(expected);
  });
});

describe('a job in words', () => {
  const job = (changes: Partial<Job>): Job => ({ ...fake.seed('talk.mp3'), ...changes });
  const progress = { seconds_done: 200, seconds_total: 760, parts_done: 1, parts_total: 4 };

  it.each<[Partial<Job>, string, string]>([
    [{ status: 'AWAITING_UPLOAD' }, 'Waiting for the upload', 'quiet'],
    [{ status: 'QUEUED' }, 'Waiting for a free worker', 'busy'],
    [{ status: 'AWAITING_UPLOAD', stage: 'fetching' }, 'Fetching the recording', 'busy'],
    [{ status: 'PROCESSING', stage: 'transcribing' }, 'Transcribing', 'busy'],
    [{ status: 'PROCESSING', stage: 'transcribing', progress }, 'Transcribing: 3:20 of 12:40', 'busy'],
    [{ status: 'PROCESSING', stage: 'joining', progress }, 'Joining the parts', 'busy'],
    [{ status: 'COMPLETED' }, 'Finished', 'good'],
    [{ status: 'FAILED' }, 'Failed', 'bad'],
    [{ status: 'CANCELLED' }, 'Cancelled', 'quiet'],
    [{ status: 'EXPIRED' }, 'Upload never finished', 'bad'],
  ])('%o reads "%s"', (changes, words, tone) => {
    expect(statusWords(job(changes))).toBe(words);
    expect(toneOf(job(changes))).toBe(tone);
  });

  it('says of the queue what is known', () => {
    expect(outlookWords({ position: 1000, expected_s: null }, 'QUEUED')).toBe(
      'At least 1,000 recordings are before it.',
    );
    expect(outlookWords({ position: 2, expected_s: 0.2 }, 'PROCESSING')).toBe('Done in about 1 sec.');
    expect(outlookWords({ position: 0, expected_s: null }, 'PROCESSING')).toBe('');
  });

  it('shows only what is known', () => {
    expect(facts(job({}), {})).toEqual(['base', expect.any(String)]);
    expect(shareDone(job({}))).toBeNull();
    expect(madeIn(job({}))).toBeNull();
    const timings = {
      ...job({}).timings,
      uploaded_at: '2026-11-22T10:00:00Z',
      completed_at: '2026-11-22T10:00:08.4Z',
    };
    const options = { model: 'base', language: null, task: 'translate', word_times: true } as const;
    const done = job({ status: 'COMPLETED', duration_s: 62, language: 'fr', options, timings });
    expect(facts(done, {}).slice(0, 4)).toEqual(['1:02', 'French', 'translated into English', 'base']);
    expect(madeIn(done)).toBe('8.4 sec');
  });
});
