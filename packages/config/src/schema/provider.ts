import { z } from 'zod';
import { baseUrl, connection } from '../connection.ts';
import { byteSize, durationMs } from '../units.ts';
import { concurrency } from './concurrency.ts';
import { headers } from './names.ts';

const dialect = z.enum(['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'bedrock-converse']);

/** Further routes that a provider may have. */
const FEATURES = [
  ...(['moderations', 'images', 'audio', 'rerank', 'files', 'batches', 'uploads', 'vector_stores', 'fine_tuning'] as const),
  ...(['videos', 'evals', 'containers', 'cached_contents', 'realtime'] as const),
] as const;

export const provider = z.union([
  z.strictObject({
    /** The entry of the catalog, if it is not the provider's own name. */
    type: z.string().min(1).optional(),
    /** The dialect; by default the catalog's, or OpenAI's chat completions. */
    dialect: dialect.optional(),
    /** The dialects of a provider with several, in order of preference. */
    dialects: z.array(dialect).min(1).optional(),
    /** The dialect of its embeddings, if it has any. */
    embeddings: z.enum(['openai', 'gemini', 'cohere', 'voyage']).optional(),
    /** Not needed for a provider of the catalog. */
    baseUrl: baseUrl.optional(),
    ...connection,
    apiKey: z.string().min(1).optional(),
    /** Azure's older API. */
    apiVersion: z.string().min(1).optional(),
    /** Azure. */
    resource: z.string().min(1).optional(),
    /** Amazon. */
    region: z.string().min(1).optional(),
    accessKeyId: z.string().min(1).optional(),
    secretAccessKey: z.string().min(1).optional(),
    sessionToken: z.string().min(1).optional(),
    /** Google Cloud. */
    project: z.string().min(1).optional(),
    location: z.string().min(1).optional(),
    credentialsFile: z.string().min(1).optional(),
    /** Further headers of every request. */
    headers: headers.optional(),
    /**
     * The name of the provider in the public price table (`openai`, `aws`, …). By default the name that the catalog has, unless
     * `baseUrl` is set.
     */
    prices: z.string().min(1).optional(),
    /** Further routes that it has. */
    routes: z.array(z.enum(FEATURES)).optional(),
    connectTimeout: durationMs.optional(),
    /** The longest time between two events of a stream. */
    idleTimeout: durationMs.optional(),
    /** A stream with a longer event fails: 16 MiB by default. */
    maxEvent: byteSize.optional(),
    /**
     * The handling of a stream after its client has disconnected. `drain` is for providers that bill the complete stream
     * anyway.
     */
    onDisconnect: z.enum(['abort', 'drain']).optional(),
    /** Requests a path of the provider at intervals, also without calls. */
    healthCheck: z
      .strictObject({
        /** Relative to the base address. */
        path: z
          .string()
          .regex(/^\/[!-~]*$/, 'expected a path such as /models')
          .default('/models'),
        every: durationMs.default(10_000),
        timeout: durationMs.default(2_000),
        /** Consecutive failures after which the provider is not called. */
        failures: z.number().int().positive().default(3),
      })
      .optional(),
    ...concurrency,
  }),
  z.strictObject({
    dialect: z.literal('simulated'),
    latency: durationMs,
    tokensPerSecond: z.number().positive().optional(),
    ...concurrency,
  }),
]);
