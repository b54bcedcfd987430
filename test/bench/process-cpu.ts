import { readdirSync, readFileSync } from 'node:fs';

/**
 * Returns the CPU time of a process over all its threads, in microseconds; undefined if the system does not report it. Source:
 * Linux' schedstat.
 */
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

/** Pins a process to a CPU of its own, if the machine has two and permits it. Returns the command to start. */
export function pinnedTo(cpu: number, pinning: boolean, command: string, args: readonly string[]): [string, string[]] {
  return pinning ? ['taskset', ['-c', String(cpu), command, ...args]] : [command, [...args]];
}
