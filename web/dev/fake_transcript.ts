/** An invented transcript for the in-memory service: own text, even word times; and its versions. */
import type {
  EditOperation,
  Job,
  Segment,
  Transcript,
  TranscriptVersion,
  Word,
} from '../src/lib/api/types.ts';

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

function heard(job: Job): Transcript {
  const end = job.duration_s ?? 62.5;
  const segments: Segment[] = [];
  let at = 0.4;
  let id = 0;
  for (let line = 0; at < end - 6; line += 1) {
    const text = TEXT[line % TEXT.length] ?? '';
    const words = text.split(' ').map((word, index) => ({
      id: id + index,
      text: word,
      start: round(at + index * WORD_S),
      end: round(at + (index + 1) * WORD_S),
      probability: 0.9,
    }));
    id += words.length;
    const last = words.at(-1)?.end ?? at;
    const speaker = job.options.speakers ? (line % TEXT.length === 4 ? 'Speaker 2' : 'Speaker 1') : null;
    segments.push({ start: round(at), end: last, text, words, language: 'en', speaker });
    at = last + 0.7;
  }
  const spots = segments
    .slice(1, 2)
    .map(({ start }) => ({ start, end: start + 1, reason: 'loop, improbable' }));
  return {
    version: 1,
    language: job.language ?? 'en',
    language_probability: job.language_probability,
    segments,
    warnings: job.warnings,
    options: job.options,
    recording: { name: job.name, duration_s: end },
    engine: { model: job.options.model },
    quality: { score: segments.length > 0 ? 0.9 : null, spots },
  };
}

/** The versions of one job's transcript, oldest first. */
export class FakeTranscripts {
  readonly #made: { transcript: Transcript; facts: TranscriptVersion }[] = [];
  #nextId = 1000;

  constructor(job: Job) {
    this.#add(heard(job), { kind: 'engine', operations: 0, reverted_to: null });
  }

  get newest(): Transcript {
    return this.#made.at(-1)?.transcript as Transcript;
  }

  get versions(): TranscriptVersion[] {
    return this.#made.map(({ facts }) => facts).reverse();
  }

  edit(operations: EditOperation[]): void {
    const segments = operations.reduce((present, one) => this.#apply(present, one), this.newest.segments);
    const facts = { kind: 'edit', operations: operations.length, reverted_to: null } as const;
    this.#add({ ...this.newest, segments: segments.filter(({ words }) => words.length > 0) }, facts);
  }

  revert(to: number): void {
    const earlier = this.#made[to - 1]?.transcript ?? this.newest;
    this.#add(earlier, { kind: 'revert', operations: 0, reverted_to: to });
  }

  #add(transcript: Transcript, facts: Pick<TranscriptVersion, 'kind' | 'operations' | 'reverted_to'>): void {
    const version = this.#made.length + 1;
    const created_at = '2026-11-22T10:00:00Z';
    this.#made.push({ transcript: { ...transcript, version }, facts: { version, created_at, ...facts } });
  }

  #apply(segments: Segment[], operation: EditOperation): Segment[] {
    if (operation.op === 'rename_speaker') {
      const { speaker, name } = operation;
      return segments.map((one) => (one.speaker === speaker ? { ...one, speaker: name } : one));
    }
    return segments.map((segment) => {
      const index = (id: number) => segment.words.findIndex((word) => word.id === id);
      const range = (): [number, number] => {
        if (operation.op !== 'insert') return [index(operation.first), index(operation.last) + 1];
        const at = 'after' in operation ? index(operation.after) + 1 || -1 : index(operation.before);
        return [at, at];
      };
      const [from, to] = range();
      if (from < 0) return segment;
      const { start, end } = segment.words[Math.min(from, segment.words.length - 1)] as Word;
      const texts = operation.op === 'delete' ? [] : operation.text.split(' ');
      const made = texts.map((text) => ({ id: this.#nextId++, text, start, end, probability: null }));
      const words = [...segment.words.slice(0, from), ...made, ...segment.words.slice(to)];
      return { ...segment, words, text: words.map((word) => word.text).join(' ') };
    });
  }
}

export function renderFake(transcript: Transcript, format: string): string {
  if (format === 'json') return JSON.stringify(transcript);
  return transcript.segments.map((segment) => segment.text).join('\n');
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
