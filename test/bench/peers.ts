import { type ChildProcess, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@sluice/core/testing';
import { freePort } from '../support/free-port.ts';
import { type CpuTimes, cpuTimes, NO_TIMES, sumOf, withDescendants } from './process-cpu.ts';
import { MEASURED_CPU, OTHER_CPU, type Rig, startNode } from './rig.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A measured process between the generator and the upstream. */
export interface Peer {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Additional headers that its callers must send. */
  readonly headers: Readonly<Record<string, string>>;
  /** Returns the CPU times so far of all its processes. */
  times(): CpuTimes;
}

export interface GatewayOptions {
  /** The complete configuration, as YAML. */
  readonly config: string;
  /** Without it the gateway has its state in memory. */
  readonly redisUrl?: string;
  readonly folder: string;
  readonly cpu?: number;
  readonly flags?: readonly string[];
}

export interface GatewayPeer extends Peer {
  readonly adminPort: number;
  /** Returns the complete output. */
  output(): string;
}

const UNKNOWN: CpuTimes = { runMicros: Number.NaN, mainRunMicros: Number.NaN, mainWaitMicros: Number.NaN };

/** Returns the CPU times of a process without children. */
export const ofProcess = (child: ChildProcess) => (): CpuTimes => cpuTimes(child.pid as number) ?? UNKNOWN;

/** Returns the CPU times of a process and its descendants. */
export const ofTree = (child: ChildProcess) => (): CpuTimes =>
  withDescendants(child.pid as number)
    .map((pid) => cpuTimes(pid) ?? NO_TIMES)
    .reduce(sumOf, NO_TIMES);

let configurations = 0;

export async function startGateway(rig: Rig, options: GatewayOptions): Promise<GatewayPeer> {
  const { config, redisUrl, folder, cpu = MEASURED_CPU, flags = [] } = options;
  const file = join(folder, `sluice-${configurations++}.yaml`);
  writeFileSync(file, config);
  const adminPort = await freePort();
  const environment = {
    PORT: '0',
    ADMIN_PORT: String(adminPort),
    NODE_ENV: 'production',
    // as in the container image
    NODE_COMPILE_CACHE: join(ROOT, '.toolchain/compile-cache'),
    SLUICE_CONFIG: file,
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
  };
  const { child, port, output } = await startNode(
    join(ROOT, 'services/gateway/dist/main.js'),
    environment,
    cpu,
    rig.pinning,
    flags,
  );
  await waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    'the gateway to be ready',
  );
  return { name: 'Sluice', port, adminPort, child, headers: {}, times: ofProcess(child), output };
}

export async function startBare(rig: Rig, flags: readonly string[] = []): Promise<Peer & Pick<GatewayPeer, 'output'>> {
  const environment = { NODE_ENV: 'production', UPSTREAM: `http://127.0.0.1:${rig.upstreamPort}` };
  const file = join(ROOT, 'test/bench/bare-pass-through.ts');
  const { child, port, output } = await startNode(file, environment, MEASURED_CPU, rig.pinning, flags);
  return { name: 'bare', port, child, headers: {}, times: ofProcess(child), output };
}

/** Moves a process to the CPU that is not measured. */
export function moveAside({ pinning }: Pick<Rig, 'pinning'>, { pid }: { readonly pid?: number | undefined }): void {
  if (pinning) execFileSync('taskset', ['-a', '-p', '-c', String(OTHER_CPU), String(pid)], { stdio: 'ignore' });
}
