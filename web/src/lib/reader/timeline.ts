/**
 * Which word is spoken at which moment, and which moment belongs to a place in the text.
 *
 * Words are found in their segment's text one after the other, so spacing stays as the service wrote it (Japanese has
 * none). A word that is not found gets no highlight rather than a wrong one.
 */
import type { Segment } from '../api/types.ts';

export interface Spoken {
  segment: number;
  /** Character range in the segment's text; null for a segment without word times. */
  range: readonly [from: number, to: number] | null;
}

/** A word stays marked through a pause up to this long; after that nothing is spoken. */
const HOLD_S = 0.6;

export class Timeline {
  readonly #segments: readonly Segment[];
  // Words of all segments, ordered by start.
  readonly #start: number[] = [];
  readonly #end: number[] = [];
  readonly #segment: number[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  /** First word of each segment, and one more for the end. */
  readonly #first: number[] = [];

  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
    segments.forEach((segment, index) => {
      this.#first.push(this.#start.length);
      let cursor = 0;
      for (const word of segment.words) {
        const from = segment.text.indexOf(word.text, cursor);
        if (word.text === '' || from < 0) continue;
        cursor = from + word.text.length;
        this.#start.push(word.start);
        this.#end.push(word.end);
        this.#segment.push(index);
        this.#from.push(from);
        this.#to.push(cursor);
      }
    });
    this.#first.push(this.#start.length);
  }

  /** What is spoken at `time` seconds; null in a pause. */
  at(time: number): Spoken | null {
    const word = lastAtOrBefore(this.#start, time);
    if (word >= 0 && time < (this.#end[word] ?? 0) + HOLD_S) {
      return { segment: this.#segment[word] ?? 0, range: [this.#from[word] ?? 0, this.#to[word] ?? 0] };
    }
    const index = this.segmentAt(time);
    const segment = this.#segments[index];
    if (!segment || time >= segment.end) return null;
    return { segment: index, range: null };
  }

  /** The last segment that begins at or before `time`; -1 before the first. */
  segmentAt(time: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#segments[middle]?.start ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The start of the word at character `offset` of a segment's text; the segment's start when it has no words. */
  timeOf(segment: number, offset: number): number {
    return this.#start[this.#wordAt(segment, offset)] ?? this.#segments[segment]?.start ?? 0;
  }

  /** The character range of the word at `offset` of a segment's text; null when it has none. */
  rangeOf(segment: number, offset: number): readonly [from: number, to: number] | null {
    const word = this.#wordAt(segment, offset);
    return word < 0 ? null : [this.#from[word] ?? 0, this.#to[word] ?? 0];
  }

  #wordAt(segment: number, offset: number): number {
    const first = this.#first[segment] ?? 0;
    const after = this.#first[segment + 1] ?? first;
    if (first === after) return -1;
    const inSegment = lastAtOrBefore(this.#from.slice(first, after), offset);
    return first + Math.max(0, inSegment);
  }
}

/** Index of the last value of the ascending `values` that is at most `limit`; -1 if none is. */
function lastAtOrBefore(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
