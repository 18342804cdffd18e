/** The whole app on the in-memory service, and what a person does with it: for the tests beside it. */
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterAll, afterEach, beforeEach } from 'vitest';
import { FakeSotto, PERSON } from '../dev/fake_sotto.ts';
import { Http } from '$lib/api/http.ts';
import { i18n } from '$lib/i18n/i18n.svelte.ts';
import { makeServices, type Services } from '$lib/services.ts';
import App from './App.svelte';

let presentFake: FakeSotto;
let presentServices: Services | null = null;

beforeEach(() => {
  sessionStorage.clear();
  localStorage.clear();
  go('#/');
  i18n.use('en', { remember: false });
  presentFake = new FakeSotto();
});

// Uppy looks at the network 3 s after it was made and nothing stops that: at a file's end the window would be gone.
const start = globalThis.setTimeout;
const started: ReturnType<typeof setTimeout>[] = [];
globalThis.setTimeout = Object.assign((...given: Parameters<typeof start>) => {
  const timer = start(...given);
  started.push(timer);
  return timer;
}, start);

afterAll(() => {
  for (const timer of started) clearTimeout(timer);
});

afterEach(() => {
  cleanup();
  presentServices?.jobs.stop();
  presentServices = null;
});

export function fake(): FakeSotto {
  return presentFake;
}

export function services(): Services {
  if (!presentServices) throw new Error('expected an open app, found none');
  return presentServices;
}

export function go(fragment: string): void {
  location.hash = fragment;
  window.dispatchEvent(new Event('hashchange'));
}

export async function open(): Promise<void> {
  presentServices = makeServices(new Http('/v1', presentFake.fetch));
  render(App, { services: presentServices });
  await presentServices.session.start();
}

export async function type(label: string, text: string): Promise<void> {
  await fireEvent.input(await screen.findByLabelText(label), { target: { value: text } });
}

/** Send the form that the field is in. */
export async function submit(label: string): Promise<void> {
  await fireEvent.submit(screen.getByLabelText(label).closest('form') as HTMLFormElement);
}

export async function signIn(password = PERSON.password): Promise<void> {
  await type('E-mail address', PERSON.email);
  await type('Password', password);
  await submit('Password');
}

export async function openSignedIn(): Promise<void> {
  await open();
  await signIn();
  await screen.findByRole('heading', { name: 'Recordings' });
}
