import { defined } from '@sluice/core';
import { isJson, isText, type Json } from './object-ids.ts';

/** Maximum number of account pages that one list reads. */
export const MAX_PAGES = 20;

/** One page of an account's list. */
export interface Page {
  readonly items: readonly Json[];
  readonly ids: readonly string[];
  /** Start of the next page. Undefined on the last page. */
  readonly next: string | undefined;
}

/** How an API's lists are requested and rendered. */
export interface ListForm {
  /** Returns the number of objects that the caller requests. */
  wanted(query: URLSearchParams, feature: string): number;
  /** Parameters that name an object. It must belong to the caller. */
  readonly cursors: readonly string[];
  /** Returns the query parameters of a page. */
  page(query: URLSearchParams, feature: string, from: string | undefined): URLSearchParams;
  read(answer: Json): Page;
  /** @param more whether the account may have more objects of the caller */
  write(answer: Json, shown: readonly Json[], more: boolean, next: string | undefined): Json;
  /** Whether a page can be cut: true if the next page may start after any object. */
  readonly cuts: boolean;
}

/** Objects returned if the caller sends no limit, and the page size of requests to the account. */
const FILES = { default: 10_000, most: 1_000 };

/** Lists that continue after an id: OpenAI's (`after`) and Anthropic's (`after_id`). */
function byId(after: string, before: string, limits: (feature: string) => { default: number; most: number }): ListForm {
  return {
    cuts: true,
    cursors: [after, before],
    wanted(query, feature) {
      const limit = Number(query.get('limit') ?? limits(feature).default);
      return Number.isInteger(limit) && limit > 0 ? limit : limits(feature).default;
    },
    page(query, feature, from) {
      const page = new URLSearchParams(query);
      page.set('limit', String(limits(feature).most));
      if (from !== undefined) page.set(after, from);
      return page;
    },
    read(answer) {
      const data = Array.isArray(answer['data']) ? answer['data'].filter(isJson) : [];
      const last = data.at(-1)?.['id'];
      const next = answer['has_more'] === true && isText(last) ? last : undefined;
      return { items: data, ids: data.map(({ id }) => String(id)), next };
    },
    write(answer, shown, more) {
      const ends = { first_id: shown[0]?.['id'] ?? null, last_id: shown.at(-1)?.['id'] ?? null };
      return { ...answer, data: shown, ...ends, has_more: shown.length > 0 && more };
    },
  };
}

/** Gemini's lists continue at a page token, which does not identify an object. */
const byToken: ListForm = {
  cuts: false,
  cursors: [],
  wanted: () => 1,
  page(query, _feature, from) {
    const page = new URLSearchParams(query);
    if (from !== undefined) page.set('pageToken', from);
    return page;
  },
  read(answer) {
    const items = (Object.values(answer).find(Array.isArray) ?? []).filter(isJson);
    const next = answer['nextPageToken'];
    return { items, ids: items.map(({ name }) => String(name)), next: isText(next) ? next : undefined };
  },
  write(answer, shown, _more, next) {
    const { nextPageToken: _last, ...rest } = answer;
    const name = Object.keys(answer).find((key) => Array.isArray(answer[key]));
    return { ...rest, ...(name === undefined ? {} : { [name]: shown }), ...defined({ nextPageToken: next }) };
  },
};

export const LIST_FORMS: Readonly<Record<'openai' | 'anthropic' | 'gemini', ListForm>> = {
  openai: byId('after', 'before', (feature) => (feature === 'files' ? FILES : { default: 20, most: 100 })),
  anthropic: byId('after_id', 'before_id', () => ({ default: 20, most: 1_000 })),
  gemini: byToken,
};
