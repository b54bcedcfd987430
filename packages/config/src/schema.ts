import { z } from 'zod';
import { baseUrl, connection } from './connection.ts';
import { network } from './network.ts';
import { profile } from './profile.ts';
import { BOUNDS, budgetLimits, byteSize, durationMs, longDurationMs, windowLimits } from './units.ts';

/** Names are part of metric labels, Redis keys and logs. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'expected 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit',
  );

/** A public model name may also have a slash and a colon in it, as providers' names do. */
const modelName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/, 'expected 1 to 128 letters, digits or "._:/@-"');

/** As a browser writes it: no path, no capitals. */
const origin = z
  .string()
  .regex(
    /^(?:\*|[a-z][a-z0-9+.-]*:\/\/[a-z0-9._:[\]-]+)$/,
    'expected an origin such as https://app.example.com, without a slash at the end, or *',
  );

const dialect = z.enum(['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'bedrock-converse']);

/** Further routes that a provider may have. */
const FEATURES = [
  ...(['moderations', 'images', 'audio', 'rerank', 'files', 'batches', 'uploads', 'vector_stores', 'fine_tuning'] as const),
  ...(['videos', 'evals', 'containers', 'cached_contents', 'realtime'] as const),
] as const;

/** A header's name and value. A value may be a secret, so that no message shows it. */
const headers = z.record(
  z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, "expected a header's name"),
  z.string().regex(/^[\x20-\x7e]*$/, 'expected printable ASCII characters'),
);

/** Concurrent calls over all replicas, and the queue for permits. */
const concurrency = {
  maxConcurrency: z.number().int().positive().max(BOUNDS.concurrent).optional(),
  /** Calls that may wait at each replica: 100 if not given, and for 5 s. */
  maxQueue: z.number().int().nonnegative().optional(),
  queueTimeout: durationMs.optional(),
};

const provider = z.union([
  z.strictObject({
    /** The entry of the catalog, if it is not the provider's own name. */
    type: z.string().min(1).optional(),
    /** The dialect; by default the catalog's, or OpenAI's chat completions. */
    dialect: dialect.optional(),
    /** The same for one that speaks several, the one it knows best first. */
    dialects: z.array(dialect).min(1).optional(),
    /** The dialect of its embeddings, if it has any. */
    embeddings: z.enum(['openai', 'gemini', 'cohere', 'voyage']).optional(),
    /** Not needed for a provider that is known by its name. */
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
     * The name of the provider in the public price table (`openai`, `aws`, …). By default the known provider's own, unless it
     * has another
     * `baseUrl`.
     */
    prices: z.string().min(1).optional(),
    /** Further routes that it has. */
    routes: z.array(z.enum(FEATURES)).optional(),
    connectTimeout: durationMs.optional(),
    /** How long a stream may be silent. */
    idleTimeout: durationMs.optional(),
    /** A longer event of a stream ends it: 16 MiB if not given. */
    maxEvent: byteSize.optional(),
    /**
     * The handling of a stream after its client has disconnected. `drain` is for providers that bill the complete stream
     * anyway.
     */
    onDisconnect: z.enum(['abort', 'drain']).optional(),
    /** Asks it again and again whether it works, whether there are calls or not. */
    healthCheck: z
      .strictObject({
        /** Below its base address. */
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

/** US dollars per million tokens; steps apply to prompts of at least so many tokens. */
const rate = z.union([
  z.number().nonnegative(),
  z.strictObject({
    base: z.number().nonnegative(),
    steps: z.array(z.strictObject({ from: z.number().int().positive(), price: z.number().nonnegative() })).min(1),
  }),
]);

const price = z.strictObject({
  input: rate,
  output: rate,
  /** Tokens read from, and written to, the provider's prompt cache. */
  cachedInput: rate.optional(),
  cacheWrite: rate.optional(),
  /** Tokens written to the prompt cache for one hour: twice the input price by default. */
  cacheWriteHour: rate.optional(),
  reasoning: rate.optional(),
  audioInput: rate.optional(),
  audioOutput: rate.optional(),
  /** US dollars a call. */
  request: z.number().nonnegative().optional(),
  /** US dollars a search that the provider makes for the answer. */
  webSearch: z.number().nonnegative().optional(),
  /** What a service tier costs, as a multiple of these: `{ flex: 0.5 }`. */
  serviceTiers: z.record(z.string().min(1).max(64), z.number().nonnegative()).optional(),
});

const target = z.strictObject({
  provider: name,
  /** The provider's own name of the model. */
  model: z.string().min(1).max(256),
  weight: z.number().positive().default(1),
  /** The public table's, if not given. */
  price: price.optional(),
  /** How many tokens a prompt and its answer may have; the public table's, if not given. */
  context: z.number().int().positive().optional(),
  /** How long an answer takes, until measurements say better. */
  latency: durationMs.optional(),
  /** How long it may take to begin an answer, which of a whole one is all of it. */
  timeout: durationMs.default(120_000),
  /** The same for the first content of a stream. Ten seconds by default if another target or model remains, else the same. */
  firstToken: durationMs.optional(),
  /** How long a stream may be silent, where not as at the provider's other models. */
  idleTimeout: durationMs.optional(),
  /** How long all of an answer may take. */
  whole: durationMs.default(600_000),
  /** What the model accepts, where otherwise than its family has it. */
  profile: profile.optional(),
  ...concurrency,
});

export const limits = z.strictObject({
  requests: windowLimits.optional(),
  /** Prompt and answer. */
  tokens: windowLimits.optional(),
  concurrent: z.number().int().positive().max(BOUNDS.concurrent).optional(),
  /** The handling of calls with an unknown price: served by default. */
  unpriced: z.enum(['serve', 'refuse']).optional(),
});

const model = z.strictObject({
  strategy: z.enum(['cost', 'speed', 'balanced', 'weighted', 'priority']).default('priority'),
  targets: z.array(target).min(1),
  /** Models that serve the call if all targets fail. */
  fallback: z.array(modelName).max(20).default([]),
  /**
   * Failures that move a call to another target or model. By default errors, rate limits, and prompts that are too long if
   * another
   * model may have a larger context.
   */
  fallbackOn: z.array(z.enum(['error', 'rate_limit', 'context_length', 'content_refused'])).optional(),
  /** Calls a second target if the first is slower than 95 % of its calls, or slower than a duration. */
  hedge: z.union([z.literal('p95'), durationMs]).optional(),
  /** What each tenant may use of it. */
  limits: limits.default({}),
  budget: budgetLimits.optional(),
});

/** Small facts of an administrator's, of no meaning to the gateway. */
export const metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((facts) => Object.keys(facts).length <= 32, 'expected 32 facts at the most');

/** What callers share, beside what each may use. */
export const shared = { limits: limits.default({}), budget: budgetLimits.optional(), metadata: metadata.optional() };
const team = z.strictObject({
  /** The tenant of the team. */
  tenant: name,
  ...shared,
});

/** A model name or a pattern: `*` matches any characters. */
const modelPattern = z
  .string()
  .regex(/^[A-Za-z0-9*][A-Za-z0-9._:/@*-]{0,127}$/, 'expected 1 to 128 letters, digits or "._:/@-", with "*" for any');

const routePattern = z
  .string()
  .regex(/^\/[A-Za-z0-9._:/{}*-]{0,127}$/, 'expected a path such as /v1/chat/completions or /v1/*, with "*" for any');

const tagText = z
  .string()
  .regex(/^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,128}$/, 'expected 1 to 128 visible characters without "," and "="');

/** What a key may do; the admin API takes the same. */
export const keyTermsShape = {
  models: z.array(modelPattern).max(1_000).optional(),
  routes: z.array(routePattern).max(100).optional(),
  allowedIps: z.array(network).min(1).max(100).optional(),
  limits: limits.default({}),
  budget: budgetLimits.optional(),
  /** Limits of each end user, by the tag `user`. */
  users: z.strictObject({ limits: limits.default({}), budget: budgetLimits.optional() }).optional(),
  /** Tags of each of its calls. They override the tags of the call. */
  tags: z
    .record(tagText, tagText)
    .refine((tags) => Object.keys(tags).length <= 16, 'expected 16 tags at the most')
    .optional(),
  metadata: metadata.optional(),
};

const secret = z.string().regex(/^[\x21-\x7e]{6,512}$/, 'expected 6 to 512 visible ASCII characters');

const key = z.strictObject({
  name,
  secret,
  /** The tenant of its data; a key without one is its own tenant. */
  tenant: name.optional(),
  /** The team that it is of; its tenant is the team's. */
  team: name.optional(),
  /** ISO 8601. */
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  ...keyTermsShape,
});

/** An administrator and its rights. */
const admin = z.strictObject({
  name,
  secret: secret.min(16, 'expected 16 to 512 visible ASCII characters'),
  role: z.enum(['owner', 'operator', 'team', 'viewer']),
  /** The one tenant that it is about; all of them if not given. */
  tenant: name.optional(),
  /** The one team that it is about. */
  team: name.optional(),
});

/** Tokens of an identity provider instead of keys. */
const jwtIssuer = z.strictObject({
  /** Prefix of the subject in the caller's name. */
  name,
  /** The claim `iss`, to the letter. */
  issuer: z.string().min(1),
  /** One of them must be in the claim `aud`. */
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /** Where its public keys are. */
  jwks: z.url({ protocol: /^https?$/ }),
  /** The claim that identifies the caller. */
  subjectClaim: z.string().min(1).default('sub'),
  /** The claim with the team, a string or a list, and the team for each value if it is not the value itself. */
  teamClaim: z.string().min(1).optional(),
  teams: z.record(z.string().min(1), name).optional(),
  /** The tenant of callers without a team. */
  tenant: name.optional(),
  /** What each subject may do. */
  ...keyTermsShape,
});

export const configSchema = z.strictObject({
  providers: z.record(name, provider).default({}),
  models: z.record(modelName, model).default({}),
  tenants: z.record(name, z.strictObject(shared)).default({}),
  teams: z.record(name, team).default({}),
  keys: z.array(key).default([]),
  admins: z.array(admin).default([]),
  jwt: z.array(jwtIssuer).default([]),
  network: z
    .strictObject({
      /** Proxies with a trusted `X-Forwarded-For`: the ingress. */
      trustedProxies: z.array(network).default([]),
      /** Host names of the control plane, in addition to IP addresses, single-label names and private names. */
      adminHosts: z
        .array(z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "expected a host's name in lower case, without a port"))
        .default([]),
    })
    .default({ trustedProxies: [], adminHosts: [] }),
  /** The provider of each API that answers requests that name neither a model nor a provider: uploads, lists, … */
  passThrough: z
    .strictObject({
      openai: name.optional(),
      anthropic: name.optional(),
      gemini: name.optional(),
      rerank: name.optional(),
    })
    .default({}),
  cors: z
    .strictObject({
      /** Origins of pages that may call the data plane from a browser. */
      origins: z.array(origin).max(100).default([]),
    })
    .default({ origins: [] }),
  prices: z
    .strictObject({
      /** By `provider/model`; over those of the table. */
      own: z.record(z.string().regex(/^[^/]+\/.+$/, 'expected provider/model'), price).default({}),
      /** Another table than the one that ships with the gateway: a file, or an address that is asked again and again. */
      file: z.string().min(1).optional(),
      url: z.url({ protocol: /^https?$/ }).optional(),
      every: durationMs.default(86_400_000),
    })
    .refine(({ file, url }) => file === undefined || url === undefined, 'expected file or url, not both')
    .default({ own: {}, every: 86_400_000 }),
  cache: z
    .strictObject({
      exact: z.strictObject({ ttl: longDurationMs }).optional(),
      sharedBetweenTenants: z.boolean().default(false),
      /** A longer answer is not kept. */
      maxEntry: byteSize.default(1_048_576),
    })
    .default({ sharedBetweenTenants: false, maxEntry: 1_048_576 }),
  responses: z
    .strictObject({
      /** Whether answers of the Responses API are kept, so that requests can refer to them. A request's `store: false` keeps nothing. */
      store: z.boolean().default(true),
      /** How long they are kept. */
      ttl: longDurationMs.default(30 * 86_400_000),
      /** A longer answer, with the items of its request, is not kept. */
      maxRecord: byteSize.default(8_388_608),
      /** They are sealed with it (AES-256-GCM) before they go to the store. */
      encryptionKey: z.string().min(32, 'expected 32 characters or more').optional(),
    })
    .default({ store: true, ttl: 30 * 86_400_000, maxRecord: 8_388_608 }),
  audit: z
    .strictObject({
      /** How many records the store keeps, about. */
      keep: z.number().int().positive().default(100_000),
      /** Whether prompts and answers are recorded too. */
      content: z.boolean().default(false),
      /** Further destinations of the records, each at least once. */
      drain: z
        .strictObject({
          /** After how long what one replica has read and not written is another's: longer than any write takes. */
          takeOver: durationMs.default(60_000),
          /** A file of JSON lines a day and replica. */
          files: z.strictObject({ directory: z.string().min(1) }).optional(),
          /** Posted as JSON lines. */
          webhook: z
            .strictObject({
              url: z.url({ protocol: /^https?$/ }),
              headers: headers.default({}),
              /** Signs the body: `x-sluice-signature: sha256=HEX`. */
              secret: z.string().min(16, 'expected 16 characters or more').optional(),
              timeout: durationMs.default(10_000),
            })
            .optional(),
        })
        .default({ takeOver: 60_000 }),
    })
    .default({ keep: 100_000, content: false, drain: { takeOver: 60_000 } }),
  /** How long the sums of usage are kept. */
  usage: z
    .strictObject({
      keep: longDurationMs.default(400 * 86_400_000),
      /** Retention of sums by hour and by tag, which are more. */
      keepDetailed: longDurationMs.default(35 * 86_400_000),
    })
    .default({ keep: 400 * 86_400_000, keepDetailed: 35 * 86_400_000 }),
  resilience: z
    .strictObject({
      retries: z
        .strictObject({
          /** How often one call is tried again. */
          max: z.number().int().nonnegative().max(10).default(2),
          /** How many retries a provider may have, as a share of its calls of the last ten seconds, */
          budget: z.number().min(0).max(1).default(0.1),
          /** and how many a second in any case. */
          floor: z.number().nonnegative().default(1),
          initial: durationMs.default(250),
          longest: durationMs.default(4_000),
          /** The longest total wait of a call for rate-limited targets. */
          wait: durationMs.default(5_000),
          /** How long it waits, once, before a fallback model is asked: `wait` if not given. */
          fallbackWait: durationMs.optional(),
        })
        .default({ max: 2, budget: 0.1, floor: 1, initial: 250, longest: 4_000, wait: 5_000 }),
      /** Opens a circuit after consecutive failures, or above a share of the calls in a window with enough calls. */
      breaker: z
        .strictObject({
          consecutive: z.number().int().positive().default(5),
          share: z.number().positive().max(1).default(0.5),
          minimum: z.number().int().positive().default(10),
          window: durationMs.default(30_000),
          /** Until one call tries it again. */
          open: durationMs.default(5_000),
        })
        .default({ consecutive: 5, share: 0.5, minimum: 10, window: 30_000, open: 5_000 }),
      /** Past these, new calls are refused at once. */
      overload: z
        .strictObject({
          /** How late the event loop may be. */
          lag: durationMs.default(500),
          /** How much of the memory that Node.js may have is in use, 0 to 1. */
          heap: z.number().positive().max(1).default(0.9),
        })
        .default({ lag: 500, heap: 0.9 }),
    })
    .default({
      retries: { max: 2, budget: 0.1, floor: 1, initial: 250, longest: 4_000, wait: 5_000 },
      breaker: { consecutive: 5, share: 0.5, minimum: 10, window: 30_000, open: 5_000 },
      overload: { lag: 500, heap: 0.9 },
    }),
  streams: z
    .strictObject({
      /** Silence after which a comment is sent, so that no proxy closes the connection. */
      heartbeat: durationMs.default(15_000),
      /**
       * Time after which the response to a stream begins even without an answer, with headers and heartbeats. Never by default.
       */
      headersAfter: durationMs.optional(),
      /** A client that reads nothing for this time is disconnected. */
      stalled: durationMs.default(60_000),
    })
    .default({ heartbeat: 15_000, stalled: 60_000 }),
  shutdown: z
    .strictObject({
      /** Time for which calls are accepted after SIGTERM, until the load balancer has seen the failed readiness. */
      delay: durationMs.default(5_000),
      /** Time for calls in flight after that. */
      drain: durationMs.default(120_000),
    })
    .default({ delay: 5_000, drain: 120_000 }),
  redis: z
    .strictObject({
      prefix: name.default('sluice'),
      /** How long a call waits for one command. */
      timeout: durationMs.default(50),
      /** The same for the cache; a fifth of it if not given. */
      cacheTimeout: durationMs.optional(),
      /**
       * The most replicas that there will ever be. While Redis is unavailable each admits its share of the limits of requests, tokens and concurrent calls;
       * without this number it shares by the highest count of replicas of the last hour.
       */
      maxReplicas: z.number().int().positive().optional(),
    })
    .default({ prefix: 'sluice', timeout: 50 }),
  objects: z
    .strictObject({
      /** Lets all tenants use all files and batches of the providers' accounts. */
      sharedBetweenTenants: z.boolean().default(false),
    })
    .default({ sharedBetweenTenants: false }),
  /** Sessions of OpenAI's Realtime API and Gemini's Live API, over WebSockets. */
  realtime: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Sessions at one time at each replica; further ones are refused with 503. */
      maxSessions: z.number().int().positive().max(100_000).default(1_000),
      /** A client's longer message ends its session (1009). */
      maxMessage: byteSize.default(16_777_216),
      /** Deadline for the first message, if it contains the model. */
      setupTimeout: durationMs.default(10_000),
      /** A session without a message in either direction for this time is closed. */
      idleTimeout: durationMs.default(600_000),
      /** The longest session. */
      maxDuration: durationMs.default(7_200_000),
      /** How often both sides are pinged; one that shows no life until the next ping is given up. */
      ping: durationMs.default(30_000),
    })
    .default({
      ...{ enabled: true, maxSessions: 1_000, maxMessage: 16_777_216, setupTimeout: 10_000 },
      ...{ idleTimeout: 600_000, maxDuration: 7_200_000, ping: 30_000 },
    }),
  reload: z
    .strictObject({
      /** Takes a changed file over although it has no more keys, models or providers. */
      allowEmpty: z.boolean().default(false),
    })
    .default({ allowEmpty: false }),
  limits: z
    .strictObject({
      /** A longer request is refused. */
      body: byteSize.default(10_485_760),
      /** A request is refused if its body is not complete after this time. */
      bodyTimeout: durationMs.default(30_000),
      /** Longest wait of a call for a budget that calls in flight have reserved; 0 refuses it at once. */
      wait: durationMs.default(2_000),
      /** What of a budget is reserved for an answer: as much as it may have, or as much as it is likely to have, with the answer bounded to that. */
      reserve: z.enum(['full', 'adaptive']).default('full'),
      /** Bytes of all unfinished bodies of the process; an eighth of its memory (container limit or machine) if not given. */
      unfinishedBodies: byteSize.optional(),
      /** Bytes of all Buffers of the process beyond which new calls are refused; half of its memory if not given. */
      buffers: byteSize.optional(),
      /** Connections to the data plane at one time; further ones are closed. */
      connections: z.number().int().positive().max(1_000_000).default(10_000),
    })
    .default({ body: 10_485_760, bodyTimeout: 30_000, wait: 2_000, reserve: 'full', connections: 10_000 }),
});

/** The configuration as the gateway uses it: durations in milliseconds, sizes in bytes. */
export type GatewayConfig = z.output<typeof configSchema>;
/** The configuration as a file has it. */
export type ConfigFile = z.input<typeof configSchema>;
export type ProviderConfig = GatewayConfig['providers'][string];
export type TargetConfig = GatewayConfig['models'][string]['targets'][number];
