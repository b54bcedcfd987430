import { bufferOf, CallAbort, isStreamed, type LlmCall, LlmError, type LlmReply } from '@sluice/core';
import { asList, member, parseJson } from '@sluice/dialects';
import { internalCall } from '../repeated-call.ts';
import type { SemanticOptions } from './semantic-options.ts';

/**
 * Returns the vector of a question. The model is called through the gateway, so that the call is authenticated, limited, charged
 * and recorded, and the model must be allowed to the caller.
 *
 * @throws LlmError the error of the call, or `upstream_timeout`
 */
export async function questionVector(
  call: LlmCall,
  question: string,
  { embeddings, timeoutMs, complete }: Pick<SemanticOptions, 'embeddings' | 'timeoutMs' | 'complete'>,
): Promise<Float32Array> {
  const { model, dimensions } = embeddings;
  const body = { model, input: question, ...(dimensions === undefined ? {} : { dimensions }) };
  const abort = new CallAbort();
  const timer = setTimeout(() => abort.abort(new LlmError('upstream_timeout', 'The embeddings took too long.')), timeoutMs);
  try {
    const reply = await complete({ ...internalCall(call, 'embeddings', body, 'embedding'), signal: abort });
    return vectorOf(reply, dimensions);
  } finally {
    clearTimeout(timer);
  }
}

function vectorOf(reply: LlmReply, dimensions: number | undefined): Float32Array {
  const value = isStreamed(reply) ? undefined : parseJson(bufferOf(reply.body).toString('utf8'));
  const numbers = asList(member(asList(member(value, 'data'))[0], 'embedding'));
  const isVector = numbers.length > 0 && numbers.every((number) => Number.isFinite(number));
  if (!isVector || (dimensions !== undefined && numbers.length !== dimensions)) {
    throw new LlmError(
      'upstream_error',
      `The embeddings have ${numbers.length} dimensions, not ${dimensions ?? 'at least one'}.`,
    );
  }
  return Float32Array.from(numbers as number[]);
}
