import { Cluster } from 'ioredis';
import { auditShardOf } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';

/**
 * Number of groups. The marks of a group's ended calls expire together, which blocks Redis for 0.4 µs per call (measured with Redis 7.0)
 * unless `lazyfree-lazy-expire` is on. One more script in a turn of the event loop costs Redis about 100 µs. All replicas need the same
 * number, because they read each other's marks.
 */
const TENANT_GROUPS = 4;
const GROUP = 'g:';

/** Returns the group of a tenant where the keys of several tenants may be in one script. */
export const sharedGroup = (tenant: string): string => `${GROUP}${auditShardOf(tenant, TENANT_GROUPS)}`;

/** Returns the id of a call among the calls of its group. Two tenants may use the same id, and no tenant has a space in its name. */
export const idInGroup = (group: string, tenant: string, callId: string): string =>
  group.startsWith(GROUP) ? `${tenant} ${callId}` : callId;

/**
 * Assigns tenants to groups: the calls of a group in one turn of the event loop are one script, with one hash of calls in flight.
 *
 * In a Cluster each tenant is a group, because the keys of a script are on one shard. Elsewhere the tenants share a few groups,
 * because a script for each tenant costs Redis as much as the calls themselves.
 */
export class TenantGroups {
  #areShared: boolean;

  constructor(client: RedisClient) {
    this.#areShared = !(client instanceof Cluster);
  }

  of(tenant: string): string {
    return this.#areShared ? sharedGroup(tenant) : `t:${tenant}`;
  }

  /**
   * Returns whether calls that one script failed to decide may succeed in a script per tenant: because the limits of another tenant are
   * unreadable, or because the server divides its keys like a Cluster. Such a script fails before its first write.
   */
  mustDivide(group: string, error: unknown, tenants: Iterable<string>): boolean {
    if (!group.startsWith(GROUP) || !(error instanceof Error)) return false;
    if (isOfSlots(error)) {
      this.#areShared = false;
      return true;
    }
    return /^(WRONGTYPE|ERR) /.test(error.message) && new Set(tenants).size > 1;
  }
}

/** Whether a server that is addressed like a single one divides its keys like a Cluster: the script did nothing then. */
export const isOfSlots = (error: unknown): boolean => error instanceof Error && /CROSSSLOT|same slot/.test(error.message);
