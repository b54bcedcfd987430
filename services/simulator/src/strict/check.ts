import type { JsonObject } from '@sluice/dialects';
import type { Question } from '../question.ts';
import { checkClaude } from './claude.ts';
import { checkCompatible } from './compatible.ts';
import { checkConverse } from './converse.ts';
import type { Family } from './families.ts';
import { checkGemini } from './gemini.ts';
import { checkChat, checkResponses } from './openai.ts';
import { Refusal, refuse } from './refusal.ts';

/** A provider's error response to an invalid request. */
export interface ProviderRefusal {
  readonly status: number;
  readonly body: string;
}

/**
 * Checks a request like the models of a family. An undefined body means that the request refers to an unknown response. Returns
 * undefined for a valid request.
 */
export function refusalOf(
  family: Family,
  { dialect, model, operation }: Question,
  body: JsonObject | undefined,
): ProviderRefusal | undefined {
  if (operation !== 'chat') return undefined;
  try {
    if (body === undefined) refuse('Previous response not found.');
    if (dialect === 'anthropic-messages') checkClaude(body, family);
    else if (dialect === 'gemini') checkGemini(body, family, model);
    else if (dialect === 'bedrock-converse') checkConverse(body, family);
    else if (dialect === 'openai-responses') checkResponses(body, family);
    else if (family === 'openai' || family === 'openai-reasoning') checkChat(body, family);
    else checkCompatible(body, family);
    return undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: 400, body: JSON.stringify(bodyOf(family, error.message)) };
  }
}

function bodyOf(family: Family, message: string): object {
  if (family.startsWith('claude'))
    return { type: 'error', error: { type: 'invalid_request_error', message }, request_id: 'req_simulated' };
  if (family.startsWith('gemini')) return { error: { code: 400, message, status: 'INVALID_ARGUMENT' } };
  if (family === 'mistral') return { object: 'error', message, type: 'invalid_request_message_order', param: null, code: '3230' };
  if (family === 'local') return { object: 'error', message, type: 'BadRequestError', param: null, code: 400 };
  return { error: { message, type: 'invalid_request_error', param: null, code: null } };
}
