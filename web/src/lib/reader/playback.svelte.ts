/**
 * The recording behind a transcript: one audio element's state, and its address, which the storage honours for a while
 * only. When an old address fails, a new one is fetched and playing goes on at the same place.
 */
import type { RecordingLink } from '../api/types.ts';

/** An address this close to its end is not used for a new request. */
const MARGIN_MS = 10_000;

export class Playback {
  url = $state<string | null>(null);
  playing = $state(false);
  /** Seconds; updated with each frame while playing, so that words are marked when they are spoken. */
  time = $state(0);
  rate = $state(1);
  /** Why there is no address; null when there is one. */
  problem = $state.raw<unknown>(null);
  /** The browser knows the address but cannot decode the recording. */
  unplayable = $state(false);

  readonly #link: () => Promise<RecordingLink>;
  #expiresAt = 0;
  #audio: HTMLAudioElement | null = null;
  #frame = 0;
  /** Where to go on when the element has its (new) recording. */
  #resume: { time: number; play: boolean } | null = null;

  /** `startAt` in seconds. */
  constructor(link: () => Promise<RecordingLink>, startAt = 0) {
    this.#link = link;
    this.time = startAt;
    if (startAt > 0) this.#resume = { time: startAt, play: false };
  }

  /** Fetch the recording's address. Never rejects. */
  async load(): Promise<void> {
    try {
      const link = await this.#link();
      this.#expiresAt = Date.parse(link.expires_at);
      this.problem = null;
      this.url = link.url;
    } catch (error) {
      this.problem = error;
    }
  }

  /** Attach to the element that sounds. */
  readonly attach = (audio: HTMLAudioElement): (() => void) => {
    this.#audio = audio;
    const listeners: Record<string, () => void> = {
      play: () => {
        this.playing = true;
        this.#follow();
      },
      pause: () => {
        this.playing = false;
        this.#read();
      },
      ended: () => {
        this.playing = false;
      },
      seeked: () => {
        this.#read();
      },
      timeupdate: () => {
        this.#read();
      },
      loadedmetadata: () => {
        this.#takeUp();
      },
      error: () => void this.#failed(),
    };
    for (const [name, listener] of Object.entries(listeners)) audio.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) audio.removeEventListener(name, listener);
      this.#audio = null;
    };
  };

  toggle(): void {
    if (!this.#audio) return;
    if (this.#audio.paused) this.#play();
    else this.#audio.pause();
  }

  seek(time: number): void {
    if (!this.#audio) return;
    this.#resume = null; // what the person asks for now counts
    this.time = Math.max(0, time);
    this.#audio.currentTime = this.time;
  }

  /** Go to `time` and play from there. */
  playFrom(time: number): void {
    this.seek(time);
    this.#play();
  }

  setRate(rate: number): void {
    this.rate = rate;
    if (this.#audio) this.#audio.playbackRate = rate;
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#audio?.pause();
  }

  #play(): void {
    // Refused when the person has not touched the page yet or the recording is unplayable; `error` tells the latter.
    this.#audio?.play().catch(() => undefined);
  }

  #follow(): void {
    cancelAnimationFrame(this.#frame);
    const step = () => {
      this.#read();
      if (this.playing) this.#frame = requestAnimationFrame(step);
    };
    step();
  }

  #read(): void {
    if (this.#audio && !this.#resume) this.time = this.#audio.currentTime;
  }

  #takeUp(): void {
    if (!this.#audio) return;
    this.#audio.playbackRate = this.rate;
    if (!this.#resume) return;
    const { time, play } = this.#resume;
    this.#resume = null;
    this.#audio.currentTime = time;
    if (play) this.#play();
  }

  async #failed(): Promise<void> {
    const aged = Date.now() + MARGIN_MS > this.#expiresAt;
    if (!aged) {
      this.unplayable = true;
      this.playing = false;
      return;
    }
    this.#resume = { time: this.time, play: this.playing };
    await this.load();
  }
}
