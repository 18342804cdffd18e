import { describe, expect, it } from 'vitest';
import type { EditOperation, Segment } from '../api/types.ts';
import { operationsFor } from './operations.ts';

function segment(words: string[], space = ' '): Segment {
  return {
    start: 0,
    end: words.length,
    text: words.join(space),
    language: 'en',
    speaker: null,
    words: words.map((text, n) => ({ id: 10 + n, text, start: n, end: n + 1, probability: 0.9 })),
  };
}

describe('a changed passage', () => {
  const said = segment(['The', 'cat', 'sat', 'on', 'the', 'mat.']);

  it.each<[string, EditOperation[]]>([
    ['The cat sat on the mat.', []],
    ['  The cat sat\non the mat. ', []],
    ['The dog sat on the mat.', [{ op: 'replace', first: 11, last: 11, text: 'dog' }]],
    ['The black cat sat on the mat.', [{ op: 'insert', after: 10, text: 'black' }]],
    ['Then The cat sat on the mat.', [{ op: 'insert', before: 10, text: 'Then' }]],
    ['The cat sat on the mat. Yes.', [{ op: 'insert', after: 15, text: 'Yes.' }]],
    ['The cat sat.', [{ op: 'replace', first: 12, last: 15, text: 'sat.' }]],
    ['The sat on the mat.', [{ op: 'delete', first: 11, last: 11 }]],
    ['', [{ op: 'delete', first: 10, last: 15 }]],
    [
      'A cat lay on mat.',
      [
        { op: 'replace', first: 10, last: 10, text: 'A' },
        { op: 'replace', first: 12, last: 12, text: 'lay' },
        { op: 'delete', first: 14, last: 14 },
      ],
    ],
  ])('that reads %j', (text, operations) => {
    expect(operationsFor(said, text)).toEqual(operations);
  });

  it('of a language without spaces keeps the words around the change', () => {
    const japanese = segment(['猫', 'は', '寝', 'ます'], '');
    expect(operationsFor(japanese, '猫は寝ます')).toEqual([]);
    expect(operationsFor(japanese, '猫は走ります')).toEqual([
      { op: 'replace', first: 12, last: 12, text: '走り' },
    ]);
    expect(operationsFor(japanese, '猫はよく寝ます')).toEqual([{ op: 'insert', after: 11, text: 'よく' }]);
    expect(operationsFor(japanese, '猫ます')).toEqual([{ op: 'delete', first: 11, last: 12 }]);
  });
});
