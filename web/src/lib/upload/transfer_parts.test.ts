import { describe, expect, it, vi } from 'vitest';
import { CATALOGUE } from '../../../dev/fake_sotto.ts';
import { ApiProblem } from '../api/problem.ts';
import { Choices } from './choices.svelte.ts';
import { contentTypeOf } from './content_type.ts';
import { PartUrls } from './part_urls.ts';
import { transferProblem } from './transfer_problem.ts';
import { UnfinishedUploads } from './unfinished.ts';

describe('the content type', () => {
  it.each([
    ['talk.mp3', 'audio/mpeg', 'audio/mpeg'],
    ['memo.webm', 'audio/webm;codecs=opus', 'audio/webm'],
    ['TALK.OPUS', '', 'audio/ogg'],
    ['film.mkv', '', 'video/x-matroska'],
    ['noname', '', 'application/octet-stream'],
    ['notes.txt', 'text/plain', 'text/plain'],
  ])('of %s announced as "%s" is %s', (name, type, expected) => {
    expect(contentTypeOf({ name, type })).toBe(expected);
  });
});

describe('signed addresses of parts', () => {
  it('are fetched ten at a time, and anew when one did not work', async () => {
    const asked: number[][] = [];
    const api = {
      signParts: (_: string, numbers: number[]) => {
        asked.push(numbers);
        return Promise.resolve(
          numbers.map((number) => ({ number, url: `u${String(number)}-${String(asked.length)}` })),
        );
      },
    };
    const urls = new PartUrls(api, 'job', 12);
    expect(await Promise.all([urls.of(1), urls.of(2), urls.of(11)])).toEqual(['u1-1', 'u2-1', 'u11-2']);
    expect(asked).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      [11, 12],
    ]);
    expect(await urls.of(2)).toBe('u2-3');
  });

  it('that could not be signed are asked for again', async () => {
    const signParts = vi.fn<() => Promise<{ number: number; url: string }[]>>();
    signParts.mockRejectedValueOnce(new Error('down')).mockResolvedValue([{ number: 1, url: 'u' }]);
    const urls = new PartUrls({ signParts }, 'job', 1);
    await expect(urls.of(1)).rejects.toThrow('down');
    expect(await urls.of(1)).toBe('u');
  });

  it('that the service left out are a fault', async () => {
    await expect(new PartUrls({ signParts: () => Promise.resolve([]) }, 'j', 1).of(1)).rejects.toThrow(
      'part 1',
    );
  });
});

describe('why a transfer stopped', () => {
  const whole = new Blob(['x']);

  it("is the storage's own code where it gave one", async () => {
    const source = { status: 403, responseText: '<Error><Code>AccessDenied</Code></Error>' };
    const found = await transferProblem(Object.assign(new Error('Non 2xx'), { source }), whole);
    expect(found).toMatchObject({ code: 'storage_refused', status: 403, detail: 'HTTP 403 AccessDenied' });
  });

  it('is our own problem, direct or wrapped', async () => {
    const own = new ApiProblem({ code: 'wrong_state', status: 409, detail: '' });
    expect(await transferProblem(own, whole)).toBe(own);
    expect(await transferProblem(new Error('outer', { cause: own }), whole)).toBe(own);
  });

  it('is silence, unless the file itself cannot be read', async () => {
    expect(await transferProblem(new Error('Unknown error'), whole)).toMatchObject({ code: 'unreachable' });
    const gone = {
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }),
    } as unknown as Blob;
    expect(await transferProblem(new Error('Unknown error'), gone)).toMatchObject({
      code: 'unreadable_file',
    });
  });
});

describe('unfinished uploads', () => {
  it('are known by size and time, without a name, and forgotten', () => {
    const known = new UnfinishedUploads();
    known.remember({ jobId: 'a', size: 7, lastModified: 3, partSizeBytes: 2 });
    known.remember({ jobId: 'a', size: 7, lastModified: 3, partSizeBytes: 2 });
    expect(known.of({ size: 7, lastModified: 3 })?.jobId).toBe('a');
    expect(known.of({ size: 7, lastModified: 4 })).toBeNull();
    known.forget('a');
    expect(localStorage.length).toBe(0);
    localStorage.setItem('sotto.unfinished', 'not json');
    expect(known.of({ size: 7, lastModified: 3 })).toBeNull();
    localStorage.clear();
  });
});

describe('the choices', () => {
  it('begin with the default model and ask for detection', () => {
    localStorage.clear();
    expect(new Choices(CATALOGUE).request).toEqual({ model: 'base', language: null, task: 'transcribe' });
  });

  it('keep to what the model can do', () => {
    const choices = new Choices(CATALOGUE);
    choices.language = 'de';
    choices.task = 'translate';
    choices.model = 'large-v3-turbo';
    choices.fit();
    expect(choices.request).toEqual({ model: 'large-v3-turbo', language: 'de', task: 'transcribe' });
    choices.model = 'tiny.en';
    choices.fit();
    expect(choices.request.language).toBeNull();
  });

  it('are remembered, but for what the service no longer offers', () => {
    const choices = new Choices(CATALOGUE);
    choices.language = 'fr';
    choices.task = 'translate';
    choices.hotwords = ' Seine ';
    expect(choices.request.hotwords).toBe('Seine');
    choices.remember();
    expect(new Choices(CATALOGUE).request).toEqual({ model: 'base', language: 'fr', task: 'translate' });
    localStorage.setItem('sotto.choices', '{"model": "gone", "language": "xx"}');
    expect(new Choices(CATALOGUE).request).toEqual({ model: 'base', language: null, task: 'transcribe' });
    localStorage.clear();
  });
});
