import { defined } from '@sluice/core';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { monitorConnection } from './heartbeat.ts';

export type RedisClient = Redis | Cluster;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The address of Redis: one server, a Cluster, or a master behind Sentinels. */
export type RedisTarget =
  | { readonly kind: 'single'; readonly url: string }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostPort[]; readonly username?: string; readonly password?: string }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly HostPort[];
      readonly name: string;
      readonly username?: string;
      readonly password?: string;
    };

export interface ConnectionEvents {
  /** Called once per change when a connection opens or closes. */
  onState(connection: string, up: boolean, error: Error | undefined): void;
}

type Role = Pick<
  RedisOptions,
  'enableOfflineQueue' | 'maxRetriesPerRequest' | 'autoResendUnfulfilledCommands' | 'commandTimeout'
>;

/** For commands that a call waits for: they fail at once while the connection is down, and are never sent twice. */
const ON_A_CALLS_WAY: Role = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
};

/** For writes that no call awaits: they wait for a connection. */
const IN_THE_BACKGROUND: Role = {
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  autoResendUnfulfilledCommands: false,
  commandTimeout: 5_000,
};

/** Pub/sub: ioredis subscribes again after each reconnect. */
const SUBSCRIBER: Role = { enableOfflineQueue: true, maxRetriesPerRequest: null };

const backOffMs = (attempt: number): number => Math.min(50 * attempt, 250) + Math.random() * 50;

const EVERYWHERE = {
  connectTimeout: 500,
  // after a failover the old master responds with READONLY: connect to the new one
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
};

function connect(target: RedisTarget, role: Role): RedisClient {
  const options = { ...EVERYWHERE, ...role };
  switch (target.kind) {
    case 'single':
      return new Redis(target.url, { ...options, retryStrategy: backOffMs });
    case 'sentinel':
      return new Redis({
        ...options,
        ...signIn(target),
        sentinels: [...target.sentinels],
        name: target.name,
        retryStrategy: backOffMs,
        failoverDetector: true,
        sentinelRetryStrategy: backOffMs,
      });
    case 'cluster': {
      const { enableOfflineQueue = true, ...ofNodes } = options;
      return new Cluster([...target.nodes], {
        enableOfflineQueue,
        clusterRetryStrategy: backOffMs,
        redisOptions: { ...ofNodes, ...signIn(target) },
      });
    }
  }
}

function signIn(target: { username?: string; password?: string }): { username?: string; password?: string } {
  return defined({ username: target.username, password: target.password });
}

/**
 * The connections of one replica. State and cache are two roles; if they are one server, they share a connection and a round
 * trip.
 */
export interface Connections {
  readonly state: RedisClient;
  readonly cache: RedisClient;
  readonly background: RedisClient;
  readonly subscriber: RedisClient;
  close(): Promise<void>;
}

export function openConnections(state: RedisTarget, cache: RedisTarget | undefined, events: ConnectionEvents): Connections {
  const open: RedisClient[] = [];
  const stopHeartbeats: (() => void)[] = [];
  let closing = false;
  const opened = (name: string, client: RedisClient): RedisClient => {
    let up: boolean | undefined;
    let lastError: Error | undefined;
    const report = (now: boolean): void => {
      if (now === up) return;
      up = now;
      events.onState(name, now, now ? undefined : lastError);
    };
    client.on('error', (error: Error) => {
      lastError = error;
    });
    client.on('ready', () => report(true));
    client.on('close', () => report(false));
    // The retry strategy never ends. But if a Sentinel reports a failover while ioredis 6.0 looks for the master, it ends the
    // client permanently. So the client connects again.
    client.on('end', () => {
      if (closing) return;
      setTimeout(() => {
        if (!closing && client.status === 'end') client.connect().catch(() => {});
      }, backOffMs(1));
    });
    open.push(client);
    stopHeartbeats.push(monitorConnection(client));
    return client;
  };
  const stateClient = opened('state', connect(state, ON_A_CALLS_WAY));
  return {
    state: stateClient,
    cache: cache === undefined ? stateClient : opened('cache', connect(cache, ON_A_CALLS_WAY)),
    background: opened('background', connect(state, IN_THE_BACKGROUND)),
    subscriber: opened('subscriber', connect(state, SUBSCRIBER)),
    close: async () => {
      closing = true;
      for (const stop of stopHeartbeats) stop();
      for (const client of open) client.disconnect();
    },
  };
}
