/** The API reference, made in the browser from what this service says of itself. It works without the internet. */
import '../styles/tokens.css';
import '../styles/base.css';
import './reference.css';
import { reference, type ApiDocument } from './reference.ts';

const place = document.getElementById('reference');
if (place) {
  try {
    const answer = await fetch('/v1/openapi.json');
    if (!answer.ok) throw new Error(`HTTP ${String(answer.status)}`);
    place.replaceChildren(...reference((await answer.json()) as ApiDocument));
  } catch {
    place.textContent = 'The service did not answer. Reload the page to try again.';
  }
  place.removeAttribute('aria-busy');
}
