/** Which jobs the list shows, and how the address says so. */
import type { JobFilters } from '../api/types.ts';

const KEYS: readonly (keyof JobFilters)[] = ['text', 'status', 'tag', 'model', 'language', 'from', 'to'];

export function filtersIn(query: URLSearchParams): JobFilters {
  const found: JobFilters = {};
  for (const key of KEYS) {
    const value = query.get(key);
    if (value) found[key] = value;
  }
  return found;
}

export function isFiltered(filters: JobFilters): boolean {
  return KEYS.some((key) => filters[key]);
}

export function listHref(filters: JobFilters): `#/${string}` {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    if (filters[key]) query.set(key, filters[key]);
  }
  return query.size > 0 ? `#/?${query.toString()}` : '#/';
}
