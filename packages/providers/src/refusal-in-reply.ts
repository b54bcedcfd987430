import { bufferOf, type DialectName, isStreamed, type LlmReply } from '@sluice/core';
import { asList, isObject, member, messageOfBody, parseJson } from '@sluice/dialects';
import type { FieldChange } from './optional-fields.ts';
import { refusedIn } from './refused-fields.ts';

const refusalText = (reply: LlmReply): string =>
  isStreamed(reply) || (reply.status !== 400 && reply.status !== 422) ? '' : bufferOf(reply.body).toString('utf8');

/** Returns whether a provider refused a request for the `stream_options` that the gateway added to it. */
export const refusesStreamOptions = (reply: LlmReply): boolean => /stream_options|include_usage/.test(refusalText(reply));

/** Returns whether a provider refused a request for encrypted reasoning of another account. */
export const refusesState = (reply: LlmReply): boolean =>
  /invalid_encrypted_content|encrypted content .{0,200}could not be (?:verified|decrypted)/i.test(refusalText(reply));

const STATE = Buffer.from('"encrypted_content"');

/** Returns whether a request for a response may hold encrypted reasoning. */
export const holdsState = (bytes: Buffer): boolean => bytes.includes(STATE);

/** Returns a request for a response without its encrypted reasoning. */
export function withoutState(bytes: Buffer): Buffer {
  const body = parseJson(bytes.toString('utf8'));
  if (!isObject(body)) return bytes;
  const input = asList(body['input']).filter(
    (item) => member(item, 'type') !== 'reasoning' || typeof member(item, 'encrypted_content') !== 'string',
  );
  return Buffer.from(JSON.stringify({ ...body, input }));
}

/** Returns the optional fields of a request, as it was sent, that a provider refused; undefined for another answer. */
export function fieldsRefused(reply: LlmReply, sent: Buffer, dialect: DialectName): readonly FieldChange[] | undefined {
  const message = messageOfBody(refusalText(reply));
  const body = message === undefined ? undefined : parseJson(sent.toString('utf8'));
  return message === undefined || !isObject(body) ? undefined : refusedIn(message, body, dialect);
}
