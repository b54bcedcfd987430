import type { GatewayProcess } from '../support/gateway-process.ts';

/**
 * A load balancer as deployed in front of replicas: it polls the readiness of each replica and sends calls to the ready ones.
 */
export interface Balancer {
  /** The URL for the n-th call. */
  url(n: number): string;
  isReady(replica: GatewayProcess): boolean;
  add(replica: GatewayProcess): void;
  remove(replica: GatewayProcess): void;
  stop(): void;
}

const ASK_MS = 100;

export function startBalancer(replicas: readonly GatewayProcess[]): Balancer {
  const ready = new Set(replicas);
  const all = new Set(replicas);
  const timer = setInterval(() => {
    for (const replica of all) {
      fetch(`${replica.url}/readyz`, { signal: AbortSignal.timeout(500) }).then(
        ({ ok }) => {
          if (ok && all.has(replica)) ready.add(replica);
          else ready.delete(replica);
        },
        () => ready.delete(replica),
      );
    }
  }, ASK_MS);
  return {
    url(n) {
      const now = ready.size > 0 ? [...ready] : [...all];
      return (now[n % now.length] as GatewayProcess).url;
    },
    isReady: (replica) => ready.has(replica),
    add: (replica) => void all.add(replica),
    remove(replica) {
      all.delete(replica);
      ready.delete(replica);
    },
    stop: () => clearInterval(timer),
  };
}
