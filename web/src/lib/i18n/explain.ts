/** What the reader sees of a problem or a failed job: title, what was found, next step, in the page's language. */
import { ApiProblem } from '../api/problem.ts';
import type { Failure } from '../api/types.ts';
import type { MessageKey } from './en.ts';
import { i18n, problemWords, t } from './i18n.svelte.ts';

export interface Explanation {
  title: string;
  /** The service's own sentence; empty when it adds nothing. */
  detail: string;
  /** The language of `detail`, for `lang`, when it is not the page's. */
  detailLang: string | undefined;
  hint: string;
  code: string;
  requestId: string;
}

/** Codes that arise in the page, with their own words in every catalogue. */
const OWN: Record<string, { title: MessageKey; hint: MessageKey }> = {
  offline: { title: 'problem.offline.title', hint: 'problem.offline.hint' },
  unreachable: { title: 'problem.unreachable.title', hint: 'problem.unreachable.hint' },
  timed_out: { title: 'problem.timed_out.title', hint: 'problem.timed_out.hint' },
  unreadable_answer: { title: 'problem.unreadable_answer.title', hint: 'problem.unreadable_answer.hint' },
  storage_refused: { title: 'problem.storage_refused.title', hint: 'problem.storage_refused.hint' },
  empty_file: { title: 'problem.empty_file.title', hint: 'problem.empty_file.hint' },
  unreadable_file: { title: 'problem.unreadable_file.title', hint: 'problem.unreadable_file.hint' },
};

export function explain(error: unknown): Explanation {
  if (!(error instanceof ApiProblem)) {
    // A fault of this page: its text is for whoever fixes it, so it is the detail and not the title.
    const detail = error instanceof Error ? error.message : String(error);
    return words('internal_error', { title: t('problem.title'), detail, hint: '', requestId: '' });
  }
  return words(error.code, {
    title: error.message || t('problem.title'),
    detail: error.detail,
    hint: error.hint,
    requestId: error.requestId,
  });
}

export function explainFailure(failure: Failure, requestId: string): Explanation {
  // The row says already that the job failed, so the reason is the title; a language with own words puts them first.
  const translated = problemWords(failure.code) !== null;
  return words(failure.code, {
    title: failure.message,
    detail: translated ? failure.message : '',
    hint: failure.hint,
    requestId,
  });
}

function words(
  code: string,
  said: { title: string; detail: string; hint: string; requestId: string },
): Explanation {
  const own = OWN[code];
  const translated = problemWords(code);
  const detailLang = own || i18n.locale === 'en' ? undefined : 'en';
  return {
    title: own ? t(own.title) : (translated?.title ?? said.title),
    detail: said.detail,
    detailLang: said.detail ? detailLang : undefined,
    hint: own ? t(own.hint) : (translated?.hint ?? said.hint),
    code,
    requestId: said.requestId,
  };
}
