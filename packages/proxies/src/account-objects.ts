import {
  type ConcernHealth,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  unwatched,
} from '@sluice/core';
import type { AccountObjects } from '@sluice/store/ports';

export interface AccountObjectsOptions {
  readonly objects: AccountObjects;
  readonly health?: ConcernHealth;
}

/** An id that was not used for 90 days is forgotten: its object is nobody's then. */
export const OBJECT_TTL_MS = 90 * 86_400_000;

/** A longer answer about objects is not read. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Pages of the account that one list reads. */
const MAX_PAGES = 20;
/** What a page has if the caller names no limit (OpenAI's defaults). */
const DEFAULT_LIMIT = { files: 10_000, batches: 20 } as const;
/** The most that a page may have. */
const PAGE_LIMIT = { files: 1_000, batches: 100 } as const;

type Kind = 'files' | 'batches';

/** What a request asks of the objects of an account. */
interface Asked {
  readonly kind: Kind;
  /** Undefined for a list or a new object. */
  readonly id: string | undefined;
  readonly query: URLSearchParams;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Binds files and batches of a provider's account to the tenant that made them: others get 404, and lists have only one's own.
 *
 * It stands behind metering, so that guessing ids counts against the key's limits.
 *
 * @throws LlmError `not_found`, `auth_unavailable` if the owner cannot be looked up, `upstream_error` for an answer that cannot be read
 */
export function accountObjects({ objects, health = unwatched }: AccountObjectsOptions): LlmProxy {
  const owned = new OwnedObjects(objects, health);
  return (next) => ({
    complete(call) {
      const asked = askedOf(call);
      return asked === undefined ? next.complete(call) : completeOwned(next, call, asked, owned);
    },
  });
}

async function completeOwned(next: LlmService, call: LlmCall, asked: Asked, owned: OwnedObjects): Promise<LlmReply> {
  const tenant = call.facts.caller?.tenant ?? '';
  const method = call.message.unread?.method;
  if (asked.id === undefined && method === 'GET') return list(next, call, asked, owned);
  const needed = asked.id === undefined ? inputOf(call) : [asked.id];
  await owned.require(needed, tenant);
  const reply = await next.complete(call);
  if (reply.status >= 300 || isContent(call)) return reply;
  const whole = await wholeOf(reply);
  const json = jsonOf(whole.body);
  if (method === 'DELETE') await owned.release(needed);
  // a batch names its files of results when they are there
  else await owned.claim([json['id'], json['output_file_id'], json['error_file_id']].filter(isText), tenant);
  return whole;
}

/** Lists only the tenant's own objects, from as many pages of the account as that takes. */
async function list(next: LlmService, call: LlmCall, { kind, query }: Asked, owned: OwnedObjects): Promise<LlmReply> {
  const tenant = call.facts.caller?.tenant ?? '';
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT[kind]);
  const wanted = Number.isInteger(limit) && limit > 0 ? limit : DEFAULT_LIMIT[kind];
  const after = query.get('after');
  if (after !== null) await owned.require([after], tenant);
  const own: Json[] = [];
  for (let cursor = after, page = 1; ; page++) {
    const reply = await next.complete(pageOf(call, kind, query, cursor));
    if (reply.status >= 300) return reply;
    const whole = await wholeOf(reply);
    const json = jsonOf(whole.body);
    const data = Array.isArray(json['data']) ? json['data'].filter(isJson) : [];
    own.push(...(await owned.own(data, tenant)));
    cursor = isText(data.at(-1)?.['id']) ? String(data.at(-1)?.['id']) : null;
    const more = json['has_more'] === true && cursor !== null;
    if (more && own.length < wanted && page < MAX_PAGES) continue;
    const shown = own.slice(0, wanted);
    const rest = { first_id: shown[0]?.['id'] ?? null, last_id: shown.at(-1)?.['id'] ?? null };
    const listed = { ...json, data: shown, ...rest, has_more: shown.length > 0 && (more || own.length > wanted) };
    return { ...whole, body: Buffer.from(JSON.stringify(listed)) };
  }
}

/** Looks up and writes owners. */
class OwnedObjects {
  readonly #objects: AccountObjects;
  readonly #health: ConcernHealth;

  constructor(objects: AccountObjects, health: ConcernHealth) {
    this.#objects = objects;
    this.#health = health;
  }

  /** @throws LlmError `not_found` if one of the ids is not the tenant's, whether it exists or not */
  async require(ids: readonly string[], tenant: string): Promise<void> {
    const owners = await this.#asked(this.#objects.owners(ids));
    if (owners.some((owner) => owner !== tenant)) throw new LlmError('not_found', 'There is no such object.');
  }

  async own(data: readonly Json[], tenant: string): Promise<Json[]> {
    const owners = await this.#asked(this.#objects.owners(data.map(({ id }) => String(id))));
    return data.filter((_, n) => owners[n] === tenant);
  }

  async claim(ids: readonly string[], tenant: string): Promise<void> {
    await this.#asked(Promise.all(ids.map((id) => this.#objects.claim(id, tenant, OBJECT_TTL_MS))));
  }

  async release(ids: readonly string[]): Promise<void> {
    await this.#asked(Promise.all(ids.map((id) => this.#objects.release(id))));
  }

  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      this.#health.works();
      return value;
    } catch (error) {
      this.#health.failed(error);
      throw new LlmError('auth_unavailable', 'The owner of this object cannot be looked up right now.', {
        retryAfterMs: 1_000,
        cause: error,
      });
    }
  }
}

/** @returns undefined for a route without objects of the account */
function askedOf({ operation, message: { unread } }: LlmCall): Asked | undefined {
  if (operation !== 'other' || unread === undefined) return undefined;
  const { route: kind, path } = unread;
  if (kind !== 'files' && kind !== 'batches') return undefined;
  const [below = '', query = ''] = path.split('?', 2);
  const id = below.split('/')[2];
  return { kind, id: id === undefined ? undefined : decodeURIComponent(id), query: new URLSearchParams(query) };
}

/** Whether the answer is the content of a file. */
const isContent = ({ route }: LlmCall): boolean => route.endsWith('/content');

/** The ids of the files that a new batch reads. */
function inputOf({ message }: LlmCall): string[] {
  if (message.unread?.route !== 'batches') return [];
  const { input_file_id: input } = message.json();
  if (!isText(input)) throw new LlmError('invalid_request', "'input_file_id' must be a file's id.", { param: 'input_file_id' });
  return [input];
}

function pageOf(call: LlmCall, kind: Kind, query: URLSearchParams, after: string | null): LlmCall {
  const { unread } = call.message;
  if (unread === undefined) return call;
  const page = new URLSearchParams(query);
  page.set('limit', String(PAGE_LIMIT[kind]));
  if (after !== null) page.set('after', after);
  return { ...call, message: { ...call.message, unread: { ...unread, path: `/${kind}?${page}` } } };
}

async function wholeOf(reply: LlmReply): Promise<Extract<LlmReply, { body: Uint8Array }>> {
  if (!isStreamed(reply)) return reply;
  const { stream, ...head } = reply;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw unreadable();
    chunks.push(chunk);
  }
  return { ...head, body: Buffer.concat(chunks) };
}

function jsonOf(body: Uint8Array): Json {
  try {
    const json: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (isJson(json)) return json;
  } catch {
    // not JSON: the same answer
  }
  throw unreadable();
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const unreadable = (): LlmError => new LlmError('upstream_error', "The provider's answer could not be read.");
