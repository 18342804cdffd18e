/** Which page is shown, from the address's fragment: a static web host needs no rules for it. */
import type { JobFilters } from '../api/types.ts';
import { filtersIn } from '../jobs/filters.ts';

export type Route =
  | { page: 'recordings'; filters: JobFilters }
  | { page: 'reader'; jobId: string; atS: number | null }
  | { page: 'search'; q: string }
  | { page: 'account' }
  | { page: 'password' }
  | { page: 'users' }
  | { page: 'audit' }
  | { page: 'sign_up'; invitation: string | null }
  | { page: 'reset'; token: string | null };

/** Pages that mails link to: for whoever holds the link, signed in or not. */
export type MailedRoute = Extract<Route, { page: 'sign_up' | 'reset' }>;

export function isMailed(route: Route): route is MailedRoute {
  return route.page === 'sign_up' || route.page === 'reset';
}

export function routeOf(fragment: string): Route {
  const [path = '', query = ''] = fragment.split('?', 2);
  const values = new URLSearchParams(query);
  const reader = /^#\/recordings\/([0-9A-Za-z_-]+)$/.exec(path);
  if (reader?.[1] !== undefined) return { page: 'reader', jobId: reader[1], atS: seconds(values.get('at')) };
  switch (path) {
    case '#/search':
      return { page: 'search', q: values.get('q') ?? '' };
    case '#/account':
      return { page: 'account' };
    case '#/password':
      return { page: 'password' };
    case '#/users':
      return { page: 'users' };
    case '#/audit':
      return { page: 'audit' };
    case '#/sign-up':
      return { page: 'sign_up', invitation: values.get('invitation') };
    case '#/reset':
      return { page: 'reset', token: values.get('token') };
    default:
      return { page: 'recordings', filters: filtersIn(values) };
  }
}

function seconds(text: string | null): number | null {
  const value = Number(text ?? NaN);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

class Router {
  route = $state.raw<Route>(routeOf(location.hash));
  /** Counts the changes after the first page, which is where the browser puts the focus itself. */
  changes = $state(0);

  constructor() {
    window.addEventListener('hashchange', () => {
      const before = this.route;
      this.route = routeOf(location.hash);
      // Other filters show the same page: whoever chose them stays where they are.
      if (this.route.page !== 'recordings' || before.page !== 'recordings') this.changes += 1;
    });
  }

  go(fragment: `#/${string}`): void {
    location.hash = fragment;
  }

  /** Name what the page shows now, without leaving it and without a step to go back to. */
  rename(fragment: `#/${string}`): void {
    history.replaceState(history.state, '', fragment);
    this.route = routeOf(fragment);
  }

  /** Go there, and leave nothing of the present address behind: its token is used up. */
  goInstead(fragment: `#/${string}`): void {
    location.replace(fragment);
  }
}

export const router = new Router();

export function readerHref(jobId: string, atS: number | null = null): string {
  return `#/recordings/${jobId}${atS === null ? '' : `?at=${String(atS)}`}`;
}

export function searchHref(q: string): `#/${string}` {
  return `#/search?${new URLSearchParams({ q }).toString()}`;
}
