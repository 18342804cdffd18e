/** An invented transcript for the in-memory service: own text, even word times. */
import type { Job, Segment, Transcript } from '../src/lib/api/types.ts';

const TEXT = [
  'Good morning, and thank you for making the time.',
  'We wanted to start with the river, because everything in this town begins there.',
  'My grandmother used to say that you could tell the month by the colour of the water.',
  'In March it was brown, in June it was green, and in the long dry weeks of August it was hardly there at all.',
  'Did you believe her?',
  'I did, until I was old enough to go and look for myself.',
  'And then I found that she had been right about March.',
];
const WORD_S = 0.31;

export function fakeTranscript(job: Job): Transcript {
  const end = job.duration_s ?? 62.5;
  const segments: Segment[] = [];
  let at = 0.4;
  for (let line = 0; at < end - 6; line += 1) {
    const text = TEXT[line % TEXT.length] ?? '';
    const words = text.split(' ').map((word, index) => ({
      text: word,
      start: round(at + index * WORD_S),
      end: round(at + (index + 1) * WORD_S),
      probability: 0.9,
    }));
    const last = words.at(-1)?.end ?? at;
    segments.push({ start: round(at), end: last, text, words, language: 'en' });
    at = last + 0.7;
  }
  return {
    language: job.language ?? 'en',
    language_probability: job.language_probability,
    segments,
    warnings: job.warnings,
    options: job.options,
    recording: { name: job.name, duration_s: end },
    engine: { model: job.options.model },
  };
}

export function renderFake(transcript: Transcript, format: string): string {
  if (format === 'json') return JSON.stringify(transcript);
  return transcript.segments.map((segment) => segment.text).join('\n');
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
