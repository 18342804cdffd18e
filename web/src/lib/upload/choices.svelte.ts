/** How the next recordings are to be transcribed, and which choices the chosen model leaves. Remembered. */
import type { Catalogue, JobOptions, Model, Task } from '../api/types.ts';
import type { UploadChoices } from './uploads.svelte.ts';

const KEY = 'sotto.choices';

export class Choices {
  model = $state('');
  /** Empty: detect. */
  language = $state('');
  task = $state<Task>('transcribe');
  hotwords = $state('');
  speakers = $state(false);
  /** How many people speak at most; null when it is not known. */
  maxSpeakers = $state<number | null>(null);
  readonly catalogue: Catalogue;

  readonly #oneTime: boolean;

  /** Begins with `preset`, whose changes concern one recording and are not remembered, or with what is remembered. */
  constructor(catalogue: Catalogue, preset: JobOptions | null = null) {
    this.catalogue = catalogue;
    this.#oneTime = preset !== null;
    const kept = preset ?? remembered();
    const usual = catalogue.models.find((m) => m.default) ?? catalogue.models[0];
    this.model = catalogue.models.find((m) => m.name === kept.model)?.name ?? usual?.name ?? '';
    if (typeof kept.language === 'string' && Object.hasOwn(catalogue.languages, kept.language)) {
      this.language = kept.language;
    }
    this.hotwords = preset?.hotwords ?? '';
    this.speakers = kept.speakers === true;
    this.maxSpeakers = preset?.max_speakers ?? null;
    if (kept.task === 'translate') this.task = 'translate';
    this.fit();
  }

  get facts(): Model | undefined {
    return this.catalogue.models.find((m) => m.name === this.model);
  }

  /** Take back what the service or the chosen model cannot do. */
  fit(): void {
    if (!this.catalogue.speakers) this.speakers = false;
    if (!this.facts?.multilingual) this.language = '';
    if (!this.facts?.translates) this.task = 'transcribe';
  }

  remember(): void {
    if (this.#oneTime) return;
    try {
      localStorage.setItem(
        KEY,
        JSON.stringify({
          model: this.model,
          language: this.language,
          task: this.task,
          speakers: this.speakers,
        }),
      );
    } catch {
      // storage is switched off: the choices last until the reload
    }
  }

  get request(): UploadChoices {
    const hotwords = this.hotwords.trim();
    return {
      ...(this.model ? { model: this.model } : {}),
      language: this.language || null,
      task: this.task,
      ...(hotwords ? { hotwords } : {}),
      ...(this.speakers ? { speakers: true, max_speakers: this.maxSpeakers ?? null } : {}),
    };
  }
}

function remembered(): { model?: string; language?: string; task?: string; speakers?: boolean } {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
