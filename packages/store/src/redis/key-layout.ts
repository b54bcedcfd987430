import type { CacheFilter, CacheKey, IdempotentId, UsageTable } from '../ports/index.ts';

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
  readonly auditStream: string;
  /** Replicas with long calls, by the time of their last heartbeat. */
  readonly inFlightReplicas: string;

  constructor(prefix = 'sluice') {
    this.#prefix = prefix;
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
    this.auditStream = `${prefix}:{audit}:stream`;
    this.inFlightReplicas = `${prefix}:{audit}:underway`;
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

  /** A replica's calls in flight. */
  calls(tenant: string, replica: string): string {
    return `${this.#prefix}:{t:${tenant}}:calls:${replica}`;
  }

  /** The calls that ended in a span of time. */
  endedCalls(tenant: string, span: number): string {
    return `${this.#prefix}:{t:${tenant}}:ended:${span}`;
  }

  cacheEntry({ scope, namespace, model, digest }: CacheKey): string {
    return `${this.#prefix}:cache:${scope}:${namespace}:${encoded(model)}:${digest}`;
  }

  /** A pattern that only such entries match. None of the parts has a colon in it. */
  cacheEntries({ scope, namespace, model }: CacheFilter): string {
    const parts = [scope, namespace, model === undefined ? undefined : encoded(model)];
    return `${this.#prefix}:cache:${parts.map((part) => (part === undefined ? '*' : part.replace(/[*?[\]\\]/g, '\\$&'))).join(':')}:*`;
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

  /** A day's sums of usage, in one of the tables. */
  usage(day: string, table: UsageTable): string {
    const days = `${this.#prefix}:{audit}:usage:${day}`;
    return table === 'days' ? days : `${days}:${table}`;
  }

  /** The claim or stored response of an idempotent call. */
  idempotentCall({ tenant, subject, key }: IdempotentId): string {
    return `${this.#prefix}:{t:${tenant}}:once:${subject}:${key}`;
  }

  /** The checkpoints of a replica's long calls. */
  inFlightCalls(replica: string): string {
    return `${this.inFlightReplicas}:${replica}`;
  }

  /** The spend of a period's budgets by the ledger; in the hash slot of the audit trail, because one script writes both. */
  spent(period: string): string {
    return `${this.#prefix}:{audit}:spent:${period}`;
  }

  /** The budget. No tenant has a space in its name. */
  spentOf(tenant: string, subject: string): string {
    return `${tenant} ${subject}`;
  }

  auditBatch(batchId: string): string {
    return `${this.#prefix}:{audit}:batch:${batchId}`;
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
