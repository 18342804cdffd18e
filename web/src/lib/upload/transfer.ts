/**
 * Brings a file's bytes to the storage with Uppy: a presigned PUT, or a multipart upload that goes on where it stopped.
 *
 * One call is one attempt. Uppy retries single parts by itself; whether a whole attempt is repeated is decided in
 * uploads.svelte.ts. Uppy would abort a multipart upload whose attempt failed; that hook does nothing here, so the
 * parts stay and the next attempt asks which have arrived. @uppy/aws-s3 5 is used on purpose: version 6 talks to S3's
 * own multipart routes, which this service keeps to itself.
 */
import AwsS3, { type AwsBody } from '@uppy/aws-s3';
import Uppy, { type UppyFile } from '@uppy/core';
import type { SottoApi } from '../api/sotto.ts';
import type { AcceptedJob } from '../api/types.ts';
import { PartUrls } from './part_urls.ts';
import { transferProblem } from './transfer_problem.ts';

// Uppy demands an index signature, which only a type alias has.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
type Meta = { jobId: string; relativePath: string };
type File_ = UppyFile<Meta, AwsBody>;

export interface Attempt {
  file: File;
  accepted: AcceptedJob;
  /** Ask which parts have arrived already. */
  resume: boolean;
  onProgress: (bytes: number) => void;
  signal: AbortSignal;
}

interface Running extends Attempt {
  urls: PartUrls | null;
  settle: (error: unknown) => void;
}

export class Transfer {
  readonly #api: SottoApi;
  readonly #uppy: Uppy<Meta, AwsBody>;
  readonly #running = new Map<string, Running>();
  readonly #partSizes = new WeakMap<object, number>();

  constructor(api: SottoApi) {
    this.#api = api;
    this.#uppy = new Uppy<Meta, AwsBody>({ autoProceed: false, allowMultipleUploadBatches: true });
    this.#uppy.use(AwsS3<Meta, AwsBody>, {
      shouldUseMultipart: (file: File_) => this.#of(file).accepted.upload.kind === 'multipart',
      getChunkSize: (data: { size: number }) => this.#partSizes.get(data) ?? data.size,
      getUploadParameters: (file: File_) => {
        const { upload } = this.#of(file).accepted;
        if (upload.kind !== 'put') throw new Error(`expected a PUT upload, found ${upload.kind}`);
        return { method: upload.method, url: upload.url, headers: headersToSet(upload.headers) };
      },
      createMultipartUpload: (file: File_) => handle(this.#of(file)),
      listParts: async (file: File_) => {
        const parts = await this.#api.uploadedParts(this.#of(file).accepted.job.id);
        return parts.map((p) => ({ PartNumber: p.number, Size: p.size_bytes, ETag: p.etag }));
      },
      signPart: async (file: File_, { partNumber }: { partNumber: number }) => {
        const { urls } = this.#of(file);
        if (!urls) throw new Error('expected a multipart upload, found a PUT');
        return { method: 'PUT' as const, url: await urls.of(partNumber) };
      },
      completeMultipartUpload: async (file: File_, { parts }) => {
        const done = parts.map((p) => ({ number: Number(p.PartNumber), etag: String(p.ETag) }));
        await this.#api.completeUpload(this.#of(file).accepted.job.id, done);
        return {};
      },
      abortMultipartUpload: () => undefined, // the parts are kept for the next attempt; see above
    });
    this.#uppy.on('upload-progress', (file, progress) => {
      if (file) this.#running.get(file.meta.jobId)?.onProgress(progress.bytesUploaded || 0);
    });
    this.#uppy.on('upload-success', (file) => {
      if (file) this.#running.get(file.meta.jobId)?.settle(null);
    });
    this.#uppy.on('upload-error', (file, error) => {
      if (file) this.#running.get(file.meta.jobId)?.settle(error);
    });
  }

  /** Resolves when the storage has all bytes. Rejects with ApiProblem, or with the signal's reason when it is aborted. */
  async send(attempt: Attempt): Promise<void> {
    attempt.signal.throwIfAborted();
    const { job, upload } = attempt.accepted;
    const { promise, resolve, reject } = deferred();
    const aborted = () => {
      reject(attempt.signal.reason);
    };
    attempt.signal.addEventListener('abort', aborted);
    let urls: PartUrls | null = null;
    if (upload.kind === 'multipart') {
      urls = new PartUrls(this.#api, job.id, upload.part_count);
      this.#partSizes.set(attempt.file, upload.part_size_bytes);
    }
    const settle = (error: unknown) => {
      if (error === null) resolve();
      else reject(error);
    };
    this.#running.set(job.id, { ...attempt, urls, settle });
    // The path makes Uppy's own id unique: the same file may be uploaded twice with different options.
    const meta = { jobId: job.id, relativePath: job.id };
    const id = this.#uppy.addFile({
      name: attempt.file.name,
      type: job.content_type,
      data: attempt.file,
      meta,
    });
    if (attempt.resume && upload.kind === 'multipart') {
      this.#uppy.setFileState(id, { s3Multipart: handle({ ...attempt, urls, settle }) } as Partial<File_>);
    }
    try {
      this.#uppy.upload().catch(settle);
      await promise;
    } catch (error) {
      if (attempt.signal.aborted) throw error;
      throw await transferProblem(error, attempt.file);
    } finally {
      attempt.signal.removeEventListener('abort', aborted);
      this.#uppy.removeFile(id);
      this.#running.delete(job.id);
    }
  }

  #of(file: File_): Running {
    const running = this.#running.get(file.meta.jobId);
    if (!running) throw new Error(`expected a running upload of job ${file.meta.jobId}, found none`);
    return running;
  }
}

/** Without those that the browser sets itself and lets no script set. Both are signed, so the browser's must agree. */
function headersToSet(headers: Record<string, string>): Record<string, string> {
  const own = ['content-length', 'host'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.includes(name.toLowerCase())));
}

/** Uppy wants S3's key and upload id; the service keeps both to itself, and the job's id stands for them. */
function handle(running: Running): { key: string; uploadId: string } {
  return { key: running.accepted.job.id, uploadId: running.accepted.job.id };
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (reason: unknown) => void } {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
