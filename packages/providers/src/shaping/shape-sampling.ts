import type { NeutralRequest } from '@sluice/dialects';
import type { Shaping } from './shaping.ts';

type Sampling = {
  [K in 'temperature' | 'topP' | 'topK' | 'presencePenalty' | 'frequencyPenalty']?: number | undefined;
};

/** Default values of models: a parameter with its default is omitted without loss. */
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

/** Drops sampling parameters that the model refuses, and lists their names. */
export function shapeSampling(request: NeutralRequest, { profile: { sampling }, dropped }: Shaping): NeutralRequest {
  const { temperature, topP, topK, presencePenalty, frequencyPenalty, ...rest } = request;
  const given: Sampling = { temperature, topP, topK, presencePenalty, frequencyPenalty };
  const refused: (keyof Sampling)[] = [
    ...(sampling.accepts === 'none' ? (['temperature', 'topP'] as const) : []),
    ...(sampling.accepts === 'one' && temperature !== undefined ? (['topP'] as const) : []),
    ...(sampling.topK ? [] : (['topK'] as const)),
    ...(sampling.penalties ? [] : (['presencePenalty', 'frequencyPenalty'] as const)),
  ];
  for (const name of refused) {
    if (given[name] !== undefined && given[name] !== USUAL[name]) dropped.push(NAMES[name]);
    delete given[name];
  }
  const { maxTemperature } = sampling;
  if (maxTemperature !== undefined && given.temperature !== undefined && given.temperature > maxTemperature) {
    given.temperature = maxTemperature;
    dropped.push('temperature');
  }
  return { ...rest, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}
