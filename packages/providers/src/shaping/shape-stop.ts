import type { NeutralRequest } from '@sluice/dialects';
import type { Shaping } from './shaping.ts';

/** Leaves the stop sequences that the model accepts; at the others the gateway ends the text. */
export function shapeStop(request: NeutralRequest, { profile, stop: own }: Shaping): NeutralRequest {
  const { stop, ...rest } = request;
  if (stop === undefined) return request;
  const { accepts, max = Number.POSITIVE_INFINITY } = profile.stop;
  const accepted = (sequence: string): boolean => accepts === 'all' || (accepts === 'visible' && sequence.trim() !== '');
  const said = stop.filter(accepted).slice(0, max);
  // an empty sequence ends nothing
  own.push(...stop.filter((sequence) => sequence !== '' && !said.includes(sequence)));
  return said.length === 0 ? rest : { ...rest, stop: said };
}
