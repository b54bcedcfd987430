import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chat } from '../support/ask.ts';
import { type GatewayProcess, startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';

const CHUNK = 65_536;
const CHUNKS = 1_024;
const event = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
const END = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`;
const [BEFORE = '', AFTER = ''] = event('@').split('@');
const text = Buffer.alloc(CHUNK - BEFORE.length - AFTER.length, 'x').toString();
/** 64 MiB as a single event, and as one event per chunk. */
const LONG = [BEFORE, ...Array.from({ length: CHUNKS }, () => Buffer.alloc(CHUNK, 'x')), AFTER];
const SHORT = Array.from({ length: CHUNKS }, () => event(text));

describe('an event of 64 MiB', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGatewayProcess({
      config: {
        providers: { up: { baseUrl: upstream.baseUrl, apiKey: 'x', maxEvent: '128MiB' } },
        models: { m: { targets: [{ provider: 'up', model: 'm' }] } },
        keys: [{ name: 'k', secret: 'key-of-a-reader' }],
      },
      environment: { REDIS_URL: process.env['TEST_REDIS_URL'] as string },
    });
    await untilReady(gateway);
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
  });

  /** Returns user and system time of the gateway's process, in clock ticks. */
  const cpuTicks = () => {
    const fields = readFileSync(`/proc/${gateway.process.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };

  async function costOf(pieces: readonly (string | Buffer)[], path: string, more: object): Promise<number> {
    upstream.answer(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event('begun'));
      for (const piece of pieces) {
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end(END);
    });
    const before = cpuTicks();
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: 'Bearer key-of-a-reader', 'content-type': 'application/json' },
      body: JSON.stringify(chat('m', 'x', { stream: true, max_tokens: 5, ...more })),
    });
    let length = 0;
    for await (const chunk of response.body ?? []) length += (chunk as Uint8Array).length;
    expect(length).toBeGreaterThanOrEqual(CHUNK * CHUNKS);
    return cpuTicks() - before;
  }

  it.each([
    ['passes on', '/v1/chat/completions', { stream_options: { include_usage: true } }],
    ['passes on without usage', '/v1/chat/completions', {}],
    ['translates', '/v1/messages', {}],
  ])(
    'needs at most 3 times the CPU time of 64 MiB in short events when the gateway %s one event of 64 MiB',
    async (_what, path, more) => {
      const costs: number[] = [];
      for (let n = 0; n < 3; n++) {
        const control = await costOf(SHORT, path, more);
        costs.push((await costOf(LONG, path, more)) / control);
      }
      expect(Math.min(...costs)).toBeLessThan(3);
    },
  );
});
