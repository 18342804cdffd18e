/** What a screen reader is told of its own accord: one polite region for the whole page. */
class Announcer {
  text = $state('');

  say(text: string): void {
    this.text = text;
  }
}

export const announcer = new Announcer();
