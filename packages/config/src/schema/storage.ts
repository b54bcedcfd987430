import { z } from 'zod';
import { byteSize, durationMs, longDurationMs, share } from '../units.ts';
import { name } from './names.ts';

/** What the cache does for the calls of a key or a model, where it differs from `cache`. */
export const cacheTerms = z.strictObject({
  /** Serves a question by the response to another wording of it. */
  near: z.boolean().optional(),
  /** Serves a question by the response to a question with the same meaning; needs `cache.semantic`. */
  semantic: z.boolean().optional(),
  /** A stricter bound than `cache.semantic.maxErrors`. */
  maxErrors: share.optional(),
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

const judge = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('text') }),
  z.strictObject({
    by: z.literal('model'),
    model: z.string().min(1).max(256),
    /** Most calls to it per minute and replica. */
    perMinute: z.number().int().positive().max(100_000).default(60),
  }),
  z.strictObject({ by: z.literal('feedback') }),
]);

/** Fewer errors would need thousands of labels in each bin, and no judge is so good. */
const LEAST_ERRORS = 0.002;

const semantic = z.strictObject({
  /** The model that turns questions into vectors. */
  embeddings: z.string().min(1).max(256),
  /** Asked of the model; by default the model's own. */
  dimensions: z.number().int().positive().max(16_384).optional(),
  /** Maximum share of wrong answers among those that are served, per bin of similarity. */
  maxErrors: share.refine((value) => value >= LEAST_ERRORS, 'expected at least 0.2%').default(0.01),
  confidence: share.refine((value) => value < 1, 'expected less than 100%').default(0.95),
  /** Share of the answers that are compared with the right ones although they could be served. */
  explore: share.default(0.05),
  judge: judge.default({ by: 'text' }),
  /** Labels of its own that an entry needs before it is served. */
  own: z.number().int().nonnegative().max(100).default(1),
  turns: z.number().int().nonnegative().max(100).default(0),
  maxTemperature: z.number().nonnegative().max(2).default(0.7),
  /** The longest wait of a call for a vector. */
  timeout: durationMs.default(150),
  /** Time to live in the index. */
  ttl: longDurationMs.default(3_600_000),
});

const NEAR = { mode: 'shadow', turns: 0, maxTemperature: 0.7, maxCharacters: 500 } as const;

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
    /** A longer question is not served: it is seldom asked in other words, and costs CPU. */
    maxCharacters: z.number().int().positive().max(2_000).default(NEAR.maxCharacters),
  })
  .default(NEAR);

export const cache = z
  .strictObject({
    exact: exact.optional(),
    near,
    /** Serves questions by their meaning, for keys and models with `semantic: true`. Needs Redis 8, or no Redis. */
    semantic: semantic.optional(),
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
