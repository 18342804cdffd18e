/** The ways to an account and out of it, on the in-memory service: what mails lead to, and the account's own page. */
import { fireEvent, screen, within } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { ONE_TIME_PASSWORD } from '../dev/fake_accounts.ts';
import { PERSON, problem } from '../dev/fake_sotto.ts';
import type { User } from '$lib/api/types.ts';
import { routeOf } from '$lib/ui/router.svelte.ts';
import { fake, go, open, openSignedIn, services, signIn, submit, type } from './testing.ts';

const OWN = 'green ferry slow river';

async function choosePassword(again = OWN): Promise<void> {
  await type('New password', OWN);
  await type('New password, once more', again);
}

describe('a new service', () => {
  it('asks for its first administrator, who is signed in then', async () => {
    fake().accounts.setup = { bootstrapped: false, sign_up: 'invitation' };
    await open();
    await screen.findByRole('heading', { name: 'Set up this service' });
    await type('One-time password', 'a guess');
    await type('E-mail address', 'first@example.org');
    await choosePassword();
    await submit('One-time password');
    expect((await screen.findByRole('alert')).textContent).toContain(
      'expected the one in the bootstrap secret',
    );
    await type('One-time password', ONE_TIME_PASSWORD);
    await submit('One-time password');
    await screen.findByRole('heading', { name: 'Recordings' });
    expect(services().session.email).toBe('first@example.org');
  });

  it('lets people sign in also where it does not say how it stands', async () => {
    fake().troubles.push({ route: 'GET /auth/setup', answer: 'silence' });
    await openSignedIn();
  });
});

describe('an invitation', () => {
  it('opens an account, whoever was signed in', async () => {
    await openSignedIn();
    const token = fake().accounts.mail('new@example.org');
    go(`#/sign-up?invitation=${token}`);
    await screen.findByRole('heading', { name: 'Open your account' });
    await choosePassword('green ferry');
    await submit('New password');
    expect((await screen.findByRole('alert')).textContent).toBe('The two new passwords differ.');
    await choosePassword();
    await submit('New password');
    await screen.findByRole('heading', { name: 'Recordings' });
    expect(services().session.email).toBe('new@example.org');
    expect(location.hash).toBe('#/');
  });

  it('says when it was used or is too old', async () => {
    go('#/sign-up?invitation=old');
    await open();
    await choosePassword();
    await submit('New password');
    expect((await screen.findByRole('alert')).textContent).toContain('neither used nor expired');
  });

  it('comes from an administrator where sign-up is not open', async () => {
    await open();
    expect(screen.queryByRole('link', { name: 'Make an account' })).toBeNull();
    expect(await screen.findByText(/An administrator of this service can make one/)).toBeTruthy();
  });

  it('is mailed on request where sign-up is open', async () => {
    fake().accounts.setup = { bootstrapped: true, sign_up: 'open' };
    await open();
    expect(await screen.findByRole('link', { name: 'Make an account' })).toBeTruthy();
    go('#/sign-up');
    await screen.findByRole('heading', { name: 'Make an account' });
    await type('E-mail address', 'new@example.org');
    await submit('E-mail address');
    expect(await screen.findByText(/A mail to new@example.org is on its way/)).toBeTruthy();
    expect(fake().accounts.mails.map((mail) => mail.to)).toEqual(['new@example.org']);
  });
});

describe('a forgotten password', () => {
  it('is replaced with the link of a mail', async () => {
    await open();
    expect(await screen.findByRole('link', { name: 'Forgot your password?' })).toBeTruthy();
    go('#/reset');
    await type('E-mail address', PERSON.email);
    await submit('E-mail address');
    await screen.findByText(/is on its way/);
    go(`#/reset?token=${fake().accounts.mails[0]?.token ?? ''}`);
    await screen.findByRole('heading', { name: 'Choose a new password' });
    await choosePassword();
    await submit('New password');
    await fireEvent.click(await screen.findByRole('button', { name: 'Sign in' }));
    go('#/');
    await signIn(OWN);
    await screen.findByRole('heading', { name: 'Recordings' });
  });

  it('offers a new mail when the link was used', async () => {
    go('#/reset?token=old');
    await open();
    await choosePassword();
    await submit('New password');
    expect((await screen.findByRole('alert')).textContent).toContain('neither used nor expired');
    expect(screen.getByRole('link', { name: 'Ask for a new mail' }).getAttribute('href')).toBe('#/reset');
  });
});

describe('the account', () => {
  async function openAccount(): Promise<void> {
    await openSignedIn();
    go('#/account');
    await screen.findByRole('heading', { name: 'API keys' });
  }

  it('makes a key, shows it once, and revokes it after a question', async () => {
    await openAccount();
    expect(await screen.findByText('You have no API keys.')).toBeTruthy();
    expect(screen.queryByLabelText('manage accounts')).toBeNull();
    await type('What is the key for?', 'nightly script');
    await fireEvent.click(screen.getByLabelText('upload, edit and delete recordings'));
    await submit('What is the key for?');
    expect(await screen.findByText('sk_U1_0000000001_secret')).toBeTruthy();
    const line = (await screen.findByText('nightly script')).closest('li') as HTMLElement;
    expect(within(line).getByText('read recordings and transcripts')).toBeTruthy();
    expect(within(line).getByText(/never used/)).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'I have it' }));
    expect(screen.queryByText('sk_U1_0000000001_secret')).toBeNull();

    await fireEvent.click(screen.getByRole('button', { name: 'Revoke nightly script' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Revoke' }));
    expect(await screen.findByText('You have no API keys.')).toBeTruthy();
  });

  it('offers administrators what administrators may do', async () => {
    fake().accounts.role = 'admin';
    await openAccount();
    expect(screen.getByLabelText('manage accounts')).toBeTruthy();
  });

  it('says what is used, and mails when a recording is finished to those who want it', async () => {
    await openAccount();
    expect(screen.getByText('1 hr 31 min of 10 hr')).toBeTruthy();
    expect(screen.getByText('2.4 MB')).toBeTruthy();
    const box = screen.getByLabelText<HTMLInputElement>('Mail me when a recording is finished or has failed');
    expect(box.checked).toBe(false);
    await fireEvent.click(box);
    expect(await screen.findByText('Your choice about mails is saved.')).toBeTruthy();
    expect(fake().accounts.job_mails).toBe(true);
    fake().troubles.push({ route: 'PATCH /account', answer: problem(503, 'unavailable', 'Busy', 'later') });
    await fireEvent.click(box);
    expect((await screen.findByRole('alert')).textContent).toContain('later');
    expect(box.checked).toBe(true);
  });

  it('ends every session', async () => {
    await openAccount();
    await fireEvent.click(screen.getByRole('button', { name: 'Sign out everywhere' }));
    await vi.waitFor(() => {
      expect(services().session.state).toBe('signed_out');
    });
    expect(fake().calls).toContain('POST /auth/sign-out-everywhere');
  });
});

describe('people with an account', () => {
  const other: User = {
    id: 'U2',
    email: 'grace@example.org',
    role: 'operator',
    created_at: '2026-11-22T10:00:00Z',
    must_change_password: false,
    disabled: false,
    job_mails: false,
    quotas: { minutes_a_month: null, concurrent_jobs: 3, stored_bytes: null },
  };

  it('are invited, disabled and enabled by administrators', async () => {
    fake().accounts.role = 'admin';
    fake().accounts.others.push({ ...other });
    await openSignedIn();
    go('#/account');
    expect(await screen.findByRole('link', { name: 'People with an account' })).toBeTruthy();
    go('#/users');
    await type('E-mail address', 'new@example.org');
    await submit('E-mail address');
    expect(await screen.findByText('An invitation to new@example.org is on its way.')).toBeTruthy();

    expect(screen.queryByRole('button', { name: `Disable ${PERSON.email}` })).toBeNull();
    await fireEvent.click(await screen.findByRole('button', { name: 'Show more people' }));
    await fireEvent.click(await screen.findByRole('button', { name: 'Disable grace@example.org' }));
    expect((await screen.findByText(/disabled$/)).textContent).toContain('Operator');
    await fireEvent.click(screen.getByRole('button', { name: 'Enable grace@example.org' }));
    expect(await screen.findByRole('button', { name: 'Disable grace@example.org' })).toBeTruthy();
  });

  it('are given quotas of their own', async () => {
    fake().accounts.role = 'admin';
    fake().accounts.others.push({ ...other });
    await openSignedIn();
    go('#/users');
    await fireEvent.click(await screen.findByRole('button', { name: 'Show more people' }));
    expect((await screen.findByText(/Unfinished jobs: 3/)).textContent).not.toContain('Stored');
    await fireEvent.click(screen.getByRole('button', { name: 'Quotas of grace@example.org' }));
    expect(await screen.findByText('Audio this month: 12 min 34 sec')).toBeTruthy();
    await type('Minutes of audio a month', '0');
    await type('Unfinished jobs', '');
    await type('Stored (GB)', '2.5');
    await submit('Stored (GB)');
    const facts = await screen.findByText(/Minutes of audio a month: no limit · Stored: 2.5 GB/);
    expect(facts.textContent).not.toContain('Unfinished');
    expect(fake().accounts.others[0]?.quotas).toEqual({
      minutes_a_month: 0,
      concurrent_jobs: null,
      stored_bytes: 2_500_000_000,
    });
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Quotas of grace@example.org');
  });

  it('are not shown to others', async () => {
    await openSignedIn();
    go('#/account');
    await screen.findByRole('heading', { name: 'API keys' });
    expect(screen.queryByRole('link', { name: 'People with an account' })).toBeNull();
    fake().troubles.push({
      route: 'GET /users',
      answer: problem(403, 'forbidden', 'Not allowed', 'GET /users: expected the scope admin:read'),
    });
    go('#/users');
    expect((await screen.findByRole('alert')).textContent).toContain('expected the scope admin:read');
  });
});

it('the audit log is read by day, page by page', async () => {
  fake().accounts.role = 'operator';
  await openSignedIn();
  go('#/account');
  expect(await screen.findByRole('link', { name: 'Audit log' })).toBeTruthy();
  go('#/audit');
  await type('Day (UTC)', '2026-11-22');
  expect(await screen.findByText('refused')).toBeTruthy();
  await fireEvent.click(await screen.findByRole('button', { name: 'Show earlier entries' }));
  expect(await screen.findByText('done')).toBeTruthy();
  expect(screen.getAllByText(/by U1 · U1 · password · 192.0.2.7/)).toHaveLength(2);
});

describe('addresses', () => {
  it.each([
    ['', { page: 'recordings', filters: {} }],
    ['#/nowhere', { page: 'recordings', filters: {} }],
    [
      '#/?tag=river+bank&from=2026-11-01&else=1',
      { page: 'recordings', filters: { tag: 'river bank', from: '2026-11-01' } },
    ],
    ['#/recordings/01J', { page: 'reader', jobId: '01J', atS: null }],
    ['#/recordings/01J?at=12.5', { page: 'reader', jobId: '01J', atS: 12.5 }],
    ['#/recordings/01J?at=x', { page: 'reader', jobId: '01J', atS: null }],
    ['#/search?q=%22the+budget%22', { page: 'search', q: '"the budget"' }],
    ['#/sign-up', { page: 'sign_up', invitation: null }],
    ['#/sign-up?invitation=iv_1.a-_b', { page: 'sign_up', invitation: 'iv_1.a-_b' }],
    ['#/reset?token=pw_1.x', { page: 'reset', token: 'pw_1.x' }],
  ])('%s', (fragment, route) => {
    expect(routeOf(fragment)).toEqual(route);
  });
});
