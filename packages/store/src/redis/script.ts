import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command } from 'ioredis';
import type { RedisClient } from './connections.ts';

/** The scripts are beside the source; the compiled file reads them from there too. */
const SCRIPTS = new URL('../../src/redis/scripts/', import.meta.url);

/** Returns the text of a script. Each line `--@include NAME` is replaced by a file of `include/`. */
export function readScript(name: string): string {
  const text = readFileSync(new URL(`${name}.lua`, SCRIPTS), 'utf8');
  return text.replace(/^--@include ([a-z-]+)$/gm, (_, included: string) =>
    readFileSync(new URL(`include/${included}.lua`, SCRIPTS), 'utf8'),
  );
}

/** Runs a Lua script by its digest. If the server does not have the script, its text is sent, so `SCRIPT LOAD` is not needed. */
export class Script {
  readonly #text: string;
  readonly #digest: string;

  constructor(name: string) {
    this.#text = readScript(name);
    this.#digest = createHash('sha1').update(this.#text).digest('hex');
  }

  async run(client: RedisClient, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown> {
    try {
      // like `client.evalsha` without its copies of the arguments, because every call runs a script
      const command = new Command('evalsha', [this.#digest, keys.length, ...keys, ...args] as string[], {
        replyEncoding: 'utf8',
      });
      return await client.sendCommand(command);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(this.#text, keys.length, ...keys, ...args);
    }
  }

  /** Runs a script that returns bytes, or nothing. */
  async runForBytes(client: RedisClient, keys: readonly string[], args: readonly (string | number)[]): Promise<Buffer | null> {
    try {
      return (await client.callBuffer('EVALSHA', this.#digest, keys.length, ...keys, ...args)) as Buffer | null;
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return (await client.callBuffer('EVAL', this.#text, keys.length, ...keys, ...args)) as Buffer | null;
    }
  }
}
