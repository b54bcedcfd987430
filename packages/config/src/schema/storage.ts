import { z } from 'zod';
import { byteSize, durationMs, longDurationMs } from '../units.ts';
import { name } from './names.ts';

export const cache = z
  .strictObject({
    exact: z.strictObject({ ttl: longDurationMs }).optional(),
    sharedBetweenTenants: z.boolean().default(false),
    /** A longer answer is not cached. */
    maxEntry: byteSize.default(1_048_576),
  })
  .default({ sharedBetweenTenants: false, maxEntry: 1_048_576 });

export const responses = z
  .strictObject({
    /** Stores answers of the Responses API, so that requests can refer to them. Nothing is stored for a request with `store: false`. */
    store: z.boolean().default(true),
    /** The time to live of stored answers. */
    ttl: longDurationMs.default(30 * 86_400_000),
    /** An answer that is longer with the items of its request is not stored. */
    maxRecord: byteSize.default(8_388_608),
    /** Encrypts stored answers (AES-256-GCM) before they are sent to the store. */
    encryptionKey: z.string().min(32, 'expected 32 characters or more').optional(),
  })
  .default({ store: true, ttl: 30 * 86_400_000, maxRecord: 8_388_608 });

export const objects = z
  .strictObject({
    /** Lets all tenants use all files and batches of the providers' accounts. */
    sharedBetweenTenants: z.boolean().default(false),
  })
  .default({ sharedBetweenTenants: false });

export const redis = z
  .strictObject({
    prefix: name.default('sluice'),
    /** The longest wait of a call for one command. */
    timeout: durationMs.default(50),
    /** The longest wait for a command of the cache: a fifth of `timeout` by default. */
    cacheTimeout: durationMs.optional(),
    /**
     * The highest number of replicas. While Redis is unavailable, each replica admits its share of the limits of requests,
     * tokens and concurrent calls. Without this number the share follows from the highest count of the last hour.
     */
    maxReplicas: z.number().int().positive().optional(),
  })
  .default({ prefix: 'sluice', timeout: 50 });
