import { defined } from '@sluice/core';
import type { ResponseOutputText } from 'openai/resources/responses/responses';
import { asList, asNumber, asString, type Json, member } from '../neutral/read-json.ts';
import type { Citation } from '../neutral/request.ts';

/** Reads the URLs that a text cites. Files of OpenAI's stores have no equivalent in other dialects. */
export function readAnnotations(annotations: Json): Citation[] {
  return asList(annotations)
    .filter((one) => member(one, 'type') === 'url_citation')
    .map((one) =>
      defined({
        url: asString(member(one, 'url')),
        title: asString(member(one, 'title')),
        start: asNumber(member(one, 'start_index')),
        end: asNumber(member(one, 'end_index')),
      }),
    );
}

export function writeAnnotations(citations: readonly Citation[]): ResponseOutputText.URLCitation[] {
  return citations
    .filter((citation): citation is Citation & { url: string } => citation.url !== undefined)
    .map(({ url, title, start, end }) => ({
      type: 'url_citation' as const,
      url,
      title: title ?? '',
      start_index: start ?? 0,
      end_index: end ?? 0,
    }));
}
