import { describe, expect, it } from 'vitest';
import type { Segment } from '../api/types.ts';
import { nameFrom } from './save_file.ts';
import { Timeline } from './timeline.ts';

const word = (text: string, start: number, end: number) => ({ id: 0, text, start, end, probability: 0.9 });
const SEGMENTS: Segment[] = [
  {
    start: 1,
    end: 2.5,
    text: 'The cat, the cat.',
    language: 'en',
    speaker: null,
    words: [word('The', 1, 1.2), word('cat,', 1.2, 1.6), word('the', 1.7, 1.9), word('cat.', 1.9, 2.5)],
  },
  { start: 6, end: 8, text: 'No times here.', language: 'en', speaker: null, words: [] },
  {
    start: 8,
    end: 9,
    text: '猫です',
    language: 'ja',
    speaker: null,
    words: [word('猫', 8, 8.4), word('です', 8.4, 9)],
  },
];

describe('the timeline', () => {
  const timeline = new Timeline(SEGMENTS);

  it.each([
    [0.5, null],
    [1.1, { segment: 0, range: [0, 3] }],
    [1.25, { segment: 0, range: [4, 8] }],
    [1.65, { segment: 0, range: [4, 8] }], // a short pause keeps the word
    [1.75, { segment: 0, range: [9, 12] }], // the second "the", not the first
    [2.6, { segment: 0, range: [13, 17] }],
    [4, null], // a long pause
    [7, { segment: 1, range: null }],
    [8.5, { segment: 2, range: [1, 3] }],
    [20, null],
  ])('at %d s is %o', (time, expected) => {
    expect(timeline.at(time)).toEqual(expected);
  });

  it('finds the moment of a place in the text', () => {
    expect(timeline.timeOf(0, 0)).toBe(1);
    expect(timeline.timeOf(0, 6)).toBe(1.2);
    expect(timeline.timeOf(0, 10)).toBe(1.7);
    expect(timeline.timeOf(0, 17)).toBe(1.9);
    expect(timeline.timeOf(1, 5)).toBe(6);
    expect(timeline.timeOf(2, 2)).toBe(8.4);
    expect(timeline.rangeOf(0, 6)).toEqual([4, 8]);
    expect(timeline.rangeOf(1, 5)).toBeNull();
  });

  it('marks nothing for a word that is not in the text', () => {
    const odd = new Timeline([
      {
        start: 0,
        end: 2,
        text: 'one three',
        language: 'en',
        speaker: null,
        words: [word('one', 0, 0.5), word('two', 0.5, 1), word('three', 1, 2)],
      },
    ]);
    expect(odd.at(0.7)).toEqual({ segment: 0, range: [0, 3] });
    expect(odd.at(1.5)).toEqual({ segment: 0, range: [4, 9] });
  });

  it('is ready for a recording of a whole day at once', () => {
    const day: Segment[] = Array.from({ length: 12_000 }, (_, i) => ({
      start: i * 4,
      end: i * 4 + 4,
      text: 'a b c d e f g h i j',
      language: 'en',
      speaker: null,
      words: [...'abcdefghij'].map((letter, j) => word(letter, i * 4 + j * 0.4, i * 4 + j * 0.4 + 0.4)),
    }));
    const long = new Timeline(day);
    expect(long.at(11_999 * 4 + 0.5)).toEqual({ segment: 11_999, range: [2, 3] });
    expect(new Timeline([]).at(3)).toBeNull();
  });
});

describe('the name of a download', () => {
  it.each([
    [null, null],
    ['attachment', null],
    ['attachment; filename="talk.srt"', 'talk.srt'],
    ['attachment; filename="a \\"b\\".txt"', 'a "b".txt'],
    ['attachment; filename=plain.vtt', 'plain.vtt'],
    ['attachment; filename="x.txt"; filename*=UTF-8\'\'Gespr%C3%A4ch%201.txt', 'Gespräch 1.txt'],
    ['attachment; filename="x.txt"; filename*=UTF-8\'\'%E4%zz.txt', 'x.txt'],
  ])('in %s is %s', (header, expected) => {
    expect(nameFrom(header)).toBe(expected);
  });
});
