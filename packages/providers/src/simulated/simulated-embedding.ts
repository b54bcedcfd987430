import { errorTexts, LlmError } from '@sluice/core';
import type { NeutralEmbeddings, NeutralEmbedRequest } from '@sluice/dialects';

/** Default number of dimensions. */
const DIMENSIONS = 8;
const MAX_DIMENSIONS = 4_096;

/** Returns vectors that depend only on the text. A character counts as one token. */
export function simulateEmbeddings({ inputs, dimensions = DIMENSIONS }: NeutralEmbedRequest, model: string): NeutralEmbeddings {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    throw new LlmError('invalid_request', errorTexts.dimensionsOutOfRange(MAX_DIMENSIONS), {
      param: 'dimensions',
    });
  }
  const texts = inputs.map((input) => (typeof input === 'string' ? input : input.join(' ')));
  const inputTokens = texts.reduce((sum, text) => sum + [...text].length, 0);
  return { model, vectors: texts.map((text) => embed(text, dimensions)), usage: { inputTokens, outputTokens: 0 } };
}

function embed(text: string, dimensions: number): number[] {
  let state = 2_166_136_261;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) as number), 16_777_619) >>> 0;
  return Array.from({ length: dimensions }, (_, n) => {
    state = Math.imul(state ^ n, 16_777_619) >>> 0;
    return Math.round((state / 2_147_483_648 - 1) * 1_000_000) / 1_000_000;
  });
}
