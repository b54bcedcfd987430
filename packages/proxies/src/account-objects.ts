import {
  type AccountRoute,
  bufferOf,
  copyCall,
  type DependencyHealth,
  type DialectName,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  noopHealth,
} from '@sluice/core';
import type { AccountObjects } from '@sluice/store/ports';
import { LIST_FORMS, MAX_PAGES } from './account-objects/account-lists.ts';
import { idsMadeIn, isJson, type Json, referencesIn, uploadIn } from './account-objects/object-ids.ts';
import { OwnedObjects } from './account-objects/owned-objects.ts';
import { servedBy } from './routing/served-by.ts';

export { OBJECT_TTL_MS } from './account-objects/owned-objects.ts';

export interface AccountObjectsOptions {
  readonly objects: AccountObjects;
  readonly health?: DependencyHealth;
  /** Lets all tenants use all objects. A request about an object still goes to the account that has it. */
  readonly shared?: boolean;
}

/** Maximum size of a response about objects, in bytes. A longer response is an error. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

type WholeReply = Extract<LlmReply, { body: Uint8Array }>;

/**
 * Binds objects of a provider's account (files, batches, vector stores, …) to the tenant and the provider that created them.
 * Other tenants get 404, and lists contain only the tenant's own objects. A request about an object goes to the account that
 * has it, and so does a completion that names an object. Completions may name objects that were not created through the
 * gateway.
 *
 * @throws LlmError `not_found`, `invalid_request` for a batch without an input, `auth_unavailable` while owners cannot be
 * looked up
 */
export function accountObjects({ objects, health = noopHealth, shared = false }: AccountObjectsOptions): LlmProxy {
  const owned = new OwnedObjects(objects, health, shared);
  return (next) => ({
    complete(call) {
      if (call.operation === 'chat') return completeChat(next, call, owned);
      const account = accountOf(call);
      const isOpen = account === undefined || (shared && account.action === 'list');
      return isOpen ? next.complete(call) : completeOwned(next, call, account, owned);
    },
  });
}

/** Maximum number of account objects that a completion may name: each of them is looked up. */
const MAX_REFERENCES = 500;

/** Members of a completion request that name account objects. */
const CARRIERS: Readonly<Record<DialectName, readonly Buffer[]>> = {
  'openai-chat': carriers('"file_id"'),
  'openai-responses': carriers('"file_id', '"vector_store_id', '"container"'),
  'anthropic-messages': carriers('"file_id"', '"container"'),
  gemini: carriers('"fileUri"', '"file_uri"', '"cachedContent"', '"cached_content"'),
  'bedrock-converse': [],
};

function carriers(...names: readonly string[]): readonly Buffer[] {
  return names.map((name) => Buffer.from(name));
}

/** Serves a completion by the account that has the files, stores and caches which the request names. */
function completeChat(next: LlmService, call: LlmCall, owned: OwnedObjects): Promise<LlmReply> {
  if (call.message.view().isPlain === true) return next.complete(call);
  const bytes = bufferOf(call.message.bytes);
  return CARRIERS[call.dialect].some((carrier) => bytes.includes(carrier))
    ? completeWithObjects(next, call, owned)
    : next.complete(call);
}

async function completeWithObjects(next: LlmService, call: LlmCall, owned: OwnedObjects): Promise<LlmReply> {
  const ids = referencesIn(call.message.json(), call.dialect === 'gemini' ? 'gemini' : 'openai', false);
  if (ids.length > MAX_REFERENCES) {
    throw new LlmError('invalid_request', `A request names at most ${MAX_REFERENCES} files, vector stores and cached contents.`);
  }
  const provider = await owned.requireKnown(ids, call.context.caller?.tenant ?? '');
  return await next.complete(provider === undefined ? call : copyCall(call, { provider }));
}

async function completeOwned(next: LlmService, call: LlmCall, account: AccountRoute, owned: OwnedObjects): Promise<LlmReply> {
  const tenant = call.context.caller?.tenant ?? '';
  if (account.action === 'list') return list(next, call, account, owned);
  const needed = [...(account.id === undefined ? [] : [account.id]), ...referencesOf(call, account)];
  const provider = await owned.require(needed, tenant);
  const reply = await next.complete(toProvider(call, provider));
  if (reply.status >= 300 || account.action === 'content') return reply;
  if (account.action === 'delete') {
    await owned.release(needed);
    return reply;
  }
  // parts of an object are only accessible through the object
  if (account.within) return reply;
  const upload = uploadIn(reply.headers['x-goog-upload-url']);
  if (upload !== undefined) {
    await owned.claim([upload], tenant, servedBy.get(call)?.provider);
    return reply;
  }
  const whole = await wholeOf(reply);
  // the response to a part of an upload is empty
  if (whole.body.length > 0) await owned.claim(idsMadeIn(jsonOf(whole.body)), tenant, servedBy.get(call)?.provider);
  return whole;
}

/** Lists only the tenant's own objects, from as many pages of the account as necessary. */
async function list(next: LlmService, call: LlmCall, { form }: AccountRoute, owned: OwnedObjects): Promise<LlmReply> {
  const tenant = call.context.caller?.tenant ?? '';
  const { path = '', route = '' } = call.message.unread ?? {};
  const [below = '', text = ''] = path.split('?', 2);
  const query = new URLSearchParams(text);
  const { cursors, wanted, page: pageOf, read, write, cuts } = LIST_FORMS[form];
  const provider = await owned.require(
    cursors.flatMap((cursor) => query.get(cursor) ?? []),
    tenant,
  );
  const target = toProvider(call, provider);
  const most = wanted(query, route);
  const own: Json[] = [];
  for (let from: string | undefined, count = 1; ; count++) {
    const reply = await next.complete(withPath(target, `${below}?${pageOf(query, route, from)}`));
    if (reply.status >= 300) return reply;
    const whole = await wholeOf(reply);
    const answer = jsonOf(whole.body);
    const page = read(answer);
    const mine = await owned.own(page.ids, tenant, servedBy.get(call)?.provider);
    own.push(...page.items.filter((_, n) => mine[n]));
    from = page.next;
    if (from !== undefined && own.length < most && count < MAX_PAGES) continue;
    const shown = cuts ? own.slice(0, most) : own;
    const written = write(answer, shown, from !== undefined || own.length > shown.length, from);
    return { ...whole, body: Buffer.from(JSON.stringify(written)) };
  }
}

/** @returns undefined for a route without account objects */
function accountOf({ operation, message: { unread } }: LlmCall): AccountRoute | undefined {
  if (operation !== 'other' || unread === undefined) return undefined;
  if (unread.account !== undefined) return unread.account;
  const { route, path, method } = unread;
  if (route !== 'files' && route !== 'batches') return undefined;
  // an OpenAI request without a parsed account route
  const [below = ''] = path.split('?', 1);
  const [, , id, rest] = below.split('/');
  const about = { id: id === undefined ? undefined : decodeURIComponent(id), within: false, form: 'openai' } as const;
  if (rest === 'content') return { ...about, action: 'content' };
  if (id === undefined) return { ...about, action: method === 'GET' ? 'list' : 'create' };
  return { ...about, action: method === 'DELETE' ? 'delete' : 'read' };
}

function referencesOf({ message }: LlmCall, { form, action }: AccountRoute): string[] {
  const { unread } = message;
  if (unread === undefined || unread.method === 'GET' || unread.method === 'DELETE' || unread.body !== undefined) return [];
  return referencesIn(message.json(), form, action === 'create' && unread.route === 'batches');
}

/** @throws LlmError `not_found` if the caller names a different provider than the one with the objects */
function toProvider(call: LlmCall, provider: string | undefined): LlmCall {
  const { unread } = call.message;
  if (provider === undefined || unread === undefined || unread.provider === provider) return call;
  if (unread.provider !== undefined)
    throw new LlmError('not_found', `There is no such object at the provider '${unread.provider}'.`);
  return copyCall(call, { message: { ...call.message, unread: { ...unread, provider } } });
}

function withPath(call: LlmCall, path: string): LlmCall {
  const { unread } = call.message;
  return unread === undefined ? call : copyCall(call, { message: { ...call.message, unread: { ...unread, path } } });
}

async function wholeOf(reply: LlmReply): Promise<WholeReply> {
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
    // not JSON: handled below
  }
  throw unreadable();
}

const unreadable = (): LlmError => new LlmError('upstream_error', "The provider's answer could not be read.");
