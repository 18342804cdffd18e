import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiProblem } from '../api/problem.ts';
import { de } from './de.ts';
import { en, type Message } from './en.ts';
import { explain, explainFailure } from './explain.ts';
import { clock, duration, fileSize, languageName, moment, percent } from './format.ts';
import { i18n, t } from './i18n.svelte.ts';

const forms = (message: Message) => (typeof message === 'string' ? [message] : Object.values(message));
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

afterEach(() => {
  localStorage.clear();
  i18n.use('en', { remember: false });
});

describe('the catalogues', () => {
  it('have the same keys', () => {
    expect(Object.keys(de)).toEqual(Object.keys(en));
  });

  it.each(Object.keys(en) as (keyof typeof en)[])('agree on the shape of %s', (key) => {
    expect(typeof de[key]).toBe(typeof en[key]);
    const wanted = forms(en[key]).map(holes);
    expect(forms(de[key]).map(holes)).toEqual(wanted);
    for (const text of [...forms(en[key]), ...forms(de[key])]) expect(text.trim()).toBe(text);
  });

  it('use every key somewhere in the app', () => {
    const sources = Object.values(
      import.meta.glob<string>(['../../**/*.{ts,svelte}', '!./en.ts', '!./de.ts', '!../../**/*.test.ts'], {
        query: '?raw',
        import: 'default',
        eager: true,
      }),
    ).join('\n');
    const unused = Object.keys(en).filter((key) => !sources.includes(`'${key}'`));
    expect(unused).toEqual([]);
  });
});

it('the rule for passwords is the one of the service', () => {
  const rules = readFileSync('../layers/sotto/sotto/domain/passwords.py', 'utf8');
  const least = /^MIN_LENGTH = (\d+)$/m.exec(rules)?.[1] ?? 'no MIN_LENGTH';
  expect(en['password.rule']).toContain(` ${least} `);
  expect(de['password.rule']).toContain(` ${least} `);
});

describe('t', () => {
  it('fills in values and chooses the plural', () => {
    expect(t('upload.progress', { done: '1 MB', total: '2 MB' })).toBe('1 MB of 2 MB uploaded');
    expect(t('job.warnings', { count: 1 })).toBe('1 note');
    expect(t('job.warnings', { count: 1200 })).toBe('1,200 notes');
    i18n.use('de');
    expect(t('job.warnings', { count: 1200 })).toBe('1.200 Hinweise');
    expect(document.documentElement.lang).toBe('de');
  });

  it('follows the browser, then what was chosen', () => {
    vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['fr-FR', 'de-AT', 'en-GB']);
    i18n.start();
    expect(i18n.locale).toBe('de');
    expect(i18n.tag).toBe('de-AT');
    i18n.use('en');
    i18n.start();
    expect(i18n.locale).toBe('en');
    expect(i18n.tag).toBe('en-GB');
  });

  it('falls back to English', () => {
    vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['tlh']);
    i18n.start();
    expect(i18n.locale).toBe('en');
    expect(i18n.tag).toBe('en');
  });
});

describe('formats', () => {
  it.each([
    [0, '0:00'],
    [59.99, '0:59'],
    [187, '3:07'],
    [3723.4, '1:02:03'],
    [-1, '0:00'],
  ])('a clock shows %d s as %s', (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });

  it.each([
    [8.42, '8.4 sec'],
    [42.3, '42 sec'],
    [59.7, '1 min'],
    [200, '3 min 20 sec'],
    [180, '3 min'],
    [3720, '1 hr 2 min'],
    [7200, '2 hr'],
  ])('a duration of %d s reads %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it.each([
    [1, '1 byte'],
    [999, '999 bytes'],
    [2_412_000, '2.4 MB'],
    [52_300_000, '52 MB'],
    [5_368_709_120, '5.4 GB'],
  ])('%d bytes read %s', (bytes, text) => {
    expect(fileSize(bytes)).toBe(text);
  });

  it('a moment of today is a time, of another year a full date', () => {
    const now = new Date('2026-11-22T12:00:00');
    expect(moment('2026-11-22T09:05:00', now)).toBe('9:05 AM');
    expect(moment('2026-11-20T09:05:00', now)).toBe('Nov 20, 9:05 AM');
    expect(moment('2025-11-20T09:05:00', now)).toBe('Nov 20, 2025, 9:05 AM');
    expect(percent(0.974)).toBe('97%');
    expect(percent(0.998)).toBe('99%');
    expect(percent(1)).toBe('100%');
  });

  it('languages are named in the language of the page', () => {
    expect(languageName('de')).toBe('German');
    expect(languageName('jw')).toBe('Javanese');
    expect(languageName('zz', { zz: 'Zedish' })).toBe('Zedish');
    expect(languageName('not a code', {})).toBe('not a code');
    i18n.use('de', { remember: false });
    expect(languageName('de')).toBe('Deutsch');
  });
});

describe('problems in words', () => {
  const said = new ApiProblem({
    code: 'recording_too_large',
    status: 413,
    title: 'The recording cannot be transcribed',
    detail: 'size_bytes: expected at most 5, found 6',
    hint: 'Compress it.',
    requestId: 'req-9',
  });

  it("are the service's own in English", () => {
    expect(explain(said)).toEqual({
      title: 'The recording cannot be transcribed',
      detail: 'size_bytes: expected at most 5, found 6',
      detailLang: undefined,
      hint: 'Compress it.',
      code: 'recording_too_large',
      requestId: 'req-9',
    });
  });

  it('are ours in German, with the finding in its own language', () => {
    i18n.use('de', { remember: false });
    expect(explain(said)).toMatchObject({
      title: 'Die Aufnahme ist zu groß',
      detail: 'size_bytes: expected at most 5, found 6',
      detailLang: 'en',
      requestId: 'req-9',
    });
    const failure = { code: 'no_audio_track', message: 'expected sound, found none', hint: 'Upload it.' };
    expect(explainFailure(failure, 'req-1')).toMatchObject({
      title: 'Die Datei hat keine Tonspur',
      detail: 'expected sound, found none',
      detailLang: 'en',
    });
  });

  it('of a failed job name the reason first, and keep unknown codes', () => {
    const failure = { code: 'brand_new', message: 'expected a, found b', hint: 'Do c.' };
    expect(explainFailure(failure, 'req-1')).toMatchObject({
      title: 'expected a, found b',
      detail: '',
      hint: 'Do c.',
    });
    i18n.use('de', { remember: false });
    expect(explainFailure(failure, 'req-1')).toMatchObject({ title: 'expected a, found b', detail: '' });
  });

  it('have own words for what arises in the page, and for its faults', () => {
    const silence = new ApiProblem({ code: 'unreachable', status: 0, detail: '' });
    expect(explain(silence).title).toBe('The service cannot be reached');
    expect(explain(new Error('boom'))).toMatchObject({ title: 'Something went wrong', detail: 'boom' });
    expect(explain('odd')).toMatchObject({ detail: 'odd' });
  });
});
