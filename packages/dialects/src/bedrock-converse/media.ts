import { asString, isObject, type Json, type JsonObject, member, unsupportedParam } from '../neutral/read-json.ts';
import type { MediaSource, Part } from '../neutral/request.ts';

/** Document formats by media type. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
};

/** Reads an image or a document; undefined for any other block. */
export function readMedia(block: JsonObject): Part | undefined {
  const { image, document } = block;
  if (isObject(image)) {
    return { type: 'image', source: readSource(image['source'], `image/${asString(image['format']) ?? 'png'}`) };
  }
  if (!isObject(document)) return undefined;
  const format = asString(document['format']) ?? 'pdf';
  const type = Object.keys(DOCUMENTS).find((one) => DOCUMENTS[one] === format) ?? 'application/octet-stream';
  const name = asString(document['name']);
  return { type: 'file', source: readSource(document['source'], type), name };
}

function readSource(source: Json, mediaType: string): MediaSource {
  const uri = asString(member(member(source, 's3Location'), 'uri'));
  if (uri !== undefined) return { kind: 'id', id: uri };
  return { kind: 'base64', mediaType, data: asString(member(source, 'bytes')) ?? '' };
}

/** Writes media. Bedrock fetches no URLs: media are sent as bytes, or as an S3 location. @throws LlmError `invalid_request` */
export function writeMedia(part: Part & { type: 'image' | 'file' | 'audio' }, provider: string): JsonObject {
  const { source } = part;
  if (part.type === 'audio') return unsupportedParam('input_audio', provider);
  if (source.kind === 'url') return unsupportedParam(`${part.type} by URL`, provider);
  const where = source.kind === 'id' ? { s3Location: { uri: source.id } } : { bytes: source.data };
  if (part.type === 'image') {
    const format =
      source.kind === 'base64'
        ? source.mediaType.replace(/^image\/(jpg$)?/, (_, jpg) => (jpg === undefined ? '' : 'jpeg'))
        : 'png';
    return { image: { format, source: where } };
  }
  const format = source.kind === 'base64' ? DOCUMENTS[source.mediaType] : 'pdf';
  if (format === undefined) return unsupportedParam('a file of this media type', provider);
  return { document: { format, name: documentName(part.name), source: where } };
}

/** Returns a valid document name: Bedrock accepts only letters, digits, single spaces, hyphens, parentheses and brackets. */
const documentName = (name: string | undefined): string =>
  (name ?? 'document')
    .replace(/[^A-Za-z0-9\s\-()[\]]/g, '-')
    .replace(/\s+/g, ' ')
    .slice(0, 200) || 'document';
