import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSotto, PERSON, problem } from '../../../dev/fake_sotto.ts';
import { Http } from '../api/http.ts';
import { ApiProblem } from '../api/problem.ts';
import { AuthApi, SottoApi } from '../api/sotto.ts';
import { Session } from '../session/session.svelte.ts';
import { SessionStore } from '../session/session_store.ts';
import type { Attempt } from './transfer.ts';
import { UnfinishedUploads } from './unfinished.ts';
import { Uploads } from './uploads.svelte.ts';

const START = Date.parse('2026-11-22T10:00:00Z');
let now = START;
let fake: FakeSotto;
let api: SottoApi;
let sent: (Attempt & { arrive: () => void; break: (error: unknown) => void })[];
let uploads: Uploads;

/** Holds each attempt until the test lets it arrive or break. */
const sender = {
  send: (attempt: Attempt) =>
    new Promise<void>((resolve, reject) => {
      attempt.signal.addEventListener('abort', () => {
        reject(attempt.signal.reason as Error);
      });
      sent.push({
        ...attempt,
        arrive: () => {
          fake.arrive(attempt.accepted.job.id);
          resolve();
        },
        break: reject,
      });
    }),
};

function file(name: string, size = 10): File {
  const made = new File(['x'], name, { type: 'audio/mpeg', lastModified: 5 });
  Object.defineProperty(made, 'size', { value: size });
  return made;
}

const refused = () => new ApiProblem({ code: 'storage_refused', status: 503, detail: 'HTTP 503' });
const creations = () => fake.calls.filter((call) => call === 'POST /jobs').length;
const first = () => {
  const item = uploads.items[0];
  if (!item) throw new Error('expected an upload, found none');
  return item;
};
const settled = (state: string) =>
  vi.waitFor(() => {
    expect(first().state).toBe(state);
  });
const attempts = (count: number) =>
  vi.waitFor(() => {
    expect(sent).toHaveLength(count);
  });

beforeEach(async () => {
  now = START;
  sessionStorage.clear();
  localStorage.clear();
  fake = new FakeSotto(() => now);
  const http = new Http('/v1', fake.fetch);
  const session = new Session(new AuthApi(http), new SessionStore(), () => now, null);
  await session.signIn(PERSON.email, PERSON.password);
  api = new SottoApi(http, session);
  sent = [];
  uploads = new Uploads(api, sender, new UnfinishedUploads(), () => now);
});

describe('an upload', () => {
  it('makes a job, sends the bytes, waits to be noticed, and leaves the list', async () => {
    const changed = vi.fn();
    uploads.onChange = changed;
    uploads.add([file('talk.mp3')], { model: 'base', language: 'de', task: 'transcribe' });
    await attempts(1);
    expect(sent[0]?.accepted.job).toMatchObject({
      name: 'talk.mp3',
      content_type: 'audio/mpeg',
      options: { model: 'base', language: 'de' },
    });
    expect(uploads.busy).toBe(true);
    sent[0]?.onProgress(4);
    expect(first().bytesDone).toBe(4);
    sent[0]?.arrive();
    await settled('finishing');
    expect(uploads.busy).toBe(false);
    expect(changed).toHaveBeenCalled();
    uploads.settle((await api.jobs()).jobs);
    expect(uploads.items).toEqual([]);
  });

  it('stays in the list until the service has noticed it', async () => {
    uploads.add([file('talk.mp3')], {});
    await attempts(1);
    const waiting = await api.jobs();
    sent[0]?.arrive();
    await settled('finishing');
    uploads.settle(waiting.jobs);
    expect(uploads.items).toHaveLength(1);
  });

  it('goes out with at most two others, the first first', async () => {
    uploads.add(
      [1, 2, 3, 4, 5].map((n) => file(`${String(n)}.mp3`)),
      {},
    );
    await attempts(3);
    expect(sent.map((attempt) => attempt.file.name)).toEqual(['1.mp3', '2.mp3', '3.mp3']);
    expect(creations()).toBe(3);
    sent[0]?.arrive();
    await attempts(4);
    expect(sent[3]?.file.name).toBe('4.mp3');
  });

  it('of an empty file is refused here', () => {
    uploads.add([file('empty.mp3', 0)], {});
    expect(first().problem).toMatchObject({ code: 'empty_file' });
    expect(first().mayRetry).toBe(false);
    expect(fake.calls).not.toContain('POST /jobs');
  });

  it('that the service refuses shows why, and is not tried again', async () => {
    uploads.add([new File(['hello'], 'notes.txt', { type: 'text/plain' })], {});
    await settled('failed');
    expect(first().problem).toMatchObject({ code: 'invalid_input', requestId: 'req-0001' });
    expect(first().mayRetry).toBe(false);
  });
});

describe('trying again', () => {
  it('uses the same job, and goes on where it stopped', async () => {
    uploads.add([file('talk.mp3')], {});
    await attempts(1);
    sent[0]?.break(refused());
    await settled('failed');
    uploads.retry(first());
    await attempts(2);
    expect(creations()).toBe(1);
    expect(sent[1]).toMatchObject({ resume: true, accepted: { job: { id: sent[0]?.accepted.job.id } } });
  });

  it('notices that the bytes had arrived after all', async () => {
    uploads.add([file('talk.mp3')], {});
    await attempts(1);
    fake.arrive(sent[0]?.accepted.job.id ?? '');
    sent[0]?.break(new ApiProblem({ code: 'unreachable', status: 0, detail: '' }));
    await settled('failed');
    uploads.retry(first());
    await settled('finishing');
    expect(sent).toHaveLength(1);
  });

  it('makes a new job when the address has grown old, and removes the old one', async () => {
    uploads.add([file('talk.mp3')], {});
    await attempts(1);
    sent[0]?.break(refused());
    await settled('failed');
    now += 3_590_000;
    uploads.retry(first());
    await attempts(2);
    expect(sent[1]?.accepted.job.id).not.toBe(sent[0]?.accepted.job.id);
    expect((await api.jobs()).jobs).toHaveLength(1);
  });

  it('makes a new job when the old one is gone', async () => {
    uploads.add([file('talk.mp3')], {});
    await attempts(1);
    await api.deleteJob(sent[0]?.accepted.job.id ?? '');
    sent[0]?.break(refused());
    await settled('failed');
    uploads.retry(first());
    await attempts(2);
    expect(sent[1]?.resume).toBe(false);
  });

  it('happens by itself when only the connection was lost', async () => {
    fake.troubles.push({ route: 'POST /jobs', answer: 'silence' });
    uploads.add([file('talk.mp3')], {});
    await settled('failed');
    uploads.retryInterrupted();
    await attempts(1);
  });

  it('does not happen by itself after a refusal', async () => {
    fake.troubles.push({ route: 'POST /jobs', answer: problem(503, 'unavailable', 'Busy', 'later') });
    uploads.add([file('talk.mp3')], {});
    await settled('failed');
    uploads.retryInterrupted();
    expect(first().state).toBe('failed');
  });
});

describe('cancelling', () => {
  it('stops the transfer and removes the job', async () => {
    uploads.add([file('talk.mp3')], {});
    await attempts(1);
    await uploads.cancel(first());
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(uploads.items).toEqual([]);
    expect((await api.jobs()).jobs).toEqual([]);
  });

  it('while the job is being made leaves no job behind', async () => {
    uploads.add([file('talk.mp3')], {});
    await uploads.cancel(first());
    await vi.waitFor(() => {
      expect(fake.calls.some((call) => call.startsWith('DELETE /jobs/'))).toBe(true);
    });
    expect(sent).toEqual([]);
  });

  it('of everything, at sign-out, asks the service for nothing', async () => {
    uploads.add([file('talk.mp3')], {});
    await attempts(1);
    uploads.clear();
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(fake.calls.some((call) => call.startsWith('DELETE'))).toBe(false);
  });
});

describe('a large upload', () => {
  const LARGE = 120 * 1024 * 1024;

  it('is taken up in a new window when the same file is chosen again', async () => {
    uploads.add([file('day.wav', LARGE)], {});
    await attempts(1);
    const reopened = new Uploads(api, sender, new UnfinishedUploads(), () => now);
    reopened.add([file('day.wav', LARGE)], {});
    await attempts(2);
    expect(creations()).toBe(1);
    expect(sent[1]).toMatchObject({
      resume: true,
      accepted: {
        job: { id: sent[0]?.accepted.job.id },
        upload: { kind: 'multipart', part_size_bytes: 16 * 1024 * 1024, part_count: 8 },
      },
    });
    sent[1]?.arrive();
    await vi.waitFor(() => {
      expect(localStorage.getItem('sotto.unfinished')).toBeNull();
    });
  });

  it('begins anew when the service no longer waits for it', async () => {
    uploads.add([file('day.wav', LARGE)], {});
    await attempts(1);
    await api.deleteJob(sent[0]?.accepted.job.id ?? '');
    const reopened = new Uploads(api, sender, new UnfinishedUploads(), () => now);
    reopened.add([file('day.wav', LARGE)], {});
    await attempts(2);
    expect(sent[1]?.resume).toBe(false);
  });

  it('may run twice in one window, as two jobs', async () => {
    uploads.add([file('day.wav', LARGE)], {});
    await attempts(1);
    uploads.add([file('day.wav', LARGE)], {});
    await attempts(2);
    expect(sent[1]?.accepted.job.id).not.toBe(sent[0]?.accepted.job.id);
  });
});
