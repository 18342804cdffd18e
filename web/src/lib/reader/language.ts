import type { Transcript } from '../api/types.ts';

/** The language in which the text is written, for `lang`: Whisper translates into English only. */
export function languageOf(transcript: Transcript): string {
  return transcript.options.task === 'translate' ? 'en' : transcript.language;
}
