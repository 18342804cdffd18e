/**
 * Where the session survives a reload: the refresh token and the e-mail address in sessionStorage, which the browser
 * drops with the tab. The access token is never stored. docs/web.md weighs this against the alternatives.
 */
export interface StoredSession {
  refreshToken: string;
  email: string;
}

const KEY = 'sotto.session';

export class SessionStore {
  readonly #storage: Storage;

  constructor(storage: Storage = sessionStorage) {
    this.#storage = storage;
  }

  read(): StoredSession | null {
    try {
      const value: unknown = JSON.parse(this.#storage.getItem(KEY) ?? 'null');
      return isStored(value) ? value : null;
    } catch {
      return null; // storage may be switched off, or hold something foreign: then there is no session
    }
  }

  write(session: StoredSession): void {
    try {
      this.#storage.setItem(KEY, JSON.stringify(session));
    } catch {
      // Without storage the session lasts until the next reload, which is still a working page.
    }
  }

  clear(): void {
    try {
      this.#storage.removeItem(KEY);
    } catch {
      // see write
    }
  }
}

function isStored(value: unknown): value is StoredSession {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as StoredSession).refreshToken === 'string' &&
    typeof (value as StoredSession).email === 'string'
  );
}
