/**
 * Large uploads that this browser began: enough to go on after a reload, when the same file is chosen again. A browser
 * gives no lasting access to a file, so the file is recognised by size and time of last change. Holds no name and no
 * content, and forgets an upload as soon as it ends.
 */
export interface UnfinishedUpload {
  jobId: string;
  size: number;
  lastModified: number;
  partSizeBytes: number;
}

const KEY = 'sotto.unfinished';

export class UnfinishedUploads {
  readonly #storage: Storage;

  constructor(storage: Storage = localStorage) {
    this.#storage = storage;
  }

  of(file: { size: number; lastModified: number }): UnfinishedUpload | null {
    return this.#read().find((u) => u.size === file.size && u.lastModified === file.lastModified) ?? null;
  }

  remember(upload: UnfinishedUpload): void {
    this.#write([...this.#read().filter((u) => u.jobId !== upload.jobId), upload]);
  }

  forget(jobId: string): void {
    this.#write(this.#read().filter((u) => u.jobId !== jobId));
  }

  #read(): UnfinishedUpload[] {
    try {
      const value: unknown = JSON.parse(this.#storage.getItem(KEY) ?? '[]');
      return Array.isArray(value) ? (value as UnfinishedUpload[]) : [];
    } catch {
      return [];
    }
  }

  #write(uploads: UnfinishedUpload[]): void {
    try {
      if (uploads.length === 0) this.#storage.removeItem(KEY);
      else this.#storage.setItem(KEY, JSON.stringify(uploads));
    } catch {
      // Without storage an upload cannot be taken up after a reload; everything else works.
    }
  }
}
