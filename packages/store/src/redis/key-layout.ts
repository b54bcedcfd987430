import {
  type CacheFilter,
  type CacheKey,
  type CountsOf,
  type IdempotentId,
  SEMANTIC_PREFIX,
  type SemanticSpace,
  type UsageTable,
} from '../ports/index.ts';

/**
 * A shard of the audit trail, the sums of usage, the ledger and the checkpoints. `unsharded` is what versions before 0.3.0 wrote:
 * it is read like a shard, and nothing is added to it.
 */
export type AuditShard = number | 'unsharded';

/** The default of `audit.shards`. */
const AUDIT_SHARDS = 16;

/**
 * The names of all keys; docs/redis.md describes them. The keys of one script carry one {hash tag}, so that they are on one
 * shard of a Cluster.
 */
export class KeyLayout {
  readonly #prefix: string;
  readonly keyRecords: string;
  readonly keyNames: string;
  readonly keyChannel: string;
  readonly registryChannel: string;
  /** The journal of changes, on the shard of the records so that one script writes both. */
  readonly journal: string;
  readonly statsTotals: string;
  readonly statsRecent: string;
  /** Targets with an open circuit or a cooldown, and the channel of changes. */
  readonly circuits: string;
  readonly circuitChannel: string;
  /**
   * The replicas, their total calls in flight at targets, those of each replica (with its name appended), and the speeds of
   * targets.
   */
  readonly replicas: string;
  readonly loads: string;
  readonly loadOf: string;
  readonly speeds: string;
  /** A vector set that does not exist. */
  readonly noSemanticSet: string;
  /** The configured number of shards of the audit trail. */
  readonly auditShards: number;
  /** The numbers of shards that the audit trail has ever had. */
  readonly auditShardCounts: string;

  constructor(prefix = 'sluice', auditShards = AUDIT_SHARDS) {
    this.#prefix = prefix;
    this.auditShards = auditShards;
    this.keyRecords = `${prefix}:{keys}:records`;
    this.keyNames = `${prefix}:{keys}:names`;
    this.keyChannel = `${prefix}:keys`;
    this.registryChannel = `${prefix}:registry`;
    this.journal = `${prefix}:{keys}:journal`;
    this.statsTotals = `${prefix}:{stats}:totals`;
    this.statsRecent = `${prefix}:{stats}:recent`;
    this.circuits = `${prefix}:{stats}:circuits`;
    this.circuitChannel = `${prefix}:circuits`;
    this.replicas = `${prefix}:{stats}:replicas`;
    this.loads = `${prefix}:{stats}:loads`;
    this.loadOf = `${prefix}:{stats}:load:`;
    this.speeds = `${prefix}:{stats}:speeds`;
    this.noSemanticSet = `${prefix}:cache:none`;
    this.auditShardCounts = `${prefix}:{audit}:shards`;
  }

  /** Teams, tenants or administrators by name. */
  registry(kind: string): string {
    return `${this.#prefix}:{keys}:${kind}s`;
  }

  /** All limits and budgets of an API key, a team or a tenant. */
  subject(tenant: string, subject: string): string {
    return `${this.#prefix}:{t:${tenant}}:subject:${subject}`;
  }

  /** The budget of versions before 0.3, whose spend is continued. */
  formerBudget(tenant: string, subject: string, meter: string, period: string): string {
    return `${this.#prefix}:{t:${tenant}}:meter:${subject}:${meter}:${period}`;
  }

  /** A replica's calls in flight, of a tenant or a group of tenants (`TenantGroups`). */
  calls(group: string, replica: string): string {
    return `${this.#prefix}:{${group}}:calls:${replica}`;
  }

  /** The calls that ended in a span of time. */
  endedCalls(group: string, span: number): string {
    return `${this.#prefix}:{${group}}:ended:${span}`;
  }

  cacheEntry({ scope, namespace, model, digest }: CacheKey): string {
    return `${this.#prefix}:cache:${scope}:${namespace}:${encoded(model)}:${digest}`;
  }

  /** A pattern that only such entries match. None of the parts has a colon in it. */
  cacheEntries({ scope, namespace, model }: CacheFilter): string {
    const parts = [scope, namespace, model === undefined ? undefined : encoded(model)];
    return `${this.#prefix}:cache:${parts.map((part) => (part === undefined ? '*' : literally(part))).join(':')}:*`;
  }

  /** The questions of a space by their meaning. It is removed with the cache entries. */
  semanticSet({ context, ...of }: SemanticSpace): string {
    return this.cacheEntry({ ...of, digest: `${SEMANTIC_PREFIX}${context}` });
  }

  /** An entry of a space. */
  semanticEntry(space: SemanticSpace, id: string): string {
    return `${this.semanticSet(space)}.${id}`;
  }

  /** The counts of right and wrong answers of a model. They stay when entries are removed. */
  semanticCounts({ scope, namespace, model, embeddings }: CountsOf): string {
    return `${this.#prefix}:semantic-counts:${scope}:${namespace}:${encoded(model)}:${encoded(embeddings)}`;
  }

  /** A pattern that only such counts match. */
  allSemanticCounts({ scope, namespace, model, embeddings }: Partial<CountsOf>): string {
    const parts = [scope, namespace, model, embeddings];
    const patterns = parts.map((part, n) => (part === undefined ? '*' : literally(n < 2 ? part : encoded(part))));
    return `${this.#prefix}:semantic-counts:${patterns.join(':')}`;
  }

  /** Parses a name. Undefined for a name of another form. */
  readSemanticCounts(name: string): CountsOf | undefined {
    const [scope, namespace, model, embeddings] = name.slice(`${this.#prefix}:semantic-counts:`.length).split(':');
    if (scope === undefined || namespace === undefined || model === undefined || embeddings === undefined) return undefined;
    return { scope, namespace, model: decodeURIComponent(model), embeddings: decodeURIComponent(embeddings) };
  }

  /** The entries with a tag, by the time of their expiry. None of the parts has a colon in it. */
  cacheTag(scope: string, tag: string): string {
    return `${this.#prefix}:cache-tag:${scope}:${tag}`;
  }

  /** A pattern that only the sets of a tag match. */
  cacheTags(scope: string | undefined, tag: string): string {
    return this.cacheTag(scope === undefined ? '*' : literally(scope), literally(tag));
  }

  /** Parses a name. Undefined for a name of another form. */
  readCacheEntry(name: string): CacheKey | undefined {
    const [scope, namespace, model, digest] = name.slice(`${this.#prefix}:cache:`.length).split(':');
    if (scope === undefined || namespace === undefined || model === undefined || digest === undefined) return undefined;
    return { scope, namespace, model: decodeURIComponent(model), digest };
  }

  statsBatch(batchId: string): string {
    return `${this.#prefix}:{stats}:batch:${batchId}`;
  }

  /** The prefix of a shard's keys, which are in one hash slot, because one script writes them. */
  #audit(shard: AuditShard): string {
    return shard === 'unsharded' ? `${this.#prefix}:{audit}` : `${this.#prefix}:{audit:${shard}}`;
  }

  auditStream(shard: AuditShard): string {
    return `${this.#audit(shard)}:stream`;
  }

  /** A day's sums of usage, in one of the tables. */
  usage(shard: AuditShard, day: string, table: UsageTable): string {
    const days = `${this.#audit(shard)}:usage:${day}`;
    return table === 'days' ? days : `${days}:${table}`;
  }

  /** The claim or stored response of an idempotent call. */
  idempotentCall({ tenant, subject, key }: IdempotentId): string {
    return `${this.#prefix}:{t:${tenant}}:once:${subject}:${key}`;
  }

  /** Replicas with long calls, by the time of their last heartbeat. */
  inFlightReplicas(shard: AuditShard): string {
    return `${this.#audit(shard)}:underway`;
  }

  /** The checkpoints of a replica's long calls. */
  inFlightCalls(shard: AuditShard, replica: string): string {
    return `${this.inFlightReplicas(shard)}:${replica}`;
  }

  /** The spend of a period's budgets by the ledger. */
  spent(shard: AuditShard, period: string): string {
    return `${this.#audit(shard)}:spent:${period}`;
  }

  /** The budget. No tenant has a space in its name. */
  spentOf(tenant: string, subject: string): string {
    return `${tenant} ${subject}`;
  }

  auditBatch(shard: AuditShard, batchId: string): string {
    return `${this.#audit(shard)}:batch:${batchId}`;
  }

  /** The owner of an object of a provider's account. */
  accountObject(id: string): string {
    return `${this.#prefix}:object:${id}`;
  }

  /** A stored response of the Responses API. */
  storedResponse(tenant: string, id: string): string {
    return `${this.#prefix}:response:${tenant}:${id}`;
  }

  /** The response that has an item. */
  storedItem(tenant: string, itemId: string): string {
    return `${this.#prefix}:response-item:${tenant}:${itemId}`;
  }

  conversation(tenant: string, id: string): string {
    return `${this.#prefix}:conversation:${tenant}:${id}`;
  }

  /** The prefix that rate-limiter-flexible adds to a subject. */
  attempts(name: string): string {
    return `${this.#prefix}:attempts:${name}`;
  }
}

/** A model's name without colons and stars. */
const encoded = (model: string): string => encodeURIComponent(model).replaceAll('*', '%2A');

/** A pattern for exactly this text. */
const literally = (text: string): string => text.replace(/[*?[\]\\]/g, '\\$&');
