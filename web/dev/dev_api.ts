/**
 * Serves the in-memory service from Vite's own server, so that `npm run dev` needs nothing else. `npm run preview` shows
 * the built app on it, under the content security policy that docs/web.md asks of every host.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Connect, Plugin } from 'vite';
import { FakeSotto, PERSON } from './fake_sotto.ts';
import { tone } from './tone.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "media-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function devApi(): Plugin {
  const fake = new FakeSotto(Date.now, null);
  fill(fake);
  fake.accounts.role = 'admin';
  const serve: Connect.NextHandleFunction = (request, response, next) => {
    if (!/^\/(v1|fake-storage)\//.test(request.url ?? '')) {
      next();
      return;
    }
    answer(fake, request, response).catch(next);
  };
  const greet = () => {
    console.log(`\n  In-memory service: sign in as ${PERSON.email} with "${PERSON.password}"\n`);
  };
  return {
    name: 'sotto-dev-api',
    apply: 'serve',
    configureServer(server) {
      server.middlewares.use(serve);
      server.httpServer?.once('listening', greet);
    },
    configurePreviewServer(server) {
      server.middlewares.use((_, response, next) => {
        response.setHeader('Content-Security-Policy', POLICY);
        next();
      });
      server.middlewares.use(serve);
      server.httpServer.once('listening', greet);
    },
  };
}

function fill(fake: FakeSotto): void {
  const done = (ageS: number, tookS: number, duration_s: number) => ({
    status: 'COMPLETED' as const,
    stage: 'done' as const,
    duration_s,
    language: 'en',
    language_probability: 0.98,
    timings: {
      created_at: new Date(Date.now() - ageS * 1000).toISOString(),
      retried_at: null,
      uploaded_at: new Date(Date.now() - ageS * 1000).toISOString(),
      queued_at: new Date(Date.now() - ageS * 1000).toISOString(),
      started_at: new Date(Date.now() - ageS * 1000).toISOString(),
      completed_at: new Date(Date.now() - (ageS - tookS) * 1000).toISOString(),
    },
  });
  const day = 86_400;
  fake.seed('Lecture 12, whole day.m4a', done(9 * day, 604, 43_190), 9 * day);
  const failed = {
    status: 'FAILED' as const,
    stage: 'done' as const,
    failure: {
      code: 'recording_damaged',
      message: 'expected 3,120 s of sound, found 41 s before the data ends',
      hint: 'The file ends early or is broken inside; copy it again from its source and upload that.',
    },
  };
  fake.seed('board-meeting-2026-11-19.mp3', failed, 2 * day);
  const broken = fake.seed('voice memo 0412.m4a', {
    status: 'FAILED',
    stage: 'done',
    failure: {
      code: 'part_failed_repeatedly',
      message: 'expected part 3 to be transcribed, found 5 attempts that failed',
      hint: 'Transcription of one part failed again and again; retry the job, and report its id if that fails too.',
    },
  });
  broken.timings.uploaded_at = broken.timings.created_at;
  const interview = fake.seed('Interview with the ferryman.mp3', done(7200, 9.4, 62.5), 7200);
  interview.options.speakers = true;
  Object.assign(interview, { title: 'The ferryman', tags: ['river', 'interviews'] });
  interview.content_type = 'audio/wav';
  fake.store(interview.id, tone(62.5));
}

async function answer(fake: FakeSotto, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = `http://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`;
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(request.method ?? '');
  const init: RequestInit & { duplex: 'half' } = {
    method: request.method ?? 'GET',
    headers: request.headers as Record<string, string>,
    body: hasBody ? (Readable.toWeb(request) as ReadableStream) : null,
    duplex: 'half',
  };
  const answered = await fake.answer(new Request(url, init));
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(Buffer.from(await answered.arrayBuffer()));
}
