/**
 * Everything that can go wrong between the page and the service, as one error: what the service said (problem
 * details), or why nothing was heard. The views turn it into words; nobody else reads responses.
 */
import type { ProblemDetails } from './types.ts';

export class ApiProblem extends Error {
  readonly code: string;
  /** 0 when no answer arrived */
  readonly status: number;
  readonly detail: string;
  readonly hint: string;
  readonly requestId: string;
  readonly retryAfterS: number | null;

  constructor(facts: {
    code: string;
    status: number;
    detail: string;
    title?: string;
    hint?: string;
    requestId?: string;
    retryAfterS?: number | null;
  }) {
    super(facts.title ?? facts.detail);
    this.name = 'ApiProblem';
    this.code = facts.code;
    this.status = facts.status;
    this.detail = facts.detail;
    this.hint = facts.hint ?? '';
    this.requestId = facts.requestId ?? '';
    this.retryAfterS = facts.retryAfterS ?? null;
  }

  /** Whether the same request may succeed later without any change. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The problem in `response`, whatever its body looks like. */
export async function problemFrom(response: Response): Promise<ApiProblem> {
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
  const common = { status: response.status, retryAfterS: Number.isFinite(retryAfter) ? retryAfter : null };
  const body: unknown = await response.json().catch(() => null);
  if (isProblem(body)) {
    return new ApiProblem({
      ...common,
      code: body.code,
      title: body.title,
      detail: body.detail,
      hint: body.hint,
      requestId: body.request_id,
    });
  }
  const requestId = response.headers.get('x-amzn-requestid') ?? '';
  return new ApiProblem({
    ...common,
    code: 'unreadable_answer',
    detail: `HTTP ${String(response.status)} ${response.statusText}`.trim(),
    requestId,
  });
}

/** The problem behind an error that `fetch` threw: no answer arrived. */
export function problemOfSilence(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new ApiProblem({ code: 'timed_out', status: 0, detail: '' });
  }
  return new ApiProblem({ code: navigator.onLine ? 'unreachable' : 'offline', status: 0, detail: '' });
}

function isProblem(body: unknown): body is ProblemDetails {
  return typeof body === 'object' && body !== null && 'code' in body && 'title' in body;
}
