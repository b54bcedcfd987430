import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import { ADMIN_KEY, type GatewayProcess } from '../support/gateway-process.ts';
import { type ScriptedUpstream, startScriptedUpstream, type UpstreamRequest, whole } from '../support/scripted-upstream.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

/** The provider's answer to `SUBJECT WORDING` is the subject, and the vectors of a subject's questions are near each other. */
function answer(response: ServerResponse, { body }: UpstreamRequest): void {
  const { input, messages } = JSON.parse(body) as { input?: string; messages?: { content: string }[] };
  const reply = input === undefined ? answerTo(messages?.at(-1)?.content ?? '') : vectorOf(input);
  whole(JSON.stringify(reply))(response);
}

const answerTo = (question: string) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: question.split(' ')[0] }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
});

function vectorOf(question: string) {
  const [subject = '', ...others] = question.split(' ');
  const angle = (subject.charCodeAt(0) % 7) + others.length * 0.01;
  return {
    object: 'list',
    data: [{ index: 0, embedding: [Math.cos(angle), Math.sin(angle)] }],
    usage: { prompt_tokens: 3, total_tokens: 3 },
  };
}

/** Words without content, of which every subset is another wording of one question. */
const EMPTY = ['please', 'tell', 'me', 'now', 'again', 'about', 'any', 'some', 'quickly', 'there'];
const wording = (n: number): string => ['alpha', ...EMPTY.filter((_, bit) => (n >> bit) % 2 === 1)].join(' ');

describe('questions served by the answers to others', () => {
  let provider: ScriptedUpstream;
  let replicas: Replicas;
  const gateway = (n: number): GatewayProcess => replicas.gateways[n] as GatewayProcess;
  const admin = (method: string, path: string) => askAdmin(gateway(0).adminUrl, ADMIN_KEY, method, path);
  beforeAll(async () => {
    provider = await startScriptedUpstream();
    provider.answer(answer);
    const { baseUrl } = provider;
    const price = { input: 1, output: 2 };
    replicas = await startGateway({
      replicas: 2,
      config: {
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain', price }] } },
        keys: [
          { name: 'near', secret: 'key-near', tenant: 'acme', cache: { near: true } },
          { name: 'shadow', secret: 'key-shadow', tenant: 'acme' },
          { name: 'other', secret: 'key-other', tenant: 'other', cache: { near: true } },
          { name: 'meaning', secret: 'key-meaning', cache: { semantic: true } },
        ],
        cache: {
          exact: { ttl: '1h' },
          // a bound that few labels prove
          semantic: { embeddings: 'up/small', maxErrors: '50%', explore: '1%', own: 0, timeout: '10s' },
        },
      },
    });
  });
  afterAll(async () => {
    await replicas.stop();
    await provider.close();
  });

  const asked = async (n: number, text: string, key: string, headers: Record<string, string> = {}) => {
    const answer = await ask(gateway(n).url, chat('plain', text), { key, headers });
    return { ...answer, state: answer.headers.get('x-sluice-cache'), control: answer.headers.get('cache-status') };
  };
  const entries = async (tenant: string, n: number) =>
    waitFor(async () => (await admin('GET', `/cache?tenant=${tenant}`)).json['total'] === n, `${n} entries`);

  it('serves the same question in other words at another replica, and removes it by its tag', async () => {
    const tags = { 'x-sluice-cache-tags': 'geography' };
    const first = await asked(0, 'What is the capital of France?', 'key-near', tags);
    expect([first.state, first.control]).toEqual(['miss', 'sluice; fwd=miss']);
    await entries('acme', 1);
    const second = await asked(1, 'hi, whats the capital of france', 'key-near');
    expect([second.state, second.text]).toEqual(['near', first.text]);
    expect(second.control).toMatch(/^sluice; hit; ttl=\d+; detail=near$/);
    expect(Number(second.headers.get('x-sluice-saved-usd'))).toBeGreaterThan(0);
    expect((await asked(1, 'What is the capital of Spain?', 'key-near')).state).toBe('miss');
    expect((await asked(1, 'hi, whats the capital of france', 'key-other')).state).toBe('miss');
    await entries('acme', 2);
    expect((await admin('DELETE', '/cache?tenant=acme&tag=geography')).json).toEqual({ removed: 1 });
    expect((await asked(1, 'hello, whats the capital of france', 'key-near')).state).toBe('miss');
  });

  it('counts in shadow what near would serve', async () => {
    await asked(0, 'How do I cancel my subscription?', 'key-shadow');
    await waitFor(async () => {
      await asked(0, 'how can I cancel my subscription please', 'key-shadow', { 'cache-control': 'no-store' });
      const series = parseExposition(await (await fetch(`${gateway(0).adminUrl}/metrics`)).text());
      return series.sum('sluice_cache_lookups_total', { kind: 'near', result: 'would_hit' }) > 0;
    }, 'a question that near would serve');
  });

  it('learns which questions have one meaning, then serves them, or says why it cannot', async () => {
    const { unavailable } = (await admin('GET', '/cache/semantic')).json as { unavailable?: string };
    const words = Array.from({ length: 620 }, (_, n) => wording(n));
    const states: (string | null)[] = [];
    for (let n = 0; n < words.length; n += 20) {
      const answers = await Promise.all(words.slice(n, n + 20).map((text, at) => asked(at % 2, text, 'key-meaning')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      states.push(...answers.map(({ state }) => state));
      if (unavailable !== undefined && n > 40) break;
    }
    if (unavailable !== undefined) {
      expect(unavailable).toMatch(/This Redis has no vector sets/);
      expect(states).not.toContain('semantic');
      return;
    }
    let next = words.length;
    // counts are read once a second
    await waitFor(async () => {
      const served = await asked(0, wording(next++), 'key-meaning');
      if (served.state !== 'semantic') return false;
      expect(served.headers.get('x-sluice-cache-bound')).toBe('0.5');
      expect(served.control).toMatch(/detail=semantic$/);
      expect((served.json as { choices: { message: { content: string } }[] }).choices[0]?.message.content).toBe('alpha');
      return true;
    }, 'an answer by meaning');
    const report = (await admin('GET', '/cache/semantic?tenant=meaning')).json as unknown as {
      models: { embeddings: string; bins: { certified: boolean; labels: number }[] }[];
    };
    expect(report.models[0]?.embeddings).toBe('up/small/2');
    expect(report.models[0]?.bins.some(({ certified }) => certified)).toBe(true);
    expect((await admin('POST', '/cache/semantic/reset?tenant=meaning')).json).toEqual({ reset: 1 });
  });
});
