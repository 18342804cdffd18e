/** The parts of the app and how they hang together: made once in main.ts, handed to the views by context. */
import { createContext } from 'svelte';
import { AccountsApi } from './api/accounts.ts';
import { Http } from './api/http.ts';
import { AuthApi, SottoApi } from './api/sotto.ts';
import { ApiProblem } from './api/problem.ts';
import type { Catalogue } from './api/types.ts';
import { statusWords, titleOf } from './jobs/describe.ts';
import { JobList } from './jobs/job_list.svelte.ts';
import { SessionStore } from './session/session_store.ts';
import { Session } from './session/session.svelte.ts';
import { t } from './i18n/i18n.svelte.ts';
import { announcer } from './ui/announcer.svelte.ts';
import { Transfer } from './upload/transfer.ts';
import { UnfinishedUploads } from './upload/unfinished.ts';
import { Uploads } from './upload/uploads.svelte.ts';

export interface Services {
  auth: AuthApi;
  session: Session;
  api: SottoApi;
  accounts: AccountsApi;
  jobs: JobList;
  uploads: Uploads;
  catalogue(): Promise<Catalogue>;
}

export const [services, provideServices] = createContext<Services>();

export function makeServices(http: Http): Services {
  const auth = new AuthApi(http);
  const session = new Session(auth, new SessionStore());
  const api = new SottoApi(http, session);
  const jobs = new JobList(api);
  const uploads = new Uploads(api, new Transfer(api), new UnfinishedUploads());

  uploads.onChange = () => void jobs.refresh();
  jobs.awaited = () => uploads.arriving;
  jobs.onReading = (all, finished) => {
    uploads.settle(all);
    const news = finished.map((job) => t('job.said', { name: titleOf(job), status: statusWords(job) }));
    if (news.length > 0) announcer.say(news.join(' '));
  };
  window.addEventListener('online', () => {
    uploads.retryInterrupted();
  });

  const accounts = new AccountsApi(http, session);
  return { auth, session, api, accounts, jobs, uploads, catalogue: once(() => api.catalogue()) };
}

/** The first successful result, kept: what the service offers does not change under an open page. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | null = null;
  return () => {
    kept ??= load().catch((error: unknown) => {
      kept = null;
      throw error;
    });
    return kept;
  };
}

export function isUnauthenticated(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}
