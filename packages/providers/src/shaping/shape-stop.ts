import type { NeutralRequest } from '@sluice/dialects';
import type { Shaping } from './shaping.ts';

/** Keeps the stop sequences that the model accepts. The gateway ends the text at the others. */
export function shapeStop(request: NeutralRequest, { profile, stop: own }: Shaping): NeutralRequest {
  const { stop, ...rest } = request;
  if (stop === undefined) return request;
  const { accepts, max = Number.POSITIVE_INFINITY } = profile.stop;
  const accepted = (sequence: string): boolean => accepts === 'all' || (accepts === 'visible' && sequence.trim() !== '');
  const kept = stop.filter(accepted).slice(0, max);
  // an empty sequence ends nothing
  own.push(...stop.filter((sequence) => sequence !== '' && !kept.includes(sequence)));
  return kept.length === 0 ? rest : { ...rest, stop: kept };
}
