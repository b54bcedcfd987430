import type { Duplex } from 'node:stream';
import type { RedisClient } from './connections.ts';

/** What a connection sends at the end of the current turn of the event loop. */
interface Turn {
  readonly senders: (() => void)[];
  /** The stream that holds back its writes until then. */
  corked: Duplex | undefined;
}

const turns = new WeakMap<RedisClient, Turn>();

/**
 * Sends the commands of one turn of the event loop in one packet and one system call: all commands of a call, and of concurrent
 * calls. ioredis writes each command separately otherwise. A Cluster has a connection for each node and is not batched.
 */
export function batchWrites(client: RedisClient): void {
  cork(client, turnOf(client));
}

/** Calls `send` at the end of this turn of the event loop. All commands that are sent there leave in one packet. */
export function atEndOfTurn(client: RedisClient, send: () => void): void {
  turnOf(client).senders.push(send);
}

function turnOf(client: RedisClient): Turn {
  let turn = turns.get(client);
  if (turn === undefined) {
    turn = { senders: [], corked: undefined };
    turns.set(client, turn);
    // after what the sockets have brought in this turn, before the next is waited for
    setImmediate(endTurn, client);
  }
  return turn;
}

function endTurn(client: RedisClient): void {
  const turn = turns.get(client);
  if (turn === undefined) return;
  cork(client, turn);
  turns.delete(client);
  try {
    for (const send of turn.senders) send();
  } finally {
    // a connection that stays corked sends nothing any more
    turn.corked?.uncork();
  }
}

function cork(client: RedisClient, turn: Turn): void {
  if (turn.corked !== undefined) return;
  const { stream } = client as { stream?: Duplex };
  stream?.cork();
  turn.corked = stream;
}
