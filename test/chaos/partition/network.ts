import { execFileSync, spawn, spawnSync } from 'node:child_process';

/** A separate network on this machine, joined to the machine's network by one cable that can be pulled. */
export interface Partition {
  /** The machine's address as seen from inside the partition, and the partition's address as seen from the machine. */
  readonly outside: string;
  readonly inside: string;
  /** Runs a program inside the partition. */
  spawn(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): ReturnType<typeof spawn>;
  /** Runs a program inside the partition to its end and returns its output. */
  run(command: string, args: readonly string[]): string;
  pull(): void;
  plug(): void;
  remove(): void;
}

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

/** Network namespaces need root and the program `ip`. */
export function canPartition(): boolean {
  if (process.getuid?.() !== 0) return false;
  const name = `sluice-try-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', name]).status === 0;
  if (made) spawnSync('ip', ['netns', 'delete', name]);
  return made;
}

let made = 0;

export function makePartition(): Partition {
  const id = `${process.pid % 10_000}${made++}`;
  const name = `sluice-${id}`;
  const [here, there] = [`slo${id}`, `sli${id}`];
  // an unused network: it exists on this machine alone, and only Redis and its Sentinel communicate over it
  const net = `10.213.${process.pid % 250}`;
  const [outside, inside] = [`${net}.1`, `${net}.2`];
  ip('netns', 'add', name);
  ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there);
  ip('link', 'set', there, 'netns', name);
  ip('addr', 'add', `${outside}/24`, 'dev', here);
  ip('link', 'set', here, 'up');
  ip('-n', name, 'addr', 'add', `${inside}/24`, 'dev', there);
  ip('-n', name, 'link', 'set', there, 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return {
    outside,
    inside,
    spawn: (command, args, env) =>
      spawn('ip', ['netns', 'exec', name, command, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(env === undefined ? {} : { env }),
      }),
    run: (command, args) => execFileSync('ip', ['netns', 'exec', name, command, ...args], { encoding: 'utf8', timeout: 60_000 }),
    pull: () => ip('link', 'set', here, 'down'),
    plug() {
      ip('link', 'set', here, 'up');
      ip('addr', 'replace', `${outside}/24`, 'dev', here);
    },
    remove() {
      const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
      for (const pid of stdout.split('\n')) if (pid !== '') spawnSync('kill', ['-9', pid]);
      spawnSync('ip', ['link', 'delete', here]);
      spawnSync('ip', ['netns', 'delete', name]);
    },
  };
}
