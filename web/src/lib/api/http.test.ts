import { describe, expect, it, vi } from 'vitest';
import { Http, type TokenSource } from './http.ts';
import { ApiProblem } from './problem.ts';
import { problem } from '../../../dev/fake_sotto.ts';

function http(...answers: (Response | Error)[]) {
  const seen: { url: string; init: RequestInit }[] = [];
  const fetcher: typeof fetch = (input, init = {}) => {
    seen.push({ url: input as string, init });
    const answer = answers.shift();
    if (answer instanceof Response) return Promise.resolve(answer);
    return Promise.reject(answer ?? new Error('no answer prepared'));
  };
  return { http: new Http('/v1', fetcher), seen };
}

const ok = (body: unknown) => new Response(JSON.stringify(body));

function tokens(...values: string[]): TokenSource & { refused: string[] } {
  const refused: string[] = [];
  return {
    refused,
    accessToken: () => Promise.resolve(values[0] ?? ''),
    tokenAfter: (token) => {
      refused.push(token);
      return Promise.resolve(values[1] ?? '');
    },
  };
}

function header(call: { init: RequestInit } | undefined, name: string): string | null {
  return new Headers(call?.init.headers).get(name);
}

describe('a request', () => {
  it('sends JSON, the query and the token, and gives the body back', async () => {
    const { http: h, seen } = http(ok({ fine: true }));
    const call = { method: 'POST', body: { a: 1 }, query: { limit: 5, cursor: null } } as const;
    expect(await h.json('/jobs', call, tokens('t1'))).toEqual({ fine: true });
    expect(seen[0]?.url).toBe('/v1/jobs?limit=5');
    expect(seen[0]?.init.method).toBe('POST');
    expect(seen[0]?.init.body).toBe('{"a":1}');
    expect(header(seen[0], 'authorization')).toBe('Bearer t1');
  });

  it('gives undefined for 204', async () => {
    const { http: h } = http(new Response(null, { status: 204 }));
    expect(await h.json('/jobs/1', { method: 'DELETE' })).toBeUndefined();
  });

  it('asks once for a fresh token after a 401, and repeats the call with it', async () => {
    const { http: h, seen } = http(problem(401, 'unauthenticated', 'Not signed in', 'old'), ok([]));
    const source = tokens('old', 'new');
    await h.json('/jobs', {}, source);
    expect(source.refused).toEqual(['old']);
    expect(seen.map((call) => header(call, 'authorization'))).toEqual(['Bearer old', 'Bearer new']);
  });

  it('does not repeat a second 401', async () => {
    const refusal = () => problem(401, 'unauthenticated', 'Not signed in', 'no');
    const { http: h, seen } = http(refusal(), refusal());
    await expect(h.json('/jobs', {}, tokens('a', 'b'))).rejects.toMatchObject({ status: 401 });
    expect(seen).toHaveLength(2);
  });
});

describe('a refusal', () => {
  it('becomes the problem that the service described', async () => {
    const { http: h } = http(problem(404, 'not_found', 'Not found', 'job 1: none', 'Check the id.'));
    await expect(h.json('/jobs/1')).rejects.toMatchObject({
      code: 'not_found',
      status: 404,
      message: 'Not found',
      detail: 'job 1: none',
      hint: 'Check the id.',
      requestId: 'req-0001',
      temporary: false,
    });
  });

  it('keeps how long to wait', async () => {
    const busy = new Response('{}', { status: 429, headers: { 'Retry-After': '7' } });
    await expect(http(busy).http.json('/jobs')).rejects.toMatchObject({ retryAfterS: 7, temporary: true });
  });

  it('is understood without a readable body', async () => {
    const gateway = new Response('<html>', { status: 502, headers: { 'x-amzn-requestid': 'gw-1' } });
    await expect(http(gateway).http.json('/jobs')).rejects.toMatchObject({
      code: 'unreadable_answer',
      status: 502,
      requestId: 'gw-1',
      temporary: true,
    });
  });

  it('tells a body that is no JSON from a good answer', async () => {
    await expect(http(new Response('hello')).http.json('/jobs')).rejects.toBeInstanceOf(ApiProblem);
  });
});

describe('silence', () => {
  it('is told apart: no connection, no service, no answer in time', async () => {
    await expect(http(new TypeError('Failed to fetch')).http.json('/jobs')).rejects.toMatchObject({
      code: 'unreachable',
      status: 0,
    });
    await expect(http(new DOMException('late', 'TimeoutError')).http.json('/jobs')).rejects.toMatchObject({
      code: 'timed_out',
    });
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    await expect(http(new TypeError('Failed to fetch')).http.json('/jobs')).rejects.toMatchObject({
      code: 'offline',
    });
  });

  it('is no problem when the caller gave up', async () => {
    const giveUp = new AbortController();
    giveUp.abort();
    const { http: h } = http(new DOMException('aborted', 'AbortError'));
    await expect(h.json('/jobs', { signal: giveUp.signal })).rejects.not.toBeInstanceOf(ApiProblem);
  });
});
