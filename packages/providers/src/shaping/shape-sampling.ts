import type { NeutralRequest } from '@sluice/dialects';
import type { Shaping } from './shaping.ts';

type Sampling = {
  [K in 'temperature' | 'topP' | 'topK' | 'presencePenalty' | 'frequencyPenalty']?: number | undefined;
};

/** What a model does unasked: to omit it loses nothing. */
const USUAL: Readonly<Record<keyof Sampling, number | undefined>> = {
  temperature: 1,
  topP: 1,
  topK: undefined,
  presencePenalty: 0,
  frequencyPenalty: 0,
};
const NAMES: Readonly<Record<keyof Sampling, string>> = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
};

/** Drops sampling parameters that the model refuses, with their names. */
export function shapeSampling(request: NeutralRequest, { profile: { sampling }, dropped }: Shaping): NeutralRequest {
  const { temperature, topP, topK, presencePenalty, frequencyPenalty, ...rest } = request;
  const asked: Sampling = { temperature, topP, topK, presencePenalty, frequencyPenalty };
  const refused: (keyof Sampling)[] = [
    ...(sampling.accepts === 'none' ? (['temperature', 'topP'] as const) : []),
    ...(sampling.accepts === 'one' && temperature !== undefined ? (['topP'] as const) : []),
    ...(sampling.topK ? [] : (['topK'] as const)),
    ...(sampling.penalties ? [] : (['presencePenalty', 'frequencyPenalty'] as const)),
  ];
  for (const name of refused) {
    if (asked[name] !== undefined && asked[name] !== USUAL[name]) dropped.push(NAMES[name]);
    delete asked[name];
  }
  const { maxTemperature } = sampling;
  if (maxTemperature !== undefined && asked.temperature !== undefined && asked.temperature > maxTemperature) {
    asked.temperature = maxTemperature;
    dropped.push('temperature');
  }
  return { ...rest, ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) };
}
