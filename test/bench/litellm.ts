import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { killAtExit } from '../support/kill-at-exit.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { answers, runOrThrow } from './other-gateways.ts';
import { ofTree, type Peer } from './peers.ts';
import { pinnedTo } from './process-cpu.ts';
import { MEASURED_CPU, type Rig } from './rig.ts';

/** In November 2026 pip found no `litellm-proxy` for the extra `proxy` of 1.110.2. Versions in between are not tried. */
const LITELLM = '1.82.6';
const MIN_PYTHON_MINOR = 9;

/** Authenticates without a database. The limits are as high as those of the other peers. */
const CUSTOM_AUTH = `from litellm.proxy._types import UserAPIKeyAuth


async def authenticate(request, api_key):
    if api_key != "sk-bench-0001":
        raise Exception("unknown key")
    return UserAPIKeyAuth(
        api_key="bench", user_id="bench", rpm_limit=100000000, tpm_limit=100000000000, max_parallel_requests=10000, max_budget=1000000.0
    )
`;

/** Rate limits need the cache's Redis; an empty list of call types caches no answers. */
const configuration = (upstreamPort: number, redisPort: number): string => `model_list:
  - model_name: mock
    litellm_params:
      model: openai/mock
      api_base: http://127.0.0.1:${upstreamPort}/v1
      api_key: sk-of-the-provider
      input_cost_per_token: 0.000001
      output_cost_per_token: 0.000002
litellm_settings:
  telemetry: false
  cache: true
  cache_params: { type: redis, host: 127.0.0.1, port: ${redisPort}, supported_call_types: [] }
general_settings: { custom_auth: custom_auth.authenticate }
`;

function install(home: string): void {
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.version_info[1])'], { encoding: 'utf8' });
  if (status !== 0 || Number(stdout) < MIN_PYTHON_MINOR)
    throw new Error(`Python 3.${MIN_PYTHON_MINOR} or newer is not installed`);
  mkdirSync(home, { recursive: true });
  runOrThrow('python3', ['-m', 'venv', join(home, 'venv')]);
  runOrThrow(join(home, 'venv/bin/pip'), ['install', '--quiet', '--disable-pip-version-check', `litellm[proxy]==${LITELLM}`]);
  writeFileSync(join(home, 'installed'), '');
}

/**
 * Starts LiteLLM's proxy from PyPI with one worker, an authentication without a database, and rate limits in Redis. Its budgets
 * need a database and are not enforced.
 *
 * @throws Error if it cannot be installed
 */
export async function startLiteLlm(rig: Rig, redis: RedisServer): Promise<Peer> {
  const home = join(tmpdir(), `sluice-bench-litellm-${LITELLM}`);
  if (!existsSync(join(home, 'installed'))) install(home);
  writeFileSync(join(home, 'custom_auth.py'), CUSTOM_AUTH);
  writeFileSync(join(home, 'config.yaml'), configuration(rig.upstreamPort, redis.port));
  const port = await freePort();
  const options = ['--config', join(home, 'config.yaml'), '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'];
  const [command, args] = pinnedTo(MEASURED_CPU, rig.pinning, join(home, 'venv/bin/litellm'), [
    ...options,
    '--telemetry',
    'False',
  ]);
  const child = spawn(command, args, {
    cwd: home,
    env: { PATH: `${join(home, 'venv/bin')}:${process.env['PATH']}`, HOME: home, LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
    stdio: 'ignore',
  });
  killAtExit(child);
  await answers(port, 'LiteLLM');
  return { name: 'LiteLLM', port, child, headers: {}, times: ofTree(child) };
}
