import type { MediaSource } from './request.ts';

/** The address of a picture: its bytes as a `data:` URL, where it has no address of its own. */
export function imageUrl(source: MediaSource): string {
  if (source.kind === 'base64') return `data:${source.mediaType};base64,${source.data}`;
  return source.kind === 'url' ? source.url : source.id;
}

/** A picture that a model made, for a wire whose answers have none: Markdown, so that the caller gets it all the same. */
export const imageText = (source: MediaSource): string => `![image](${imageUrl(source)})`;
