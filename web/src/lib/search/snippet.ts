/** A snippet in pieces, those that were found and those between them. */
export interface Piece {
  text: string;
  found: boolean;
}

/** `highlights` are [start, end) in characters as the service counts them: an emoji is one, not two. */
export function piecesOf(snippet: string, highlights: readonly (readonly [number, number])[]): Piece[] {
  const characters = [...snippet];
  const pieces: Piece[] = [];
  const add = (from: number, to: number, found: boolean) => {
    if (from < to) pieces.push({ text: characters.slice(from, to).join(''), found });
  };
  let at = 0;
  for (const [start, end] of highlights) {
    add(at, start, false);
    add(start, end, true);
    at = end;
  }
  add(at, characters.length, false);
  return pieces;
}
