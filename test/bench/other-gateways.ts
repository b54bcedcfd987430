import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@sluice/core/testing';
import { freePort } from '../support/free-port.ts';
import { killAtExit } from '../support/kill-at-exit.ts';
import { ofProcess, ofTree, type Peer } from './peers.ts';
import { pinnedTo } from './process-cpu.ts';
import { MEASURED_CPU, type Rig } from './rig.ts';

const PORTKEY = '1.15.2';
/** The server of Portkey's gateway. Its streams break with later versions than this one. */
const NODE_SERVER = '1.3.3';
const START_TIMEOUT_MS = 60_000;

/** Runs a command to its end. @throws Error with the last line of its output */
export function runOrThrow(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...options, encoding: 'utf8' });
  if (status === 0) return;
  const last = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').at(-1);
  throw new Error(`${command} ${args[0]} failed: ${error?.message ?? last}`);
}

/** Returns the command of nginx. Without one, unpacks Debian's package into a folder and installs nothing. */
function nginxCommand(): string {
  if (spawnSync('nginx', ['-v']).status === 0) return 'nginx';
  const home = join(tmpdir(), 'sluice-bench-nginx');
  const command = join(home, 'usr/sbin/nginx');
  if (spawnSync(command, ['-v']).status === 0) return command;
  mkdirSync(home, { recursive: true });
  runOrThrow('apt-get', ['download', 'nginx'], { cwd: home });
  const file = readdirSync(home).find((name) => name.endsWith('.deb')) ?? '';
  runOrThrow('dpkg', ['-x', file, '.'], { cwd: home });
  runOrThrow(command, ['-v']);
  return command;
}

/** Starts nginx as a reverse proxy without further features. @throws Error if it is not available */
export async function startNginx(rig: Rig, folder: string): Promise<Peer> {
  const nginx = nginxCommand();
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
  const [command, args] = pinnedTo(MEASURED_CPU, rig.pinning, nginx, ['-c', file]);
  const child = spawn(command, args, { stdio: 'ignore' });
  killAtExit(child);
  await answers(port, 'nginx');
  return { name: 'nginx', port, child, headers: {}, times: ofProcess(child) };
}

/** Starts Portkey's gateway from npm in a separate folder. @throws Error if it cannot be installed */
export async function startPortkey(rig: Rig): Promise<Peer> {
  const home = join(tmpdir(), `sluice-bench-portkey-${PORTKEY}`);
  const main = join(home, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!existsSync(main)) {
    mkdirSync(home, { recursive: true });
    const manifest = {
      private: true,
      dependencies: { '@portkey-ai/gateway': PORTKEY },
      overrides: { '@hono/node-server': NODE_SERVER },
    };
    writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
    // no script of the package runs during the installation
    runOrThrow('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: home });
  }
  const port = await freePort();
  const [command, args] = pinnedTo(MEASURED_CPU, rig.pinning, process.execPath, [main, '--headless', `--port=${port}`]);
  const child = spawn(command, args, {
    cwd: home,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: 'localhost,127.0.0.1' },
    stdio: 'ignore',
  });
  killAtExit(child);
  await answers(port, "Portkey's gateway");
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${rig.upstreamPort}/v1` };
  return { name: 'Portkey', port, child, headers, times: ofTree(child) };
}

/** Waits for any response. */
export async function answers(port: number, what: string): Promise<void> {
  await waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' }).then(
        () => true,
        () => false,
      ),
    `${what} to answer`,
    START_TIMEOUT_MS,
  );
}
