import type { NeutralRequest } from '@sluice/dialects';
import type { Shaping } from './shaping.ts';
import { hashOf } from './short-name.ts';

/**
 * Hashes a user identifier that is too long, or an email address if addresses are refused. The same user has the same hash,
 * which is the purpose of the field.
 */
export function shapeUser(request: NeutralRequest, { profile: { user: rule } }: Shaping): NeutralRequest {
  const hidden = (id: unknown): boolean =>
    typeof id === 'string' && (id.length > rule.maxLength || (!rule.emails && /@|^\+?[\d\s().-]{7,}$/.test(id)));
  const { user, openAi } = request;
  const identifier = openAi?.['safety_identifier'];
  return {
    ...request,
    ...(user !== undefined && hidden(user) ? { user: hashOf(user) } : {}),
    ...(typeof identifier === 'string' && hidden(identifier)
      ? { openAi: { ...openAi, safety_identifier: hashOf(identifier) } }
      : {}),
  };
}
