import type { Duplex } from 'node:stream';
import type { RedisClient } from './connections.ts';

/**
 * Lets the commands that are given in one turn of the event loop leave together: one packet and one system call for all that a call needs,
 * and for all calls that came at once. ioredis writes each command by itself otherwise. A Cluster has a connection for each node, and
 * goes without.
 */
export function gatherWrites(client: RedisClient): void {
  const { stream } = client as { stream?: Duplex };
  if (stream === undefined || stream.writableCorked > 0) return;
  stream.cork();
  // after what the sockets have brought in this turn, before the next is waited for
  setImmediate(() => stream.uncork());
}
