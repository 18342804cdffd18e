/** The app as a person meets it, on the in-memory service: every page, every way it can fail. */
import { fireEvent, screen, within } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { PERSON, problem } from '../dev/fake_sotto.ts';
import { piecesOf } from '$lib/search/snippet.ts';
import { fake, go, open, openSignedIn, services, signIn, submit, type } from './testing.ts';

const row = async (name: string) => (await screen.findByText(name)).closest('li') as HTMLElement;

describe('signing in', () => {
  it('says when the password is wrong, and keeps the address', async () => {
    await open();
    await signIn('wrong');
    expect((await screen.findByRole('alert')).textContent).toContain(
      'The e-mail address or the password is not right.',
    );
    expect(screen.getByLabelText<HTMLInputElement>('E-mail address').value).toBe(PERSON.email);
  });

  it('says when the service cannot be reached', async () => {
    await open();
    fake().troubles.push({ route: 'POST /auth/sign-in', answer: 'silence' });
    await signIn();
    expect((await screen.findByRole('alert')).textContent).toContain('The service cannot be reached');
  });

  it('leads to an empty list that says what to do', async () => {
    await openSignedIn();
    expect(await screen.findByText('Nothing here yet')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Choose files' })).toBeTruthy();
  });

  it('asks for an own password where it was set by somebody else', async () => {
    fake().mustChangePassword = true;
    await open();
    await signIn();
    await screen.findByRole('heading', { name: 'Choose a new password' });
    await type('Present password', PERSON.password);
    await type('New password', 'short');
    await type('New password, once more', 'shorter');
    await submit('Present password');
    expect((await screen.findByRole('alert')).textContent).toBe('The two new passwords differ.');
    await type('New password, once more', 'short');
    await submit('Present password');
    expect((await screen.findByText(/expected at least 12 characters/)).textContent).toBeTruthy();
    await type('New password', 'green ferry slow river');
    await type('New password, once more', 'green ferry slow river');
    await submit('Present password');
    await screen.findByRole('heading', { name: 'Recordings' });
  });

  it('is asked for again, with a reason, when the session has ended', async () => {
    await openSignedIn();
    fake().revoke({ all: true });
    await services().jobs.refresh();
    expect(await screen.findByText(/Your session has ended/)).toBeTruthy();
  });

  it('ends with signing out', async () => {
    await openSignedIn();
    await fireEvent.click(screen.getByRole('button', { name: 'Sign out' }));
    await screen.findByRole('heading', { name: 'Sign in' });
    expect(sessionStorage.length).toBe(0);
  });
});

describe('the list', () => {
  it('shows a failed job with reason, next step, code and request id', async () => {
    const failure = {
      code: 'no_audio_track',
      message: 'expected sound, found none',
      hint: 'Upload the other one.',
    };
    fake().seed('film.mp4', { status: 'FAILED', failure });
    await openSignedIn();
    const text = (await row('film.mp4')).textContent;
    for (const part of ['Failed', failure.message, failure.hint, 'no_audio_track', 'req-']) {
      expect(text).toContain(part);
    }
    expect(within(await row('film.mp4')).queryByRole('button', { name: 'Transcribe again' })).toBeNull();
  });

  it('offers another attempt where it may help', async () => {
    const failure = { code: 'part_failed_repeatedly', message: 'expected a, found b', hint: 'Retry.' };
    const job = fake().seed('talk.mp3', { status: 'FAILED', failure });
    job.timings.uploaded_at = job.timings.created_at;
    await openSignedIn();
    await fireEvent.click(within(await row('talk.mp3')).getByRole('button', { name: 'Transcribe again' }));
    await vi.waitFor(async () => {
      expect((await row('talk.mp3')).textContent).toContain('waiting for the service');
    });
  });

  it('stops a job that runs, and offers it again', async () => {
    const job = fake().seed('talk.mp3', { status: 'PROCESSING', stage: 'transcribing' });
    job.timings.uploaded_at = job.timings.created_at;
    await openSignedIn();
    await fireEvent.click(within(await row('talk.mp3')).getByRole('button', { name: 'Stop talk.mp3' }));
    expect(
      await within(await row('talk.mp3')).findByRole('button', { name: 'With other choices' }),
    ).toBeTruthy();
    expect((await row('talk.mp3')).textContent).toContain('Cancelled');
  });

  it('shows progress as the service measured it', async () => {
    const progress = { seconds_done: 15, seconds_total: 60, parts_done: 1, parts_total: 4 };
    fake().seed('talk.mp3', { status: 'PROCESSING', stage: 'transcribing', progress });
    await openSignedIn();
    const bar = within(await row('talk.mp3')).getByRole<HTMLProgressElement>('progressbar');
    expect(bar.value).toBe(0.25);
    expect((await row('talk.mp3')).textContent).toContain('Transcribing: 0:15 of 1:00');
  });

  it('shows what is before a job that waits, and when it will be done', async () => {
    fake().seed('first.mp3', { status: 'QUEUED' }, 60);
    fake().seed('second.mp3', { status: 'QUEUED' });
    await openSignedIn();
    expect(await within(await row('first.mp3')).findByText('It is next. Done in about 20 sec.')).toBeTruthy();
    const words = '1 recording is before it. Done in about 40 sec.';
    expect(await within(await row('second.mp3')).findByText(words)).toBeTruthy();
  });

  it('says why it is not there, and tries again', async () => {
    fake().troubles.push({
      route: 'GET /models',
      answer: problem(503, 'unavailable', 'Busy', 'models: later'),
    });
    await openSignedIn();
    expect(await screen.findByText('models: later')).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByLabelText('Model')).toBeTruthy();
  });

  it('loads older recordings on request', async () => {
    fake().pageSize = 1;
    fake().seed('new.mp3', { status: 'COMPLETED' });
    fake().seed('old.mp3', { status: 'COMPLETED' }, 60);
    await openSignedIn();
    await fireEvent.click(await screen.findByRole('button', { name: 'Show older recordings' }));
    expect(await screen.findByText('old.mp3')).toBeTruthy();
  });

  it('deletes only after a question', async () => {
    fake().seed('talk.mp3', { status: 'COMPLETED' });
    await openSignedIn();
    await fireEvent.click(await screen.findByRole('button', { name: 'Delete talk.mp3' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Keep it' }));
    expect(screen.getByText('talk.mp3')).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'Delete talk.mp3' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Delete for good' }));
    await vi.waitFor(() => {
      expect(screen.queryByText('talk.mp3')).toBeNull();
    });
  });

  it('shows a refused file with the reason', async () => {
    await openSignedIn();
    services().uploads.add([new File(['x'], 'notes.txt', { type: 'text/plain' })], {});
    const shown = await row('notes.txt');
    expect(await within(shown).findByText(/expected audio/)).toBeTruthy();
    await fireEvent.click(within(shown).getByRole('button', { name: 'Remove notes.txt from the list' }));
    expect(screen.queryByText('notes.txt')).toBeNull();
  });

  it('keeps the page when the connection is lost, and says so', async () => {
    await openSignedIn();
    window.dispatchEvent(new Event('offline'));
    expect(await screen.findByText(/You are offline/)).toBeTruthy();
    window.dispatchEvent(new Event('online'));
    await vi.waitFor(() => {
      expect(screen.queryByText(/You are offline/)).toBeNull();
    });
  });

  it('speaks German at once', async () => {
    await openSignedIn();
    await fireEvent.change(screen.getByLabelText('Language of this page'), { target: { value: 'de' } });
    expect(await screen.findByRole('heading', { name: 'Aufnahmen' })).toBeTruthy();
    expect(screen.getByText('Aufnahmen hier ablegen')).toBeTruthy();
  });
});

describe('a link', () => {
  it('is fetched by the service, with the choices of the form', async () => {
    await openSignedIn();
    const model = await screen.findByLabelText('Model');
    await fireEvent.change(model, { target: { value: 'tiny.en' } });
    await type('Or paste a link to a recording', ' https://example.org/talks/evening.mp3 ');
    await submit('Or paste a link to a recording');
    const shown = await row('evening.mp3');
    expect(shown.textContent).toContain('Fetching the recording');
    expect(shown.textContent).toContain('tiny.en');
    expect(screen.getByLabelText<HTMLInputElement>('Or paste a link to a recording').value).toBe('');
  });

  it('that is refused stays, with the reason', async () => {
    await openSignedIn();
    await type('Or paste a link to a recording', 'evening.mp3');
    await submit('Or paste a link to a recording');
    expect((await screen.findByRole('alert')).textContent).toContain('expected an address of the public web');
    expect(screen.getByLabelText<HTMLInputElement>('Or paste a link to a recording').value).toBe(
      'evening.mp3',
    );
  });
});

describe('title and tags', () => {
  const facts = { status: 'COMPLETED', duration_s: 14, language: 'en' } as const;

  it('are given in the list, and taken away again', async () => {
    const job = fake().seed('0412.m4a', facts);
    await openSignedIn();
    await fireEvent.click(await screen.findByRole('button', { name: 'Title and tags of 0412.m4a' }));
    await type('Title', 'The ferryman');
    const tags = screen.getByLabelText('Tags', { selector: 'input' });
    await type('Tags', 'river, interviews');
    await fireEvent.keyDown(tags, { key: 'Enter' });
    await fireEvent.click(screen.getByRole('button', { name: 'Remove interviews' }));
    await type('Tags', 'bank');
    await submit('Title');
    expect(await screen.findByRole('link', { name: 'The ferryman' })).toBeTruthy();
    expect(job).toMatchObject({ title: 'The ferryman', tags: ['river', 'bank'] });
    expect((await row('The ferryman')).textContent).toContain('0412.m4a');

    const refusal = problem(400, 'invalid_input', 'Invalid input', 'title: expected at most 200 characters');
    fake().troubles.push({ route: `PATCH /jobs/${job.id}`, answer: refusal });
    await fireEvent.click(screen.getByRole('button', { name: 'Title and tags of The ferryman' }));
    await type('Title', '  ');
    await submit('Title');
    expect((await screen.findByRole('alert')).textContent).toContain('at most 200 characters');
    await submit('Title');
    expect(await screen.findByRole('link', { name: '0412.m4a' })).toBeTruthy();
    expect(job.title).toBeNull();
  });

  it('are given in the reader', async () => {
    const job = fake().seed('0412.m4a', facts);
    go(`#/recordings/${job.id}`);
    await open();
    await signIn();
    await fireEvent.click(await screen.findByRole('button', { name: 'Title and tags' }));
    await type('Title', 'The ferryman');
    await type('Tags', 'river');
    await submit('Title');
    expect(await screen.findByRole('heading', { name: 'The ferryman' })).toBeTruthy();
    expect(screen.getByRole('link', { name: 'river' }).getAttribute('href')).toBe('#/?tag=river');
    expect(screen.getByText('0412.m4a')).toBeTruthy();
  });
});

describe('filters', () => {
  it('narrow the list, stand in the address, and are taken back', async () => {
    fake().seed('ferry.mp3', { status: 'COMPLETED', title: 'The ferryman', tags: ['river'] });
    fake().seed('board.mp3', { status: 'FAILED' });
    await openSignedIn();
    await screen.findByText('board.mp3');
    await fireEvent.change(screen.getByLabelText('Status'), { target: { value: 'FAILED,EXPIRED' } });
    await vi.waitFor(() => {
      expect(screen.queryByText('The ferryman')).toBeNull();
    });
    expect(location.hash).toBe('#/?status=FAILED%2CEXPIRED');
    expect(screen.getByText('board.mp3')).toBeTruthy();
    await type('Title or file name', 'ferry');
    expect(await screen.findByText('No recording is like this.')).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'Show all' }));
    await fireEvent.click(await screen.findByRole('link', { name: 'river' }));
    go('#/?tag=river');
    await vi.waitFor(() => {
      expect(screen.queryByText('board.mp3')).toBeNull();
    });
    expect(screen.getByLabelText<HTMLInputElement>('Tag').value).toBe('river');
  });

  it('are those of the address from the beginning, and end where something new comes', async () => {
    fake().seed('ferry.mp3', { status: 'COMPLETED', tags: ['river'] });
    fake().seed('board.mp3', { status: 'COMPLETED' });
    go('#/?tag=river');
    await openSignedIn();
    await screen.findByText('ferry.mp3');
    expect(screen.queryByText('board.mp3')).toBeNull();
    const input = document.querySelector('input[type=file]') as HTMLInputElement;
    const file = new File(['x'], 'notes.txt', { type: 'text/plain' });
    await fireEvent.change(input, { target: { files: [file] } });
    expect(await screen.findByText('board.mp3')).toBeTruthy();
    expect(location.hash).toBe('#/');
  });
});

describe('search', () => {
  it('finds words, marks them, and leads to the second in the reader', async () => {
    const job = fake().seed('Ferry.mp3', { status: 'COMPLETED', duration_s: 62.5, language: 'en' });
    fake().pageSize = 1;
    await openSignedIn();
    go('#/search');
    await type('Words in your transcripts', 'river');
    await submit('Words in your transcripts');
    window.dispatchEvent(new Event('hashchange'));
    const hit = await screen.findByRole('link', { name: /^Ferry.mp3, 0:03$/ });
    expect(screen.getByText('river').tagName).toBe('MARK');
    await fireEvent.click(await screen.findByRole('button', { name: 'Show more places' }));
    await vi.waitFor(() => {
      expect(screen.getAllByRole('link', { name: /^Ferry.mp3,/ })).toHaveLength(2);
    });
    const scrolled = vi.spyOn(Element.prototype, 'scrollIntoView');
    expect(hit.getAttribute('href')).toMatch(new RegExp(`^#/recordings/${job.id}\\?at=3`));
    go(hit.getAttribute('href') ?? '');
    await screen.findByRole('heading', { name: 'Ferry.mp3' });
    const [row] = scrolled.mock.contexts as Element[];
    expect(row?.textContent).toContain('We wanted to start with the river');
  });

  it('says that nothing was found, and what was wrong with the question', async () => {
    await openSignedIn();
    go('#/search?q=budget');
    expect(await screen.findByText('No transcript holds budget.')).toBeTruthy();
    fake().troubles.push({
      route: 'GET /search',
      answer: problem(400, 'invalid_input', 'Invalid input', 'q: expected two letters, found one'),
    });
    go('#/search?q=b*');
    expect((await screen.findByRole('alert')).textContent).toContain('q: expected two letters, found one');
  });

  it('counts characters as the service does', () => {
    expect(piecesOf('🎤 the mic', [[2, 5]])).toEqual([
      { text: '🎤 ', found: false },
      { text: 'the', found: true },
      { text: ' mic', found: false },
    ]);
    expect(piecesOf('', [])).toEqual([]);
  });
});

describe('the reader', () => {
  async function read(fragment: string) {
    go(fragment);
    await open();
    await signIn();
  }

  it('shows the text with its times and where it came from', async () => {
    const job = fake().seed('Ferry.mp3', { status: 'COMPLETED', duration_s: 62.5, language: 'en' });
    job.language_probability = 0.97;
    await read(`#/recordings/${job.id}`);
    expect(await screen.findByRole('heading', { name: 'Ferry.mp3' })).toBeTruthy();
    expect(screen.getByText('English (detected, 97% sure)')).toBeTruthy();
    expect(screen.getAllByText(/We wanted to start with the river/).length).toBe(2);
    expect(screen.getByRole('button', { name: 'Listen from 0:03' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Download as SRT' })).toBeTruthy();
  });

  it('says that there is no such recording', async () => {
    await read('#/recordings/NOWHERE');
    expect((await screen.findByRole('alert')).textContent).toContain('There is no such recording');
  });

  it('says that a recording is not ready', async () => {
    const job = fake().seed('talk.mp3', { status: 'PROCESSING' });
    await read(`#/recordings/${job.id}`);
    expect((await screen.findByRole('alert')).textContent).toContain('This recording has no transcript yet.');
  });

  it('says that no speech was found', async () => {
    const job = fake().seed('silence.mp3', { status: 'COMPLETED', duration_s: 3 });
    await read(`#/recordings/${job.id}`);
    expect(await screen.findByText('No speech was found in this recording.')).toBeTruthy();
  });
});
