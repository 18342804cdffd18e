/** Why a transfer stopped, from what Uppy throws: our own problem, the storage's answer, or silence. */
import { ApiProblem, problemOfSilence } from '../api/problem.ts';

interface Answered {
  source?: { status?: number; responseText?: string } | null;
}

export async function transferProblem(error: unknown, file: Blob): Promise<ApiProblem> {
  if (error instanceof ApiProblem) return error;
  const cause = (error as Error | null)?.cause;
  if (cause instanceof ApiProblem) return cause;
  const source = (error as Answered | null)?.source;
  if (source?.status) {
    const s3Code = /<Code>(\w+)<\/Code>/.exec(source.responseText ?? '')?.[1] ?? '';
    return new ApiProblem({
      code: 'storage_refused',
      status: source.status,
      detail: `HTTP ${String(source.status)} ${s3Code}`.trim(),
    });
  }
  if (!(await isReadable(file))) return new ApiProblem({ code: 'unreadable_file', status: 400, detail: '' });
  return problemOfSilence(error);
}

/** A file that was moved or changed after it was chosen fails as if the network had: only reading it tells. */
async function isReadable(file: Blob): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
