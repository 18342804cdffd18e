import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { form, reference, type ApiDocument } from './reference.ts';

const api = JSON.parse(readFileSync('../docs/api/openapi.json', 'utf8')) as ApiDocument;

function shown(document_: ApiDocument): HTMLElement {
  const place = document.createElement('main');
  place.append(...reference(document_));
  return place;
}

describe('the API reference', () => {
  const page = shown(api);

  it('shows every operation of the document once', () => {
    const operations = Object.values(api.paths).flatMap((one) =>
      Object.values(one).map((two) => two.operationId),
    );
    const found = [...page.querySelectorAll('details')]
      .map((one) => one.id)
      .filter((id) => !id.startsWith('shape-'));
    expect(found.sort()).toEqual(operations.sort());
  });

  it('says scope, parameters, body and answers of a route', () => {
    const words = page.querySelector('#create_job')?.textContent ?? '';
    expect(words).toContain('POST /v1/jobs');
    expect(words).toContain('Scope: jobs:write');
    expect(words).toContain('application/json');
    expect(words).toContain('429');
    expect(page.querySelector('#livez')?.textContent).toContain('No token is needed.');
  });

  it('links only to shapes that it shows', () => {
    const targets = [...page.querySelectorAll('a[href^="#"]')].map((one) => one.getAttribute('href') ?? '');
    expect(targets.length).toBeGreaterThan(100);
    expect(targets.filter((one) => !page.querySelector(one))).toEqual([]);
  });

  it('takes no markup from the document', () => {
    const evil = shown({ ...api, info: { ...api.info, description: '<img src="x">' } });
    expect(evil.querySelector('img')).toBeNull();
  });

  it('says forms in one line', () => {
    const words = (schema: Parameters<typeof form>[0]): string => {
      const found = form(schema);
      return typeof found === 'string' ? found : (found.textContent ?? '');
    };
    expect(words({ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] } })).toBe(
      'list of string or null',
    );
    expect(words({ enum: ['put'] })).toBe('"put"');
    expect(words({ type: 'string', format: 'date' })).toBe('string, date');
  });
});
