/** What a form asked the service for: whether it is under way, and why it failed. */
export class Submission {
  busy = $state(false);
  /** Why the last one failed; null when it did not. */
  problem = $state.raw<unknown>(null);

  /** Do it, unless it is under way already. Whether it succeeded. Never rejects. */
  async run(act: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await act();
      return true;
    } catch (error) {
      this.problem = error;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
