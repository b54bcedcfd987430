import { readFileSync } from 'node:fs';
import { defined } from '@sluice/core';
import type { z } from 'zod';
import { CliError, EXIT } from './cli-error.ts';

export interface AdminClientOptions {
  readonly url: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

type Query = Readonly<Record<string, string | number | undefined>>;

interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: object;
}

/** Timeout of a request. */
const TIMEOUT_MS = 30_000;

/** Client of a gateway's admin API. It parses each response with its schema. */
export class AdminClient {
  readonly #options: AdminClientOptions;

  constructor(options: AdminClientOptions) {
    this.#options = options;
  }

  get<T>(path: string, schema: z.ZodType<T>, query: Query = {}): Promise<T> {
    return this.#ask(schema, { method: 'GET', path, query });
  }

  post<T>(path: string, schema: z.ZodType<T>, body: object = {}): Promise<T> {
    return this.#ask(schema, { method: 'POST', path, body });
  }

  patch<T>(path: string, schema: z.ZodType<T>, body: object): Promise<T> {
    return this.#ask(schema, { method: 'PATCH', path, body });
  }

  /** Deletes one resource, to which the response has no body. */
  async delete(path: string, query: Query = {}): Promise<void> {
    await this.#send({ method: 'DELETE', path, query });
  }

  /** Deletes several resources, to which the response is a summary. */
  deleteAll<T>(path: string, schema: z.ZodType<T>, query: Query): Promise<T> {
    return this.#ask(schema, { method: 'DELETE', path, query });
  }

  /** Returns the items of all pages of a list. */
  async all<Page extends { next?: string | undefined }, Item>(
    path: string,
    schema: z.ZodType<Page>,
    itemsOf: (page: Page) => readonly Item[],
    query: Query = {},
  ): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await this.get(path, schema, { limit: 1_000, ...query, cursor });
      items.push(...itemsOf(page));
      cursor = page.next;
    }
    return items;
  }

  async #ask<T>(schema: z.ZodType<T>, request: AdminRequest): Promise<T> {
    const parsed = schema.safeParse(await this.#send(request));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const what = [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ');
    throw new CliError(
      EXIT.refused,
      `${this.#options.url} responded in a form that this version does not support (${what}). Use the version of the gateway.`,
    );
  }

  /** Sends a request and returns the JSON of the response. @throws CliError if there is no response, or a refusal */
  async #send(request: AdminRequest): Promise<unknown> {
    const { url } = this.#options;
    const response = await this.#fetch(request);
    const json = readJson(await response.text());
    if (response.ok) return json;
    const detail = typeof json === 'object' && json !== null && 'detail' in json ? json.detail : undefined;
    if (typeof detail !== 'string') {
      throw new CliError(EXIT.refused, `${url} responded with ${response.status}, but not as a gateway's admin API does.`);
    }
    const hint = response.status === 401 ? ' The key comes from SLUICE_ADMIN_KEY or --admin-key-file.' : '';
    throw new CliError(EXIT.refused, `${detail}${hint}`);
  }

  async #fetch({ method, path, query = {}, body }: AdminRequest): Promise<Response> {
    const { url, key, signal } = this.#options;
    const address = new URL(`${url.replace(/\/+$/, '')}/admin/v1${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(name, String(value));
    const contentType = body === undefined ? undefined : 'application/json';
    try {
      return await fetch(address, {
        method,
        // the key must not be sent to the target of a redirect
        redirect: 'error',
        signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
        headers: { authorization: `Bearer ${key}`, ...defined({ 'content-type': contentType }) },
        ...defined({ body: body === undefined ? undefined : JSON.stringify(body) }),
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
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
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
