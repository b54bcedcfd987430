import type { MediaSource } from './request.ts';

/** Returns the URL of an image; a `data:` URL for one that is sent as bytes. */
export function imageUrl(source: MediaSource): string {
  if (source.kind === 'base64') return `data:${source.mediaType};base64,${source.data}`;
  return source.kind === 'url' ? source.url : source.id;
}

/** Renders a generated image as Markdown, for dialects without images in responses. */
export const imageText = (source: MediaSource): string => `![image](${imageUrl(source)})`;
