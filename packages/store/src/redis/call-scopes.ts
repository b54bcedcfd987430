import { Cluster } from 'ioredis';
import { auditShardOf } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';

/** Number of groups. One group's marks of ended calls expire together, which blocks Redis for about 0.1 µs per call. */
export const TENANT_GROUPS = 4;

/** Returns the scope of a tenant's calls where the keys of several tenants may be in one script. */
export const groupScope = (tenant: string): string => `g:${auditShardOf(tenant, TENANT_GROUPS)}`;

/** Returns the scope of a tenant's calls in a Cluster. */
export const tenantScope = (tenant: string): string => `t:${tenant}`;

/**
 * Assigns tenants to scopes: the calls of a scope in one turn of the event loop are one script, with one hash of calls in flight.
 *
 * In a Cluster each tenant is a scope, because the keys of a script are on one shard. Elsewhere a script for each tenant costs Redis as
 * much as the calls themselves, so that a scope is a group of tenants.
 */
export class CallScopes {
  #areGroups: boolean;

  constructor(client: RedisClient) {
    this.#areGroups = !(client instanceof Cluster);
  }

  of(tenant: string): string {
    return this.#areGroups ? groupScope(tenant) : tenantScope(tenant);
  }

  /**
   * Returns whether calls that one script failed to decide may succeed in a script per tenant: because the limits of another tenant are
   * unreadable, or because the server divides its keys like a Cluster. Such a script fails before its first write.
   */
  mustDivide(error: unknown, tenants: Iterable<string>): boolean {
    if (!this.#areGroups || !(error instanceof Error)) return false;
    if (isOfSlots(error)) {
      this.#areGroups = false;
      return true;
    }
    return /^(WRONGTYPE|ERR) /.test(error.message) && new Set(tenants).size > 1;
  }
}

/** Whether a server that is addressed like a single one divides its keys like a Cluster: the script did nothing then. */
export const isOfSlots = (error: unknown): boolean => error instanceof Error && /CROSSSLOT|same slot/.test(error.message);
