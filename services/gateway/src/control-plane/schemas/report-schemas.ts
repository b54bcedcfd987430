import { USAGE_AMOUNTS } from '@sluice/store/ports';
import { z } from 'zod';
import { pageOf } from './resource-schemas.ts';

const providerFigures = {
  calls: z.int(),
  /** Share of the calls to all providers, 0 to 1. */
  share: z.number(),
  errors: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  costUsd: z.number(),
};

/** The ways in which the cache serves a call. */
export const CACHE_TIERS = ['exact', 'near', 'semantic', 'coalesced'] as const;

/** The dashboard's statistics, over all replicas. */
export const statsSchema = z.looseObject({
  totalRequests: z.int(),
  /** Cache hits divided by lookups, 0 to 1. */
  cacheHitRate: z.number(),
  cacheHits: z.int(),
  /** Hits and saved cost of each tier, since the version that counts them. */
  cacheTiers: z.record(z.enum(CACHE_TIERS), z.looseObject({ hits: z.int(), costSavedUsd: z.number() })),
  authenticationFailures: z.int(),
  costUsd: z.number(),
  costSavedUsd: z.number(),
  status: z.enum(['healthy', 'low_cache_efficiency']),
  providers: z.record(z.string(), z.looseObject(providerFigures)),
});

const target = z.looseObject({
  target: z.string(),
  model: z.string(),
  models: z.array(z.string()),
  priced: z.boolean(),
  latencyMs: z.number().nullable(),
  inFlight: z.int(),
  state: z.enum(['closed', 'half_open', 'open', 'cooldown']),
});

const provider = z.looseObject({
  name: z.string(),
  routes: z.array(z.string()),
  targets: z.array(target),
  ...providerFigures,
});

export type ProviderResponse = z.output<typeof provider>;
export type TargetResponse = z.output<typeof target>;

export const providersSchema = z.looseObject({ providers: z.array(provider) });

const counted = USAGE_AMOUNTS.filter((amount) => amount !== 'cost' && amount !== 'saved' && amount !== 'latencyMs');
const counts = Object.fromEntries(counted.map((amount) => [amount, z.int()])) as Record<(typeof counted)[number], z.ZodInt>;

/** A row of the usage: the names that it is grouped by, and its numbers. */
const usageRow = z
  .object({ ...counts, costUsd: z.number(), savedUsd: z.number(), averageLatencyMs: z.int() })
  .catchall(z.union([z.string(), z.number()]));

export type UsageRow = z.output<typeof usageRow>;

export const usageSchema = z.looseObject({
  from: z.iso.date(),
  to: z.iso.date(),
  by: z.array(z.string()),
  rows: z.array(usageRow),
  count: z.int(),
  nextOffset: z.int().optional(),
  total: usageRow,
});

/** The fields of an audit record that the command `sluice` shows. Older records can lack some. */
const auditLine = z.looseObject({
  id: z.string(),
  time: z.string(),
  requestId: z.string(),
  status: z.int(),
  error: z.string().nullish(),
  key: z.string().nullish(),
  model: z.string().nullish(),
  provider: z.string().nullish(),
  inputTokens: z.number().nullish(),
  outputTokens: z.number().nullish(),
  costUsd: z.number().nullish(),
  /** In nano-dollars. Absent if the cost is unknown. */
  costNanos: z.number().optional(),
  latencyMs: z.number().nullish(),
  cache: z.string().nullish(),
});

export type AuditLine = z.output<typeof auditLine>;

export const auditSchema = pageOf('records', auditLine).extend({
  /** Position of the last scanned record, in a response to `after`. */
  newest: z.string().optional(),
});

const change = z.looseObject({
  id: z.string(),
  time: z.string(),
  admin: z.string(),
  role: z.string(),
  address: z.string(),
  action: z.string(),
  kind: z.string(),
  name: z.string(),
  tenant: z.string().optional(),
  team: z.string().optional(),
  before: z.record(z.string(), z.unknown()).optional(),
  after: z.record(z.string(), z.unknown()).optional(),
});

export type ChangeResponse = z.output<typeof change>;

export const changesSchema = pageOf('changes', change);

/** The configuration in use and its file. */
export const configurationSchema = z.looseObject({
  file: z.string().nullable(),
  fingerprint: z.string().nullable(),
  takenAt: z.iso.datetime(),
  refused: z.string().nullable(),
  restartRequired: z.array(z.string()),
  config: z.record(z.string(), z.unknown()),
});
