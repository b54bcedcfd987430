import { readFileSync } from 'node:fs';
import { ConfigError, type GatewayConfig } from '@sluice/config';
import type { PriceBook } from '@sluice/pricing';
import type { Logger } from '@sluice/telemetry';

type Prices = Pick<GatewayConfig['prices'], 'file' | 'url' | 'every'>;

const FETCH_TIMEOUT_MS = 30_000;
/** Most bytes of a price table. The bundled table is smaller than 1 MB. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Keeps the table of public prices up to date as configured. If a new table cannot be loaded, the previous one stays in use and
 * a warning is logged.
 */
export class PriceRefresh {
  readonly #book: Pick<PriceBook, 'replace'>;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #stopped = new AbortController();

  constructor(book: Pick<PriceBook, 'replace'>, logger: Logger) {
    this.#book = book;
    this.#logger = logger;
  }

  /**
   * Replaces the source of the table. A file is read at once.
   *
   * @param configFile name of the configuration file, for messages
   * @throws ConfigError for a file that cannot be read or is no price table
   */
  follow({ file, url, every }: Prices, configFile: string | undefined): void {
    this.stop();
    if (file !== undefined) {
      try {
        this.#book.replace(readFileSync(file, 'utf8'));
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const reason = code === undefined ? message : `cannot be read (${code})`;
        throw new ConfigError(`${configFile ?? 'the built-in configuration'}: prices.file: ${reason}`);
      }
    }
    if (file === undefined && url === undefined) return;
    this.#stopped = new AbortController();
    const look = (): void => void this.#look(file, url);
    if (url !== undefined) look();
    this.#timer = setInterval(look, every).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stopped.abort();
  }

  async #look(file: string | undefined, url: string | undefined): Promise<void> {
    const stopped = this.#stopped.signal;
    try {
      const text = file === undefined ? await fetchText(url as string, stopped) : readFileSync(file, 'utf8');
      if (stopped.aborted) return;
      this.#book.replace(text);
      this.#logger.info('price table updated', { from: file ?? url });
    } catch (error) {
      if (stopped.aborted) return;
      this.#logger.warn('price table update failed; the previous table stays in use', {
        from: file ?? url,
        error: String(error),
      });
    }
  }
}

async function fetchText(url: string, stopped: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.any([stopped, AbortSignal.timeout(FETCH_TIMEOUT_MS)]) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
