import type { AccountRoute, DialectName, UnreadRequest } from '@sluice/core';

export type Method = UnreadRequest['method'];
/** Whose API a route is of. */
export type Api = 'openai' | 'anthropic' | 'gemini' | 'rerank';

/** A route that passes to a provider as it is. */
export interface OtherRoute {
  readonly method: Method;
  /** `/v1/files/{id}/content`: `{model}` may have slashes. */
  readonly path: string;
  readonly api: Api;
  /** The name by which a provider's `routes` list it. */
  readonly feature: string;
  /** Whether it is about objects of the provider's account. */
  readonly account: boolean;
  /** Whether the provider bills it without telling how much. */
  readonly billed: boolean;
}

interface Kind {
  readonly account?: boolean;
  readonly billed?: boolean;
}

/** The routes of one feature: `POST /v1/batches`, and with `$` in front those that the provider bills. */
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

/** The dialect in which errors of an API's routes are written. */
export const DIALECT_OF: Readonly<Record<Api, DialectName>> = {
  openai: 'openai-chat',
  anthropic: 'anthropic-messages',
  gemini: 'gemini',
  rerank: 'openai-chat',
};

/** What a provider must speak to answer an API's routes; rerank has no dialect. */
export const SPOKEN: Readonly<Record<Api, readonly DialectName[] | undefined>> = {
  openai: ['openai-chat', 'openai-responses'],
  anthropic: ['anthropic-messages'],
  gemini: ['gemini'],
  rerank: undefined,
};

const CONTENT = /\/(?:content|results)$|:download$/;

/** Returns what a request to a route does with objects of the account. */
export function accountOf({ method, path, api, account }: OtherRoute, ids: readonly string[]): AccountRoute | undefined {
  if (!account || api === 'rerank') return undefined;
  const [first] = ids;
  // Gemini names an object with its collection
  const id = first !== undefined && api === 'gemini' ? `${path.split('/')[2]}/${first}` : first;
  const about = { id, within: ids.length > 1, form: api };
  if (CONTENT.test(path)) return { ...about, action: 'content' };
  if (id === undefined) return { ...about, action: method === 'GET' ? 'list' : 'create' };
  return { ...about, action: method === 'DELETE' && ids.length === 1 ? 'delete' : 'read' };
}
