/**
 * What a person changed in a passage, as operations on word ids. Words that were kept are named by none of them, so
 * they keep the times at which they were heard.
 */
import type { EditOperation, Segment, Word } from '../api/types.ts';

/** The operations that turn the segment into `text`; none when nothing has changed. */
export function operationsFor(segment: Segment, text: string): EditOperation[] {
  const words = segment.words;
  const texts = textsIn(text, words, /\s/.test(segment.text.trim()));
  const kept = longestCommon(words, texts);
  const operations: EditOperation[] = [];
  let word = 0;
  let next = 0;
  for (const [keptWord, keptText] of [...kept, [words.length, texts.length] as const]) {
    const operation = change(words, word, keptWord, texts.slice(next, keptText));
    if (operation) operations.push(operation);
    word = keptWord + 1;
    next = keptText + 1;
  }
  return operations;
}

/** Put `texts` in place of the words from index `from` to before `to`. */
function change(words: readonly Word[], from: number, to: number, texts: string[]): EditOperation | null {
  const first = words[from];
  const last = words[to - 1];
  const text = texts.join(' ');
  if (from < to && first && last) {
    const range = { first: first.id, last: last.id };
    return text === '' ? { op: 'delete', ...range } : { op: 'replace', ...range, text };
  }
  if (text === '') return null;
  if (last) return { op: 'insert', after: last.id, text };
  return first ? { op: 'insert', before: first.id, text } : null;
}

/** The words of `text`. Where a language has no spaces, what stands between words that were kept is one. */
function textsIn(text: string, words: readonly Word[], spaced: boolean): string[] {
  if (spaced || words.length < 2) return text.split(/\s+/).filter((part) => part !== '');
  let rest = text.trim();
  const before: string[] = [];
  const after: string[] = [];
  for (const word of words) {
    if (!rest.startsWith(word.text)) break;
    before.push(word.text);
    rest = rest.slice(word.text.length).trimStart();
  }
  for (const word of words.slice(before.length).reverse()) {
    if (!rest.endsWith(word.text)) break;
    after.unshift(word.text);
    rest = rest.slice(0, -word.text.length).trimEnd();
  }
  return [...before, ...(rest === '' ? [] : [rest]), ...after];
}

/** Pairs [index of word, index of text] of a longest common subsequence, in order. */
function longestCommon(words: readonly Word[], texts: readonly string[]): (readonly [number, number])[] {
  const width = texts.length + 1;
  const lengths = new Uint16Array((words.length + 1) * width);
  const at = (word: number, text: number) => lengths[word * width + text] ?? 0;
  for (let w = words.length - 1; w >= 0; w -= 1) {
    for (let t = texts.length - 1; t >= 0; t -= 1) {
      const both = words[w]?.text === texts[t] ? at(w + 1, t + 1) + 1 : 0;
      lengths[w * width + t] = both || Math.max(at(w + 1, t), at(w, t + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let w = 0, t = 0; w < words.length && t < texts.length;) {
    if (words[w]?.text === texts[t]) pairs.push([w++, t++]);
    else if (at(w + 1, t) >= at(w, t + 1)) w += 1;
    else t += 1;
  }
  return pairs;
}
