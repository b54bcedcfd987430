import { Cluster, type Redis } from 'ioredis';

/** Interval of the checks of a connection. */
const EVERY_MS = 2_000;
/** Timeout of a check. */
const ANSWER_MS = 1_500;

/**
 * Replaces half-open connections (a dropped NAT entry, a vanished host). Commands detect them only after about 15 minutes, and
 * the subscriber, which sends no commands, never does, while revoked keys keep working.
 *
 * Returns a function that stops the heartbeat.
 */
export function monitorConnection(client: Redis | Cluster): () => void {
  /** Connections that were in their handshake at the previous check. */
  const settingUp = new WeakSet<Redis>();
  const check = (one: Redis): void => {
    if (one.status === 'ready') {
      settingUp.delete(one);
      answers(one).catch(() => renew(client, one));
    } else if (one.status === 'connect') {
      // connected, without a response to the handshake
      if (settingUp.has(one)) renew(client, one);
      settingUp.add(one);
    }
  };
  const timer = setInterval(() => {
    for (const one of client instanceof Cluster ? client.nodes('all') : [client]) check(one);
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** A Cluster opens connections to its nodes automatically. */
function renew(client: Redis | Cluster, one: Redis): void {
  one.disconnect(!(client instanceof Cluster));
}

async function answers(one: Redis): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), ANSWER_MS);
  });
  try {
    await Promise.race([one.ping(), late]);
  } finally {
    clearTimeout(timer);
  }
}
