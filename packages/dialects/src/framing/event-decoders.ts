import type { EventFraming } from '@sluice/core';
import type { EventDecoder } from '../dialect.ts';
import { JsonArrayElements } from './json-array.ts';
import { dataOf, SseEvents } from './sse-events.ts';

/** Returns a splitter of a stream into its events' data, for a framing. */
export function eventDecoder(framing: EventFraming): EventDecoder {
  if (framing === 'json-array') {
    const elements = new JsonArrayElements();
    return {
      feed: (chunk) => elements.feed(chunk).map((element) => element.toString('utf8')),
      flush: () => [],
      unfinished: () => elements.unfinished,
    };
  }
  const events = new SseEvents();
  return {
    feed: (chunk) => events.feed(chunk).map(dataOf),
    flush: () => {
      const rest = events.flush();
      return rest.length === 0 ? [] : [dataOf(rest)];
    },
    unfinished: () => events.unfinished,
  };
}
