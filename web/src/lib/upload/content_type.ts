/** The content type to announce for a file. Browsers know few recording formats by name, so the rest is listed here. */
const BY_EXTENSION: Record<string, string> = {
  aac: 'audio/aac',
  aif: 'audio/aiff',
  aiff: 'audio/aiff',
  amr: 'audio/amr',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  m4b: 'audio/mp4',
  mka: 'audio/x-matroska',
  mkv: 'video/x-matroska',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  oga: 'audio/ogg',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  wav: 'audio/wav',
  weba: 'audio/webm',
  webm: 'video/webm',
  wma: 'audio/x-ms-wma',
};

/**
 * What the browser says, if it says anything; else by the name's ending; else plain bytes, and the service looks into
 * the file itself. A text file stays a text file, so that it is refused before it is uploaded.
 */
export function contentTypeOf(file: { name: string; type: string }): string {
  const said = file.type.split(';')[0]?.trim() ?? '';
  if (said) return said;
  const extension = file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase();
  return BY_EXTENSION[extension] ?? 'application/octet-stream';
}
