import type { Clock } from '@sluice/core';
import type { KeyRecord, Keys } from '@sluice/store/ports';
import type { RequestHandler } from 'express';
import { hashSecret } from '../../identity/key-cache.ts';
import { checked } from '../checked.ts';
import { requireVersion } from '../etag.ts';
import { permit } from '../permissions.ts';
import { keySchemas } from '../schemas/key-schemas.ts';
import { revoked } from './key-store.ts';
import { newSecret } from './new-secret.ts';
import type { Resource } from './resource.ts';

type KeyResource = Pick<Resource<KeyRecord, never, never, never>, 'findFor' | 'line' | 'send'>;

/** Creates another secret of a key. The old secret remains valid for a grace period, or until the key's own end. */
export function rotateKey(resource: KeyResource, keys: Pick<Keys, 'rotate'>, clock: Clock): RequestHandler {
  return async (request, response) => {
    const before = await resource.findFor(request, permit(request, 'keys'), 'rotate');
    const { grace } = checked(keySchemas.rotation, request.body ?? {});
    requireVersion(request, before);
    const secret = newSecret('sk-sluice-');
    const atMs = clock.now();
    const oldUntilMs = atMs + grace;
    const change = resource.line(request, 'rotate', before, { before, after: { ...before, rotatedAtMs: atMs } });
    const record = await keys.rotate(before.name, { hash: hashSecret(secret), atMs, oldUntilMs }, change);
    if (record === undefined) throw revoked(before.name);
    resource.send(response, record, { secret, oldUntilMs: Math.min(record.expiresAtMs ?? oldUntilMs, oldUntilMs) });
  };
}
