/** How long to wait before the list is read again. Nothing is polled while nothing moves. */
export interface PollFacts {
  /** Some job is queued or running, or an upload waits to be noticed. */
  active: boolean;
  /** Readings in a row that brought nothing new. */
  unchanged: number;
  /** Readings in a row that failed. */
  failures: number;
  /** What the service asked for in `Retry-After`, in seconds. */
  retryAfterS: number | null;
}

const FAILED_AT_MOST_MS = 30_000;

/** Milliseconds until the next reading, or null for none. */
export function nextReadingMs({ active, unchanged, failures, retryAfterS }: PollFacts): number | null {
  if (failures > 0) {
    const backOff = Math.min(FAILED_AT_MOST_MS, 1000 * 2 ** (failures - 1));
    return Math.max(backOff, (retryAfterS ?? 0) * 1000);
  }
  if (!active) return null;
  if (unchanged < 30) return 1000;
  return unchanged < 90 ? 2000 : 5000;
}
