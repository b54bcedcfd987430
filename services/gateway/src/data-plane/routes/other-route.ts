import type { AccountRoute, DialectName, PassthroughRequest } from '@sluice/core';

export type Method = PassthroughRequest['method'];
/** The API that a route belongs to. */
export type Api = 'openai' | 'anthropic' | 'gemini' | 'rerank';

/** A pass-through route: its requests are forwarded to a provider unchanged. */
export interface OtherRoute {
  readonly method: Method;
  /** Path template such as `/v1/files/{id}/content`. The value of `{model}` may contain slashes. */
  readonly path: string;
  readonly api: Api;
  /** Name of the route in a provider's `routes`. */
  readonly feature: string;
  /** Whether the route concerns objects of the provider's account. */
  readonly account: boolean;
  /** Whether the provider bills requests without reporting their usage. */
  readonly billed: boolean;
}

interface Kind {
  readonly account?: boolean;
  readonly billed?: boolean;
}

/**
 * Returns the routes of one feature from lines such as `POST /v1/batches`. A `$` in front marks a route that the provider
 * bills.
 */
export function feature(api: Api, name: string, kind: Kind, lines: readonly string[]): OtherRoute[] {
  return lines.map((line) => {
    const billed = line.startsWith('$');
    const [method = '', path = ''] = line.replace('$', '').split(' ');
    return {
      method: method as Method,
      path,
      api,
      feature: name,
      account: kind.account === true,
      billed: billed || kind.billed === true,
    };
  });
}

/** Dialect of the error responses of an API's routes. */
export const DIALECT_OF: Readonly<Record<Api, DialectName>> = {
  openai: 'openai-chat',
  anthropic: 'anthropic-messages',
  gemini: 'gemini',
  rerank: 'openai-chat',
};

/** Dialects of which a provider must support at least one to serve an API's routes; rerank has no dialect. */
export const SPOKEN: Readonly<Record<Api, readonly DialectName[] | undefined>> = {
  openai: ['openai-chat', 'openai-responses'],
  anthropic: ['anthropic-messages'],
  gemini: ['gemini'],
  rerank: undefined,
};

const CONTENT = /\/(?:content|results)$|:download$/;

/** Returns the effect of a request on objects of the account. */
export function accountOf({ method, path, api, account }: OtherRoute, ids: readonly string[]): AccountRoute | undefined {
  if (!account || api === 'rerank') return undefined;
  const [first] = ids;
  // Gemini's object names contain the collection
  const id = first !== undefined && api === 'gemini' ? `${path.split('/')[2]}/${first}` : first;
  const about = { id, within: ids.length > 1, form: api };
  if (CONTENT.test(path)) return { ...about, action: 'content' };
  if (id === undefined) return { ...about, action: method === 'GET' ? 'list' : 'create' };
  return { ...about, action: method === 'DELETE' && ids.length === 1 ? 'delete' : 'read' };
}
