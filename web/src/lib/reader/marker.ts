/**
 * Marks words in the text without touching the document: the CSS Custom Highlight API draws over plain text nodes, so
 * a transcript of a whole day stays one text node a segment. Browsers without it mark the spoken segment only.
 */
export type MarkName = 'spoken' | 'pointed';

const registry: HighlightRegistry | null =
  typeof CSS !== 'undefined' && 'highlights' in CSS && typeof Highlight === 'function'
    ? CSS.highlights
    : null;

export function mark(name: MarkName, text: Text | null, range: readonly [number, number] | null): void {
  if (!registry) return;
  if (!text || !range) {
    registry.delete(name);
    return;
  }
  const place = new Range();
  place.setStart(text, Math.min(range[0], text.length));
  place.setEnd(text, Math.min(range[1], text.length));
  registry.set(name, new Highlight(place));
}

export interface TextPlace {
  node: Text;
  offset: number;
}

/** The text under a point of the window, or null where there is none. */
export function textAt(x: number, y: number): TextPlace | null {
  if (typeof document.caretPositionFromPoint === 'function') {
    const place = document.caretPositionFromPoint(x, y);
    return place?.offsetNode instanceof Text ? { node: place.offsetNode, offset: place.offset } : null;
  }
  // Safari has only the older name.
  const older = document as unknown as { caretRangeFromPoint?: (x: number, y: number) => Range | null };
  const range = older.caretRangeFromPoint?.(x, y);
  return range?.startContainer instanceof Text
    ? { node: range.startContainer, offset: range.startOffset }
    : null;
}
