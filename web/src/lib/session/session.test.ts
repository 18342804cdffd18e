import { BroadcastChannel as Channel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSotto, PERSON } from '../../../dev/fake_sotto.ts';
import { Http } from '../api/http.ts';
import { AuthApi, SottoApi } from '../api/sotto.ts';
import { Session } from './session.svelte.ts';
import { SessionStore } from './session_store.ts';

const START = Date.parse('2026-11-22T10:00:00Z');
let now = START;
let fake: FakeSotto;
const channels: Channel[] = [];

function open({ storage = sessionStorage, tabs = null as Channel | null } = {}) {
  const http = new Http('/v1', fake.fetch);
  const session = new Session(
    new AuthApi(http),
    new SessionStore(storage),
    () => now,
    tabs as unknown as BroadcastChannel | null,
  );
  return { session, api: new SottoApi(http, session) };
}

function channel(): Channel {
  const made = new Channel('sotto.session.test');
  channels.push(made);
  return made;
}

const refreshes = () => fake.calls.filter((call) => call === 'POST /auth/refresh').length;

beforeEach(() => {
  now = START;
  fake = new FakeSotto(() => now);
  sessionStorage.clear();
});

afterEach(() => {
  for (const made of channels.splice(0)) made.close();
});

describe('signing in', () => {
  it('opens the session and stores the refresh token, never the access token', async () => {
    const { session, api } = open();
    await session.start();
    expect(session.state).toBe('signed_out');
    await session.signIn(PERSON.email, PERSON.password);
    expect(session.state).toBe('signed_in');
    expect((await api.jobs()).jobs).toEqual([]);
    const stored = JSON.stringify({ ...sessionStorage });
    expect(stored).toContain('refresh-1');
    expect(stored).not.toContain('access-');
  });

  it('leaves nothing behind after a wrong password', async () => {
    const { session } = open();
    await session.start();
    await expect(session.signIn(PERSON.email, 'wrong')).rejects.toMatchObject({ status: 401 });
    expect(session.state).toBe('signed_out');
    expect(sessionStorage.length).toBe(0);
  });

  it('tells that the password must be changed, and goes on after the change', async () => {
    fake.mustChangePassword = true;
    const { session, api } = open();
    await session.signIn(PERSON.email, PERSON.password);
    expect(session.mustChangePassword).toBe(true);
    await session.changePassword(PERSON.password, 'another long password');
    expect(session.mustChangePassword).toBe(false);
    await expect(api.jobs()).resolves.toBeDefined();
  });
});

describe('renewal', () => {
  it('happens before the token expires, once for all who wait', async () => {
    const { session, api } = open();
    await session.signIn(PERSON.email, PERSON.password);
    now += 880_000;
    await Promise.all([api.jobs(), api.jobs(), api.catalogue()]);
    expect(refreshes()).toBe(1);
  });

  it('happens when the service refuses a token that looked good', async () => {
    const { session, api } = open();
    await session.signIn(PERSON.email, PERSON.password);
    fake.revoke();
    await expect(api.jobs()).resolves.toBeDefined();
    expect(refreshes()).toBe(1);
  });

  it('takes the session up after a reload', async () => {
    await open().session.signIn(PERSON.email, PERSON.password);
    const { session, api } = open();
    await session.start();
    expect(session.state).toBe('signed_in');
    expect(session.email).toBe(PERSON.email);
    await expect(api.jobs()).resolves.toBeDefined();
  });

  it('ends the session when the service refuses, and says so', async () => {
    const { session, api } = open();
    await session.signIn(PERSON.email, PERSON.password);
    fake.revoke({ all: true });
    await expect(api.jobs()).rejects.toMatchObject({ status: 401 });
    expect(session.state).toBe('signed_out');
    expect(session.ended).toBe(true);
    expect(sessionStorage.length).toBe(0);
  });

  it('keeps the session when nobody answers', async () => {
    await open().session.signIn(PERSON.email, PERSON.password);
    const { session, api } = open();
    fake.troubles.push({ route: 'POST /auth/refresh', answer: 'silence' });
    await session.start();
    expect(session.state).toBe('signed_in');
    await expect(api.jobs()).resolves.toBeDefined();
  });
});

describe('signing out', () => {
  it('ends the session here even if nobody answers', async () => {
    const { session, api } = open();
    await session.signIn(PERSON.email, PERSON.password);
    fake.troubles.push({ route: 'POST /auth/sign-out', answer: 'silence' });
    await session.signOut();
    expect(session.state).toBe('signed_out');
    expect(session.ended).toBe(false);
    await expect(api.jobs()).rejects.toMatchObject({ status: 401 });
  });

  it('during a renewal does not bring the session back', async () => {
    const { session, api } = open();
    await session.signIn(PERSON.email, PERSON.password);
    now += 880_000;
    const reading = api.jobs();
    await session.signOut();
    await reading.catch(() => undefined);
    expect(session.state).toBe('signed_out');
    expect(sessionStorage.length).toBe(0);
  });
});

describe('two tabs with the same session', () => {
  async function twoTabs() {
    const first = open({ tabs: channel() });
    await first.session.signIn(PERSON.email, PERSON.password);
    const second = open({ tabs: channel() }); // a duplicated tab starts from a copy of the stored session
    await second.session.start();
    return { first, second };
  }

  /** The news of a renewal travels between tabs; each step begins when it has arrived. */
  async function sameToken(one: ReturnType<typeof open>, other: ReturnType<typeof open>) {
    const present = now;
    now = START; // all tokens look young, so that looking renews nothing
    await vi.waitFor(async () => {
      expect(await one.session.accessToken()).toBe(await other.session.accessToken());
    });
    now = present;
  }

  it('do not make the service believe in theft', async () => {
    const { first, second } = await twoTabs();
    for (const renews of [first, second, first]) {
      await sameToken(first, second);
      now += 880_000;
      await expect(renews.api.jobs()).resolves.toBeDefined();
    }
    expect(refreshes()).toBe(4);
    expect([first.session.state, second.session.state]).toEqual(['signed_in', 'signed_in']);
  });

  it('sign out together', async () => {
    const { first, second } = await twoTabs();
    await sameToken(first, second);
    await second.session.signOut();
    await vi.waitFor(() => {
      expect(first.session.state).toBe('signed_out');
    });
  });
});

describe('the store', () => {
  it('takes foreign content and missing storage for no session', () => {
    sessionStorage.setItem('sotto.session', '{"refreshToken": 7}');
    expect(new SessionStore().read()).toBeNull();
    sessionStorage.setItem('sotto.session', 'not json');
    expect(new SessionStore().read()).toBeNull();
    const broken = {
      getItem: () => {
        throw new Error('denied');
      },
      setItem: () => {
        throw new Error('denied');
      },
      removeItem: () => {
        throw new Error('denied');
      },
    } as unknown as Storage;
    const store = new SessionStore(broken);
    store.write({ refreshToken: 'r', email: 'e' });
    store.clear();
    expect(store.read()).toBeNull();
  });
});
