import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@sluice/core/testing';
import { freePort } from '../support/free-port.ts';
import { cpuMicros, pinnedTo } from './process-cpu.ts';
import { MEASURED_CPU, type Rig, startNode } from './rig.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PORTKEY = '@portkey-ai/gateway@1.15.2';

/** A measured process between the generator and the upstream. */
export interface Peer {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Additional headers that its callers must send. */
  readonly headers: Readonly<Record<string, string>>;
  /** CPU time so far of all its processes, in microseconds. */
  cpu(): number;
}

export interface GatewayOptions {
  /** The complete configuration, as YAML. */
  readonly config: string;
  readonly redisUrl: string;
  readonly folder: string;
  readonly cpu?: number;
  readonly flags?: readonly string[];
}

export interface GatewayPeer extends Peer {
  readonly adminPort: number;
  /** Returns the complete output. */
  output(): string;
}

const ofProcess = (child: ChildProcess) => (): number => cpuMicros(child.pid as number) ?? Number.NaN;

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
    SLUICE_CONFIG: file,
    REDIS_URL: redisUrl,
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
  return { name: 'Sluice', port, adminPort, child, headers: {}, cpu: ofProcess(child), output };
}

export async function startBare(rig: Rig): Promise<Peer> {
  const environment = { NODE_ENV: 'production', UPSTREAM: `http://127.0.0.1:${rig.upstreamPort}` };
  const { child, port } = await startNode(join(ROOT, 'test/bench/bare-pass-through.ts'), environment, MEASURED_CPU, rig.pinning);
  return { name: 'bare', port, child, headers: {}, cpu: ofProcess(child) };
}

/** Starts nginx as a reverse proxy without further features; undefined if it is not installed. */
export async function startNginx(rig: Rig, folder: string): Promise<Peer | undefined> {
  if (spawnSync('nginx', ['-v']).status !== 0) return undefined;
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  keepalive_requests 100000000; tcp_nodelay on;
  upstream up { server 127.0.0.1:${rig.upstreamPort}; keepalive 512; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`,
  );
  const [command, args] = pinnedTo(MEASURED_CPU, rig.pinning, 'nginx', ['-c', file]);
  const child = spawn(command, args, { stdio: 'ignore' });
  await answers(port, 'nginx');
  return { name: 'nginx', port, child, headers: {}, cpu: ofProcess(child) };
}

/** Starts Portkey's gateway from npm in a separate folder; undefined if it cannot be installed. */
export async function startPortkey(rig: Rig): Promise<Peer | undefined> {
  const home = join(tmpdir(), `sluice-bench-${PORTKEY.replaceAll(/[^\w.]/g, '-')}`);
  const main = join(home, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!existsSync(main)) {
    mkdirSync(home, { recursive: true });
    // no script of the package runs during the installation
    const { status } = spawnSync('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', '--ignore-scripts', PORTKEY], {
      stdio: 'ignore',
    });
    if (status !== 0 || !existsSync(main)) return undefined;
  }
  const port = await freePort();
  const [command, args] = pinnedTo(MEASURED_CPU, rig.pinning, process.execPath, [main, '--headless', `--port=${port}`]);
  const child = spawn(command, args, {
    cwd: home,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: 'localhost,127.0.0.1' },
    stdio: 'ignore',
  });
  await answers(port, "Portkey's gateway");
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${rig.upstreamPort}/v1` };
  return { name: 'Portkey', port, child, headers, cpu: ofProcess(child) };
}

/** Waits for any response. */
async function answers(port: number, what: string): Promise<void> {
  await waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' }).then(
        () => true,
        () => false,
      ),
    `${what} to answer`,
  );
}

/** Moves a process to the CPU that is not measured. */
export function moveAside(rig: Rig, child: ChildProcess): void {
  if (rig.pinning) execFileSync('taskset', ['-a', '-p', '-c', '0', String(child.pid)], { stdio: 'ignore' });
}
