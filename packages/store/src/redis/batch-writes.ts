import type { Duplex } from 'node:stream';
import type { RedisClient } from './connections.ts';

/**
 * Sends the commands of one turn of the event loop in one packet and one system call: all commands of a call, and of concurrent
 * calls. ioredis writes each command separately otherwise. A Cluster has a connection for each node and is not batched.
 */
export function batchWrites(client: RedisClient): void {
  const { stream } = client as { stream?: Duplex };
  if (stream === undefined || stream.writableCorked > 0) return;
  stream.cork();
  // after what the sockets have brought in this turn, before the next is waited for
  setImmediate(() => stream.uncork());
}
