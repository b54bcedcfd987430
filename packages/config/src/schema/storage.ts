import { z } from 'zod';
import { byteSize, durationMs, longDurationMs } from '../units.ts';
import { name } from './names.ts';

/** What the cache does for the calls of a key or a model, where it differs from `cache`. */
export const cacheTerms = z.strictObject({
  /** Serves a question by the response to another wording of it. */
  near: z.boolean().optional(),
  /** Shares one call to a provider between identical calls in flight. */
  coalesce: z.boolean().optional(),
  /** Time to live of the entries. */
  ttl: longDurationMs.optional(),
  /** A longer answer is not cached. */
  maxEntry: byteSize.optional(),
});

const exact = z.strictObject({
  ttl: longDurationMs,
  /** Time after its lifetime in which an entry is served while it is replaced in the background. */
  staleWhileRevalidate: longDurationMs.optional(),
  /** Time after its lifetime in which an entry is served if no provider could answer. */
  staleIfError: longDurationMs.optional(),
});

const NEAR = { mode: 'shadow', turns: 0, maxTemperature: 0.7 } as const;

const near = z
  .strictObject({
    /**
     * `shadow` counts the questions that the response to another wording could serve, and serves them only for keys and models
     * with `near: true`. `serve` serves all, except for keys and models with `near: false`.
     */
    mode: z.enum(['off', 'shadow', 'serve']).default(NEAR.mode),
    /** Most earlier answers in a conversation. They must be equal. */
    turns: z.number().int().nonnegative().max(100).default(NEAR.turns),
    /** A question with a higher temperature asks for variety and is not served. */
    maxTemperature: z.number().nonnegative().max(2).default(NEAR.maxTemperature),
  })
  .default(NEAR);

export const cache = z
  .strictObject({
    exact: exact.optional(),
    near,
    /** Shares one call to a provider between identical calls in flight, for all keys and models that do not say otherwise. */
    coalesce: z.boolean().default(false),
    sharedBetweenTenants: z.boolean().default(false),
    /** A longer answer is not cached. */
    maxEntry: byteSize.default(1_048_576),
  })
  .default({ near: NEAR, coalesce: false, sharedBetweenTenants: false, maxEntry: 1_048_576 });

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
