/** A job in words and in shares of one. */
import type { Job, JobStatus, Queue } from '../api/types.ts';
import { clock, duration, languageName, moment, number } from '../i18n/format.ts';
import { t } from '../i18n/i18n.svelte.ts';
import { hasArrived } from './job_list.svelte.ts';

export type Tone = 'quiet' | 'busy' | 'good' | 'bad';

/** What a person calls it, else the file's name. */
export function titleOf(job: Job): string {
  return job.title ?? job.name;
}

export function statusWords(job: Job): string {
  switch (job.status) {
    case 'COMPLETED':
      return t('job.completed');
    case 'FAILED':
      return t('job.failed');
    case 'CANCELLED':
      return t('job.cancelled');
    case 'EXPIRED':
      return t('job.expired');
    case 'AWAITING_UPLOAD':
      if (job.stage === 'fetching') return t('job.fetching');
      return t(hasArrived(job) ? 'upload.finishing' : 'job.uploading');
    case 'QUEUED':
      return t('job.waiting');
    case 'PROCESSING':
      return job.stage === 'joining' ? t('job.joining') : transcribingWords(job);
  }
}

function transcribingWords(job: Job): string {
  const { seconds_done: done, seconds_total: total } = job.progress;
  return total > 0
    ? t('job.transcribing_of', { done: clock(done), total: clock(total) })
    : t('job.transcribing');
}

/** The service counts jobs before another one up to here. */
const MOST_AHEAD = 1000;

/** The place in the queue while it waits, and when it will be done where that was measured. */
export function outlookWords({ position, expected_s }: Queue, status: JobStatus): string {
  const said: string[] = [];
  if (status === 'QUEUED') said.push(placeWords(position));
  if (expected_s !== null)
    said.push(t('job.expected', { time: duration(Math.max(1, Math.round(expected_s))) }));
  return said.join(' ');
}

function placeWords(position: number): string {
  if (position === 0) return t('job.next');
  return position >= MOST_AHEAD
    ? t('job.ahead_many', { number: number(MOST_AHEAD) })
    : t('job.ahead', { count: position });
}

export function toneOf(job: Job): Tone {
  switch (job.status) {
    case 'COMPLETED':
      return 'good';
    case 'FAILED':
    case 'EXPIRED':
      return 'bad';
    case 'QUEUED':
    case 'PROCESSING':
      return 'busy';
    default:
      return hasArrived(job) ? 'busy' : 'quiet';
  }
}

/** Share of the recording that is transcribed, 0 to 1; null while the total is not known, so nothing is invented. */
export function shareDone(job: Job): number | null {
  const { seconds_done: done, seconds_total: total } = job.progress;
  return total > 0 ? Math.min(1, done / total) : null;
}

/** The facts under a job's name, only those that are known. */
export function facts(job: Job, languages: Record<string, string>): string[] {
  const found: string[] = job.title === null ? [] : [job.name];
  // While it moves, its length stands in the status already.
  if (job.duration_s !== null && job.status !== 'PROCESSING') found.push(clock(job.duration_s));
  const language = job.language ?? job.options.language;
  if (language !== null) found.push(languageName(language, languages));
  if (job.options.task === 'translate') found.push(t('reader.translated'));
  if (job.warnings.length > 0) found.push(t('job.warnings', { count: job.warnings.length }));
  found.push(job.options.model, moment(job.timings.created_at));
  return found;
}

/** Whether another attempt may end better: the recording is there or can be fetched, and it was not its fault. */
export function mayRetry(job: Job): boolean {
  if (job.failure?.code === 'source_unavailable') return true;
  if (job.timings.uploaded_at === null) return false;
  if (job.status === 'CANCELLED') return true;
  return (
    job.status === 'FAILED' && !/^(recording_|not_a_recording|no_audio_track)/.test(job.failure?.code ?? '')
  );
}

/** How long the service needed, from the end of the upload to the transcript; null until both are known. */
export function madeIn(job: Job): string | null {
  const { retried_at, uploaded_at, completed_at } = job.timings;
  const began = retried_at ?? uploaded_at;
  if (began === null || completed_at === null) return null;
  return duration((Date.parse(completed_at) - Date.parse(began)) / 1000);
}
