import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** Everything that one connection's client sends before the server's next reply. One such burst is one round trip. */
export type Burst = readonly string[];

/** A proxy in front of Redis that can be observed and can fail. */
export interface WatchedProxy extends FaultProxy {
  readonly url: string;
  /** The round trips so far, a list for each connection, as `[COMMAND first-key, …]`. */
  trips(): readonly (readonly Burst[])[];
}

/** Returns the commands in a Redis client's bytes: arrays of bulk strings (RESP2). Scripts are named with their first key. */
function commandsIn(bytes: Buffer): string[] {
  const commands: string[] = [];
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf('\r\n', at);
    const text = bytes.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  while (at < bytes.length) {
    const parts: string[] = [];
    for (let left = Number(line().slice(1)); left > 0; left--) {
      const length = Number(line().slice(1));
      parts.push(bytes.toString('utf8', at, at + length));
      at += length + 2;
    }
    const [name = '', ...args] = parts;
    commands.push(`${name.toUpperCase()} ${/^eval/i.test(name) ? args[2] : (args[0] ?? '')}`);
  }
  return commands;
}

export async function startWatchedProxy(target: string): Promise<WatchedProxy> {
  const watched: { bursts: Buffer[]; answered: boolean }[] = [];
  const proxy = await startFaultProxy(Number(new URL(target).port), {
    connection() {
      const record: (typeof watched)[number] = { bursts: [], answered: true };
      watched.push(record);
      return {
        sent(chunk) {
          if (record.answered) record.bursts.push(chunk);
          else record.bursts.push(Buffer.concat([record.bursts.pop() ?? Buffer.alloc(0), chunk]));
          record.answered = false;
        },
        answered() {
          record.answered = true;
        },
      };
    },
  });
  return {
    ...proxy,
    url: `redis://127.0.0.1:${proxy.port}`,
    trips: () => watched.map(({ bursts }) => bursts.map(commandsIn)),
  };
}
