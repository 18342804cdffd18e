/**
 * Who is signed in. Holds the access token in memory, renews it shortly before it expires or once after a 401, and
 * tells the other tabs.
 *
 * Why tabs talk: the service replaces the refresh token at every renewal and treats the second use of an old one as
 * theft. "Duplicate tab" copies sessionStorage, so two tabs may hold the same token; the one that renews hands the new
 * tokens to the other over a same-origin channel.
 */
import type { TokenSource } from '../api/http.ts';
import { ApiProblem } from '../api/problem.ts';
import type { AuthApi } from '../api/sotto.ts';
import type { Tokens } from '../api/types.ts';
import type { SessionStore } from './session_store.ts';

const RENEW_BEFORE_MS = 30_000;

interface Held {
  accessToken: string;
  expiresAt: number;
  refreshToken: string;
}

type TabMessage =
  { kind: 'renewed'; replaced: string; held: Held } | { kind: 'signed-out'; refreshToken: string };

export type SessionState = 'starting' | 'signed_out' | 'signed_in';

export class Session implements TokenSource {
  state = $state<SessionState>('starting');
  email = $state('');
  mustChangePassword = $state(false);
  /** True when the service ended the session, so that the sign-in page can say why it is there. */
  ended = $state(false);

  readonly #auth: AuthApi;
  readonly #store: SessionStore;
  readonly #now: () => number;
  readonly #tabs: BroadcastChannel | null;
  #held: Held | null = null;
  #renewal: Promise<Held> | null = null;

  constructor(
    auth: AuthApi,
    store: SessionStore,
    now: () => number = Date.now,
    tabs: BroadcastChannel | null = typeof BroadcastChannel === 'function'
      ? new BroadcastChannel('sotto.session')
      : null,
  ) {
    this.#auth = auth;
    this.#store = store;
    this.#now = now;
    this.#tabs = tabs;
    tabs?.addEventListener('message', (event: MessageEvent<TabMessage>) => {
      this.#heard(event.data);
    });
  }

  /** Take up the session of before the reload, if there is one. Never rejects. */
  async start(): Promise<void> {
    const stored = this.#store.read();
    if (!stored) {
      this.state = 'signed_out';
      return;
    }
    this.email = stored.email;
    this.#held = { accessToken: '', expiresAt: 0, refreshToken: stored.refreshToken };
    try {
      await this.#renew();
    } catch {
      // A refusal has ended the session in #renew. When nothing answered, the views show that and try again.
      if (this.#held) this.state = 'signed_in';
    }
  }

  /** Rejects with ApiProblem (401 for a wrong password). */
  async signIn(email: string, password: string): Promise<void> {
    const tokens = await this.#auth.signIn(email, password);
    this.email = email;
    this.ended = false;
    this.#adopt(this.#hold(tokens));
    this.mustChangePassword = tokens.must_change_password;
  }

  /** Ends the session here whatever the network says. */
  async signOut(): Promise<void> {
    const refreshToken = this.#held?.refreshToken;
    this.#end({ ended: false });
    if (refreshToken === undefined) return;
    this.#tabs?.postMessage({ kind: 'signed-out', refreshToken } satisfies TabMessage);
    await this.#auth.signOut(refreshToken).catch(() => undefined);
  }

  /** Change the password and go on with a session made with the new one. Rejects with ApiProblem. */
  async changePassword(oldPassword: string, newPassword: string): Promise<void> {
    await this.#auth.changePassword(oldPassword, newPassword, this);
    await this.signIn(this.email, newPassword);
  }

  async accessToken(): Promise<string> {
    if (this.#held && this.#held.expiresAt - RENEW_BEFORE_MS > this.#now()) return this.#held.accessToken;
    return (await this.#renew()).accessToken;
  }

  async tokenAfter(refused: string): Promise<string> {
    if (this.#held && this.#held.accessToken !== refused) return this.accessToken();
    return (await this.#renew()).accessToken;
  }

  /** One renewal at a time: all callers wait for the same one. */
  #renew(): Promise<Held> {
    this.#renewal ??= this.#renewNow().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewNow(): Promise<Held> {
    const old = this.#held;
    if (!old) throw new ApiProblem({ code: 'unauthenticated', status: 401, detail: '' });
    try {
      const tokens = await this.#auth.refresh(old.refreshToken);
      const held = this.#hold(tokens);
      if (this.#held === null) return held; // signed out meanwhile
      this.#adopt(held);
      this.mustChangePassword = tokens.must_change_password;
      const message: TabMessage = { kind: 'renewed', replaced: old.refreshToken, held };
      this.#tabs?.postMessage(message);
      return held;
    } catch (error) {
      const replacedByOtherTab = this.#held !== null && this.#held !== old;
      if (replacedByOtherTab) return this.#held as Held;
      if (error instanceof ApiProblem && !error.temporary) this.#end({ ended: true });
      throw error;
    }
  }

  #hold(tokens: Tokens): Held {
    return {
      accessToken: tokens.access_token,
      expiresAt: this.#now() + tokens.expires_in * 1000,
      refreshToken: tokens.refresh_token,
    };
  }

  #adopt(held: Held): void {
    this.#held = held;
    this.#store.write({ refreshToken: held.refreshToken, email: this.email });
    this.state = 'signed_in';
  }

  #end(reason: { ended: boolean }): void {
    this.#held = null;
    this.#store.clear();
    this.state = 'signed_out';
    this.mustChangePassword = false;
    this.ended = reason.ended;
  }

  #heard(message: TabMessage): void {
    if (!this.#held) return;
    if (message.kind === 'renewed' && message.replaced === this.#held.refreshToken) this.#adopt(message.held);
    if (message.kind === 'signed-out' && message.refreshToken === this.#held.refreshToken) {
      this.#end({ ended: false });
    }
  }
}
