/** Signed addresses of an upload's parts, fetched some at a time so that a large file needs few requests. */
import type { SottoApi } from '../api/sotto.ts';

const AT_ONCE = 10;

export class PartUrls {
  readonly #api: Pick<SottoApi, 'signParts'>;
  readonly #jobId: string;
  readonly #count: number;
  readonly #blocks = new Map<number, Promise<Map<number, string>>>();
  readonly #used = new Set<number>();

  constructor(api: Pick<SottoApi, 'signParts'>, jobId: string, count: number) {
    this.#api = api;
    this.#jobId = jobId;
    this.#count = count;
  }

  /** The address of part `number` (from 1). Asked a second time, it is signed anew: the first one did not work. */
  async of(number: number): Promise<string> {
    if (this.#used.has(number)) return this.#pick(await this.#sign([number]), number);
    this.#used.add(number);
    const block = Math.floor((number - 1) / AT_ONCE);
    let signing = this.#blocks.get(block);
    if (!signing) {
      const first = block * AT_ONCE + 1;
      const length = Math.min(AT_ONCE, this.#count - first + 1);
      signing = this.#sign(Array.from({ length }, (_, i) => first + i));
      this.#blocks.set(block, signing);
    }
    return this.#pick(await signing, number);
  }

  async #sign(numbers: number[]): Promise<Map<number, string>> {
    const parts = await this.#api.signParts(this.#jobId, numbers);
    return new Map(parts.map((part) => [part.number, part.url]));
  }

  #pick(urls: Map<number, string>, number: number): string {
    const url = urls.get(number);
    if (url === undefined)
      throw new Error(`expected a signed address for part ${String(number)}, found none`);
    return url;
  }
}
