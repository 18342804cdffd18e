// The build's size budget, as a check that can fail: JavaScript and CSS after gzip, and no inline code in the page
// (the content security policy would block it).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = { '.js': 120_000, '.css': 20_000 };
const dist = new URL('../dist/', import.meta.url).pathname;
const files = readdirSync(dist, { recursive: true }).map(String);
let failed = false;

for (const [extension, budget] of Object.entries(BUDGET_BYTES)) {
  const bytes = files
    .filter((name) => name.endsWith(extension))
    .reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name))).length, 0);
  const over = bytes === 0 || bytes > budget;
  failed ||= over;
  console.log(`${over ? 'FAIL' : 'ok'} ${extension} ${bytes} bytes gzip, budget 1 to ${budget}`);
}

const page = readFileSync(join(dist, 'index.html'), 'utf8');
if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i.test(page)) {
  failed = true;
  console.log('FAIL index.html: expected no inline script, style or handler, found one');
}
process.exit(failed ? 1 : 0);
