/**
 * The language of the page: one `t()` for every string, with keys that the compiler checks. Chosen by the person, else
 * by the browser; remembered in localStorage.
 */
import { de } from './de.ts';
import { en, type Message, type MessageKey, type Messages } from './en.ts';
import { problemsDe, type ProblemWords } from './problems.de.ts';

export const LOCALES = { en: 'English', de: 'Deutsch' } as const;
export type Locale = keyof typeof LOCALES;

const CATALOGUES: Record<Locale, Messages> = { en, de };
const PROBLEMS: Record<Locale, Record<string, ProblemWords>> = { en: {}, de: problemsDe };
const KEY = 'sotto.locale';

export type Values = Record<string, string | number>;

class I18n {
  locale = $state<Locale>('en');

  /** The language with the person's region where the browser tells it: British dates are not American ones. */
  get tag(): string {
    return navigator.languages.find((tag) => tag.slice(0, 2) === this.locale) ?? this.locale;
  }

  /** Follow what was remembered, else the browser's languages. */
  start(): void {
    const wanted = [remembered(), ...navigator.languages.map((tag) => tag.slice(0, 2))];
    this.use(wanted.find(isLocale) ?? 'en', { remember: false });
  }

  use(locale: Locale, { remember = true } = {}): void {
    this.locale = locale;
    document.documentElement.lang = locale;
    if (!remember) return;
    try {
      localStorage.setItem(KEY, locale);
    } catch {
      // storage is switched off: the choice lasts until the reload
    }
  }
}

export const i18n = new I18n();

/** The text of `key` in the page's language, with `{name}` filled from `values` and the plural chosen by `count`. */
export function t(key: MessageKey, values: Values = {}): string {
  return fill(CATALOGUES[i18n.locale][key], values, i18n.tag);
}

/** Our own words for one of the service's codes, where this language has them. */
export function problemWords(code: string): ProblemWords | null {
  return PROBLEMS[i18n.locale][code] ?? null;
}

function fill(message: Message, values: Values, tag: string): string {
  const count = Number(values['count'] ?? 0);
  const text =
    typeof message === 'string'
      ? message
      : message[new Intl.PluralRules(tag).select(count) === 'one' ? 'one' : 'other'];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? value.toLocaleString(tag) : value;
  });
}

function remembered(): string {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

export function isLocale(tag: string): tag is Locale {
  return Object.hasOwn(LOCALES, tag);
}
