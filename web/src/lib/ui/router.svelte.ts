/** Which page is shown, from the address's fragment: a static web host needs no rules for it. */
export type Route = { page: 'recordings' } | { page: 'reader'; jobId: string } | { page: 'password' };

export function routeOf(fragment: string): Route {
  const reader = /^#\/recordings\/([0-9A-Za-z_-]+)$/.exec(fragment);
  if (reader?.[1] !== undefined) return { page: 'reader', jobId: reader[1] };
  if (fragment === '#/password') return { page: 'password' };
  return { page: 'recordings' };
}

class Router {
  route = $state.raw<Route>(routeOf(location.hash));
  /** Counts the changes after the first page, which is where the browser puts the focus itself. */
  changes = $state(0);

  constructor() {
    window.addEventListener('hashchange', () => {
      this.route = routeOf(location.hash);
      this.changes += 1;
    });
  }

  go(fragment: '#/' | '#/password'): void {
    location.hash = fragment;
  }
}

export const router = new Router();

export function readerHref(jobId: string): string {
  return `#/recordings/${jobId}`;
}
