import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './connections.ts';

const SCANNED_AT_ONCE = 1_000;

/** Yields the names of all keys that match a pattern, some at a time and each once (SCAN). It walks through the whole store. */
export async function* namesLike(client: RedisClient, pattern: string): AsyncGenerator<string[]> {
  const nodes: Redis[] = client instanceof Cluster ? client.nodes('master') : [client];
  const seen = new Set<string>();
  for (const node of nodes) {
    let cursor = '0';
    do {
      const [next, names] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCANNED_AT_ONCE);
      cursor = next;
      const fresh = names.filter((name) => !seen.has(name));
      for (const name of fresh) seen.add(name);
      if (fresh.length > 0) yield fresh;
    } while (cursor !== '0');
  }
}
