import { LlmError } from '@sluice/core';
import type { Json } from './record.ts';

/** Default and maximum number of items per page (OpenAI's API reference, "List input items"). */
const PAGE = { usual: 20, most: 100 };

/** Returns the page of a list that a query requests (`limit`, `order`, `after`). @throws LlmError `invalid_request` */
export function pageOf(items: readonly Json[], query: URLSearchParams): Json {
  const limit = Number(query.get('limit') ?? PAGE.usual);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE.most) {
    throw new LlmError('invalid_request', `'limit' must be a whole number from 1 to ${PAGE.most}.`, { param: 'limit' });
  }
  const ordered = query.get('order') === 'asc' ? items : items.toReversed();
  const after = query.get('after');
  const from = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
  const data = ordered.slice(from, from + limit);
  const edges = { first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null };
  return { object: 'list', data, ...edges, has_more: from + limit < ordered.length };
}
