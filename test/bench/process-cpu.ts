import { readdirSync, readFileSync } from 'node:fs';

/** A process's time on a CPU so far, over all its threads, in microseconds; undefined where the system does not tell. Source: Linux' schedstat. */
export function cpuMicros(pid: number): number | undefined {
  try {
    const folder = `/proc/${pid}/task`;
    return readdirSync(folder).reduce((sum, thread) => {
      const [onCpuNs = '0'] = readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ');
      return sum + Number(onCpuNs) / 1_000;
    }, 0);
  } catch {
    return undefined;
  }
}

/** Gives a process one CPU for itself, where there are two and the system lets us. Returns the command to begin with. */
export function pinnedTo(cpu: number, pinning: boolean, command: string, args: readonly string[]): [string, string[]] {
  return pinning ? ['taskset', ['-c', String(cpu), command, ...args]] : [command, [...args]];
}
