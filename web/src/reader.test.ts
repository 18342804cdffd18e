/** Correcting a transcript in the reader, on the in-memory service; what the reader shows besides is in App.test.ts. */
import { fireEvent, screen, within } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { problem } from '../dev/fake_sotto.ts';
import { fake, go, open, services, signIn, submit, type } from './testing.ts';

const FIRST = 'Good morning, and thank you for making the time.';
const SECOND = 'We wanted to start with the river, because everything in this town begins there.';

async function read(changes = {}): Promise<string> {
  const job = fake().seed('Ferry.mp3', { status: 'COMPLETED', duration_s: 14, language: 'en', ...changes });
  await readJob(job.id);
  return job.id;
}

async function readJob(id: string): Promise<void> {
  go(`#/recordings/${id}`);
  await open();
  await signIn();
  await screen.findByRole('heading', { name: 'Ferry.mp3' });
}

async function openVersions(newest: number): Promise<HTMLElement> {
  const title = await screen.findByText(`Versions of this transcript (this is ${String(newest)})`);
  const versions = title.closest('details') as HTMLDetailsElement;
  versions.open = true;
  versions.dispatchEvent(new Event('toggle'));
  return versions;
}

async function openFirst(): Promise<void> {
  await fireEvent.click(await screen.findByRole('button', { name: 'Edit' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Edit from 0:00' }));
  expect((await screen.findByLabelText<HTMLTextAreaElement>('What was said')).value).toBe(FIRST);
}

describe('a correction', () => {
  it('is saved as a new version, and can be taken back', async () => {
    const id = await read();
    expect(screen.queryByText(/Versions of this transcript/)).toBeNull();
    await openFirst();
    await type('What was said', FIRST.replace('morning', 'evening'));
    await submit('What was said');
    expect(
      await screen.findByText('Good evening, and thank you for making the time.', { selector: 'p' }),
    ).toBeTruthy();
    await vi.waitFor(() => {
      expect(screen.queryByLabelText('What was said')).toBeNull();
    });
    expect(fake().transcripts(id).newest.segments[0]?.words[0]?.id).toBe(0);

    const versions = await openVersions(2);
    expect(await within(versions).findByText(/^1 correction,/)).toBeTruthy();
    await fireEvent.click(within(versions).getByRole('button', { name: 'Go back to version 1' }));
    expect(await screen.findByText(FIRST)).toBeTruthy();
    expect(await within(versions).findByText(/^Back to version 1,/)).toBeTruthy();
    expect(fake().calls.filter((call) => call === `GET /jobs/${id}/versions`)).toHaveLength(2);
  });

  it('of somebody else is not lost by going back to an earlier version', async () => {
    const job = fake().seed('Ferry.mp3', { status: 'COMPLETED', duration_s: 14, language: 'en' });
    fake()
      .transcripts(job.id)
      .edit([{ op: 'delete', first: 0, last: 0 }]);
    await readJob(job.id);
    const versions = await openVersions(2);
    fake()
      .transcripts(job.id)
      .edit([{ op: 'replace', first: 1, last: 1, text: 'Evening,' }]);
    await fireEvent.click(await within(versions).findByRole('button', { name: 'Go back to version 1' }));
    expect((await within(versions).findByRole('alert')).textContent).toContain('Changed meanwhile');
    expect(await screen.findByText('Evening, and thank you for making the time.')).toBeTruthy();
    expect(screen.getByText('Versions of this transcript (this is 3)')).toBeTruthy();
  });

  it('that changes nothing asks the service for nothing', async () => {
    const id = await read();
    await openFirst();
    await submit('What was said');
    expect(screen.queryByLabelText('What was said')).toBeNull();
    expect(fake().calls).not.toContain(`POST /jobs/${id}/edits`);
  });

  it('survives that somebody else was faster', async () => {
    const id = await read();
    await openFirst();
    fake()
      .transcripts(id)
      .edit([{ op: 'replace', first: 7, last: 8, text: 'your patience.' }]);
    await type('What was said', FIRST.replace('morning', 'evening'));
    await submit('What was said');
    expect((await screen.findByRole('alert')).textContent).toContain('What you typed is still here.');
    await fireEvent.click(screen.getByRole('button', { name: 'Load the newest version' }));
    const newest = 'Good morning, and thank you for making your patience.';
    expect((await screen.findByText(newest, { selector: 'q' })).textContent).toBe(newest);
    expect(screen.getByLabelText<HTMLTextAreaElement>('What was said').value).toContain('evening');
    await type('What was said', newest.replace('morning', 'evening'));
    await submit('What was said');
    expect(await screen.findByText(newest.replace('morning', 'evening'), { selector: 'p' })).toBeTruthy();
  });

  it('of a passage that is gone can still be copied', async () => {
    const id = await read();
    await openFirst();
    fake()
      .transcripts(id)
      .edit([{ op: 'delete', first: 0, last: 8 }]);
    await type('What was said', 'Good evening.');
    await submit('What was said');
    await fireEvent.click(await screen.findByRole('button', { name: 'Load the newest version' }));
    expect(await screen.findByText(/does not have this passage any more/)).toBeTruthy();
    expect((await screen.findByRole<HTMLButtonElement>('button', { name: 'Save' })).disabled).toBe(true);
    expect(screen.getByLabelText<HTMLTextAreaElement>('What was said').value).toBe('Good evening.');
  });

  it('that is refused says why', async () => {
    const id = await read();
    await openFirst();
    const refusal = problem(400, 'invalid_input', 'Invalid input', 'operations.0: expected a word');
    fake().troubles.push({ route: `POST /jobs/${id}/edits`, answer: refusal });
    await type('What was said', '');
    await submit('What was said');
    expect((await screen.findByRole('alert')).textContent).toContain('operations.0: expected a word');
  });
});

it('the places to check are listed with their reasons', async () => {
  await read();
  expect(await screen.findByText('1 place to check')).toBeTruthy();
  expect(screen.getByRole('button', { name: '0:03 repeated itself, improbable text' })).toBeTruthy();
  expect(screen.getByText(SECOND)).toBeTruthy();
  expect(screen.getByText('The model was 90% sure of its words, on average.')).toBeTruthy();
});

describe('speakers', () => {
  const options = { model: 'base', language: null, task: 'transcribe', word_times: true } as const;

  it('are named where another begins, and get other names', async () => {
    const id = await read({ duration_s: 62.5, options: { ...options, speakers: true } });
    expect(await screen.findByRole('heading', { name: 'Speakers' })).toBeTruthy();
    const named = () => [...document.querySelectorAll('.speaker')].map((one) => one.textContent);
    expect(named().slice(0, 3)).toEqual(['Speaker 1', 'Speaker 2', 'Speaker 1']);
    await fireEvent.click(screen.getByRole('button', { name: 'Rename Speaker 2' }));
    await type('New name of Speaker 2', ' Ada ');
    await submit('New name of Speaker 2');
    expect(await screen.findByText('Ada is the name now.')).toBeTruthy();
    expect(named().slice(0, 3)).toEqual(['Speaker 1', 'Ada', 'Speaker 1']);

    const refusal = problem(
      409,
      'version_conflict',
      'Changed meanwhile',
      'base_version: expected 3, found 2',
    );
    fake().troubles.push({ route: `POST /jobs/${id}/edits`, answer: refusal });
    await fireEvent.click(screen.getByRole('button', { name: 'Rename Ada' }));
    await type('New name of Ada', 'Speaker 1');
    await submit('New name of Ada');
    expect((await screen.findByRole('alert')).textContent).toContain('Changed meanwhile');
    await submit('New name of Ada');
    await vi.waitFor(() => {
      expect(named()).toEqual(['Speaker 1']); // the two are one
    });
  });

  it('are asked for in the form, and not again where they are not wanted any more', async () => {
    const id = await read({ options: { ...options, speakers: true, max_speakers: 2 } });
    await fireEvent.click(await screen.findByRole('button', { name: 'Transcribe again' }));
    const dialog = await screen.findByRole('dialog');
    const box = await within(dialog).findByLabelText<HTMLInputElement>('Say who says what');
    expect(box.checked).toBe(true);
    const most = within(dialog).getByLabelText<HTMLInputElement>(/^People who speak/);
    expect(most.value).toBe('2');
    await fireEvent.click(box);
    expect(within(dialog).queryByLabelText(/^People who speak/)).toBeNull();
    await fireEvent.submit(box.closest('form') as HTMLFormElement);
    await vi.waitFor(() => {
      expect(services().jobs.jobs.find((job) => job.id === id)?.options).toMatchObject({
        speakers: false,
        max_speakers: null,
      });
    });
  });

  it('are not offered by a service that cannot tell them apart', async () => {
    fake().speakers = false;
    const id = await read({ options: { ...options, speakers: true, max_speakers: 2 } });
    await fireEvent.click(await screen.findByRole('button', { name: 'Transcribe again' }));
    const dialog = await screen.findByRole('dialog');
    const model = await within(dialog).findByLabelText('Model');
    expect(within(dialog).queryByLabelText('Say who says what')).toBeNull();
    expect(within(dialog).queryByLabelText(/^People who speak/)).toBeNull();
    await fireEvent.submit(model.closest('form') as HTMLFormElement);
    await vi.waitFor(() => {
      expect(services().jobs.jobs.find((job) => job.id === id)?.options.speakers).toBe(false);
    });
  });

  it('are not spoken of where nobody asked for them', async () => {
    await read();
    expect(screen.queryByRole('heading', { name: 'Speakers' })).toBeNull();
  });
});

describe('another attempt', () => {
  it('from the reader begins with the choices of the one before', async () => {
    const options = { model: 'tiny.en', language: null, task: 'transcribe', word_times: true } as const;
    const id = await read({ options: { ...options } });
    await fireEvent.click(await screen.findByRole('button', { name: 'Transcribe again' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText(/all its corrections are replaced/)).toBeTruthy();
    const model = await within(dialog).findByLabelText<HTMLSelectElement>('Model');
    expect(model.value).toBe('tiny.en');
    await fireEvent.change(model, { target: { value: 'base' } });
    await fireEvent.submit(model.closest('form') as HTMLFormElement);
    await vi.waitFor(() => {
      expect(fake().calls).toContain(`POST /jobs/${id}/retry`);
    });
    expect(await screen.findByRole('heading', { name: 'Recordings' })).toBeTruthy();
    expect(localStorage.getItem('sotto.choices')).toBeNull();
  });
});
