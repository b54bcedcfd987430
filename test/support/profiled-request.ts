import type { DialectName } from '@sluice/core';
import { DIALECTS, type JsonObject } from '@sluice/dialects';
import { profileOf } from '../../packages/providers/src/profiles/profile-of.ts';
import { shapeRequest } from '../../packages/providers/src/shaping/shape-request.ts';

export const hi = [{ role: 'user', content: 'hi' }];

export const tool = {
  type: 'function',
  function: { name: 'f', description: 'd', parameters: { type: 'object', properties: {} } },
};

/** A user message, a tool call and its result. */
export const loop = [
  ...hi,
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call:1', type: 'function', function: { name: 'f', arguments: '{}' } }],
  },
  { role: 'tool', tool_call_id: 'call:1', content: '42' },
];

/** Translates a chat completion for a model, by its profile. */
export function written(model: string, more: JsonObject, provider = 'own', dialect: DialectName = 'openai-chat') {
  const stream = more['stream'] === true;
  const read = DIALECTS['openai-chat'].readRequest({ model, messages: hi, ...more });
  const { request, shaping } = shapeRequest(read, profileOf({ provider, dialect, model }), stream);
  const { body, dropped } = DIALECTS[dialect].writeRequest(request, model, stream);
  return { body, dropped: [...shaping.dropped, ...dropped], stop: shaping.stop };
}

export const claude = (model: string, more: JsonObject) => written(model, more, 'anthropic', 'anthropic-messages');
export const converse = (model: string, more: JsonObject) => written(model, more, 'bedrock', 'bedrock-converse');
