import { defined } from '@sluice/core';
import { asList, asNumber, asString, isObject, type Json, type JsonObject } from '../neutral/read-json.ts';
import type { Citation } from '../neutral/request.ts';
import { field } from './fields.ts';

/**
 * Reads the sources of a candidate's statements: its grounding, and recited text. Gemini counts bytes of the text, other
 * dialects count characters.
 *
 * @param text the candidate's text so far
 */
export function readCitations(candidate: Json, text: string): Citation[] {
  const at = (bytes: Json): number | undefined => {
    const n = asNumber(bytes);
    return n === undefined ? undefined : Buffer.from(text).subarray(0, n).toString('utf8').length;
  };
  const grounding = field(candidate, 'groundingMetadata');
  const sources = asList(field(grounding, 'groundingChunks')).map(
    (chunk) => field(chunk, 'web') ?? field(chunk, 'retrievedContext'),
  );
  const supported = asList(field(grounding, 'groundingSupports')).flatMap((support) => {
    const segment = field(support, 'segment');
    return asList(field(support, 'groundingChunkIndices')).flatMap((index): Citation[] => {
      const source = sources[asNumber(index) ?? -1];
      if (!isObject(source)) return [];
      return [
        defined({
          url: asString(source['uri']),
          title: asString(source['title']),
          text: asString(field(segment, 'text')),
          // a segment at the very start omits its zero
          start: at(field(segment, 'startIndex') ?? 0),
          end: at(field(segment, 'endIndex')),
        }),
      ];
    });
  });
  const metadata = field(candidate, 'citationMetadata');
  const recited = asList(field(metadata, 'citationSources') ?? field(metadata, 'citations')).map((source) =>
    defined({
      url: asString(field(source, 'uri')),
      title: asString(field(source, 'title')),
      start: at(field(source, 'startIndex') ?? 0),
      end: at(field(source, 'endIndex')),
    }),
  );
  return [...supported, ...recited];
}

/** Writes citations as grounding metadata. @param text the cited text */
export function writeGrounding(citations: readonly Citation[], text: string): JsonObject | undefined {
  const cited = citations.filter(({ url }) => url !== undefined);
  if (cited.length === 0) return undefined;
  const bytes = (characters: number): number => Buffer.byteLength(text.slice(0, characters));
  const urls = [...new Set(cited.map(({ url }) => url as string))];
  return {
    groundingChunks: urls.map((uri) => ({ web: defined({ uri, title: cited.find(({ url }) => url === uri)?.title }) })),
    groundingSupports: cited.map(({ url, text: quoted, start, end }) => ({
      segment: defined({
        startIndex: start === undefined ? undefined : bytes(start),
        endIndex: end === undefined ? undefined : bytes(end),
        text: quoted,
      }),
      groundingChunkIndices: [urls.indexOf(url as string)],
    })),
  };
}
