import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

export interface ComposeService {
  readonly Service: string;
  readonly State: string;
  readonly Health: string;
  readonly Publishers: readonly { readonly URL: string; readonly PublishedPort: number; readonly TargetPort: number }[] | null;
}

/** The system of docker-compose.yml, with its own ports and its own project name. */
export interface ComposedSystem {
  readonly url: string;
  readonly adminUrl: string;
  readonly prometheusUrl: string;
  services(): Promise<readonly ComposeService[]>;
  /** Runs a command in a service's container and returns its output, even if the command fails. */
  exec(service: string, command: readonly string[], index?: number): Promise<string>;
  /** Runs `docker compose …`. */
  compose(...args: string[]): Promise<string>;
  down(): Promise<void>;
}

export async function composeUp(): Promise<ComposedSystem> {
  const [port, adminPort, prometheusPort] = [await freePort(), await freePort(), await freePort()];
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: `sluice-e2e-${process.pid}`,
    SLUICE_PORT: String(port),
    SLUICE_ADMIN_PORT: String(adminPort),
    PROMETHEUS_PORT: String(prometheusPort),
    REDIS_PASSWORD: 'a-password-of-the-tests',
  };
  const compose = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run('docker', ['compose', ...args], { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout + stderr;
  };
  const down = async (): Promise<void> => void (await compose('down', '--volumes', '--timeout', '5'));
  try {
    await compose('up', '--build', '--detach', '--wait', '--wait-timeout', '300');
  } catch (error) {
    const logs = await compose('logs', '--tail', '50').catch(String);
    await down();
    throw new Error(`docker compose up failed: ${String(error)}\n${logs}`);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    prometheusUrl: `http://127.0.0.1:${prometheusPort}`,
    async services() {
      const { stdout } = await run('docker', ['compose', 'ps', '--format', 'json'], { cwd: ROOT, env });
      const lines = stdout.trim();
      return (lines.startsWith('[') ? JSON.parse(lines) : lines.split('\n').map((line) => JSON.parse(line))) as ComposeService[];
    },
    exec: (service, command, index = 1) =>
      compose('exec', '-T', '--index', String(index), service, ...command).catch(
        (error: { stdout?: string; stderr?: string }) => `${error.stdout ?? ''}${error.stderr ?? ''}`,
      ),
    compose,
    down,
  };
}
