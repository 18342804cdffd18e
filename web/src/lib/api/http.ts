/**
 * One request to the service: JSON in and out, a time limit, problems as ApiProblem. It knows no route and no token
 * rule beyond "ask for the token, and once for a fresh one after a 401".
 */
import { problemFrom, problemOfSilence } from './problem.ts';

/** Where access tokens come from. */
export interface TokenSource {
  /** The present access token, renewed first if it is about to expire. Rejects when the session is over. */
  accessToken(): Promise<string>;
  /** A token other than `refused`, which the service did not accept. */
  tokenAfter(refused: string): Promise<string>;
}

export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  body?: unknown;
  query?: Record<string, string | number | null | undefined>;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

export class Http {
  readonly #base: string;
  readonly #fetch: typeof fetch;

  constructor(base = '/v1', fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#base = base;
    this.#fetch = fetcher;
  }

  /** The answer's body as JSON (undefined for 204). Rejects with ApiProblem. */
  async json<T>(path: string, call: Call = {}, tokens?: TokenSource): Promise<T> {
    const response = await this.response(path, call, tokens);
    if (response.status === 204) return undefined as T;
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw problemOfSilence(error);
    }
  }

  /** The successful answer itself, for files. Rejects with ApiProblem. */
  async response(path: string, call: Call = {}, tokens?: TokenSource): Promise<Response> {
    let token = await tokens?.accessToken();
    let response = await this.#send(path, call, token);
    if (response.status === 401 && tokens && token !== undefined) {
      token = await tokens.tokenAfter(token);
      response = await this.#send(path, call, token);
    }
    if (!response.ok) throw await problemFrom(response);
    return response;
  }

  async #send(path: string, call: Call, token: string | undefined): Promise<Response> {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(call.query ?? {})) {
      if (value !== null && value !== undefined) query.set(key, String(value));
    }
    const headers: Record<string, string> = { Accept: 'application/json, */*;q=0.5' };
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
    if (call.body !== undefined) headers['Content-Type'] = 'application/json';
    const limit = AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS);
    try {
      return await this.#fetch(`${this.#base}${path}${query.size > 0 ? `?${query.toString()}` : ''}`, {
        method: call.method ?? 'GET',
        headers,
        body: call.body === undefined ? null : JSON.stringify(call.body),
        signal: call.signal ? AbortSignal.any([limit, call.signal]) : limit,
        credentials: 'omit',
        cache: 'no-store',
      });
    } catch (error) {
      if (call.signal?.aborted) throw error;
      throw problemOfSilence(error);
    }
  }
}
