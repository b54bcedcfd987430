import { readFileSync } from 'node:fs';
import { CliError, EXIT } from './cli-error.ts';

export type Answer = Record<string, unknown>;

export interface AdminClientOptions {
  readonly url: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** Timeout of a request. */
const TIMEOUT_MS = 30_000;

/** Client of a gateway's admin API. */
export class AdminClient {
  readonly #options: AdminClientOptions;

  constructor(options: AdminClientOptions) {
    this.#options = options;
  }

  get(path: string, query: Query = {}): Promise<Answer> {
    return this.#ask('GET', path, query);
  }

  post(path: string, body: object = {}): Promise<Answer> {
    return this.#ask('POST', path, {}, body);
  }

  patch(path: string, body: object): Promise<Answer> {
    return this.#ask('PATCH', path, {}, body);
  }

  delete(path: string, query: Query = {}): Promise<Answer> {
    return this.#ask('DELETE', path, query);
  }

  /** Returns all items of a paged list. */
  async all<T>(path: string, list: string, query: Query = {}): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const part = await this.get(path, { limit: 1_000, ...query, cursor });
      items.push(...(part[list] as T[]));
      cursor = part['next'] as string | undefined;
    }
    return items;
  }

  async #ask(method: string, path: string, query: Query, body?: object): Promise<Answer> {
    const { url, key, signal } = this.#options;
    const address = new URL(`${url.replace(/\/+$/, '')}/admin/v1${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(name, String(value));
    let response: Response;
    try {
      response = await fetch(address, {
        method,
        // the key must not be sent to the target of a redirect
        redirect: 'error',
        signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
        headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const { cause } = error as { cause?: { code?: string; message?: string } };
      const why = cause?.code ?? cause?.message ?? (error as Error).message;
      throw new CliError(
        EXIT.unreachable,
        `The gateway's admin API cannot be reached at ${url} (${why}). Is it running, and is --url or SLUICE_ADMIN_URL right?`,
      );
    }
    const text = await response.text();
    const answer = readJson(text);
    if (response.ok) return answer ?? {};
    if (typeof answer?.['detail'] !== 'string') {
      throw new CliError(EXIT.refused, `${url} responded with ${response.status}, but not as a gateway's admin API does.`);
    }
    const hint = response.status === 401 ? ' The key comes from SLUICE_ADMIN_KEY or --admin-key-file.' : '';
    throw new CliError(EXIT.refused, `${answer['detail']}${hint}`);
  }
}

function readJson(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}

/** Reads the administrator's key from a file or the environment. @throws CliError */
export function readAdminKey(file: string | undefined, environment: NodeJS.ProcessEnv): string {
  if (file !== undefined) {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new CliError(EXIT.usage, `${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
    }
  }
  const key = environment['SLUICE_ADMIN_KEY'];
  if (key === undefined || key === '') {
    throw new CliError(EXIT.usage, "An administrator's key is required. Set SLUICE_ADMIN_KEY, or use --admin-key-file.");
  }
  return key;
}
