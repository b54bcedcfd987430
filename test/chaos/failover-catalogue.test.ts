import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { ask, chat } from '../support/ask.ts';
import { DONE, piece, ROLE } from '../support/chunks.ts';
import { freePort } from '../support/free-port.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';
import {
  HALF,
  judge,
  never,
  type Respond,
  reset,
  type Scenario,
  STREAM,
  status,
  streamOf,
  type Tried,
  type Verdict,
  wholeOf,
} from './failover.ts';

const KEY = 'key-of-the-catalogue';
const once = ({ asked }: Tried): boolean => asked.length === 1;

const CATALOGUE: readonly Scenario[] = [
  { id: 'S01', what: 'the provider fails once, then works', first: [status(503), whole(wholeOf('first'))] },
  { id: 'S02', what: 'the provider fails each time', first: [status(500)], within: ([one]) => (one as Tried).asked.length <= 3 },
  {
    id: 'S03',
    what: 'the provider returns a rate limit with its time',
    first: [status(429, { 'retry-after': '2' }), whole(wholeOf('first'))],
    within: ([one]) => (one as Tried).asked.every((at, n) => n === 0 || at >= 2_000),
  },
  { id: 'S04', what: 'the provider refuses connections', first: 'refused connections' },
  { id: 'S05', what: 'the provider resets the connection before its response', first: [reset] },
  {
    id: 'S06',
    what: 'the provider accepts the request and sends nothing',
    first: [never],
    within: ([one]) => once(one as Tried) && (one as Tried).tookMs < 2_000,
  },
  {
    id: 'S07',
    what: 'the provider sends the head of a stream and no content',
    first: [streamOf(ROLE, () => {})],
    stream: true,
    within: ([one]) => once(one as Tried) && (one as Tried).tookMs < 2_000,
  },
  { id: 'S08', what: 'the stream is reset in the middle', first: [streamOf(HALF, reset)], stream: true },
  { id: 'S09', what: 'the stream ends in the middle like a complete stream', first: [streamOf(HALF)], stream: true },
  {
    id: 'S10',
    what: 'the stream begins with an error and the status 200',
    first: [streamOf('data: {"error":{"message":"overloaded","code":503}}\n\n')],
    stream: true,
  },
  {
    id: 'S11',
    what: 'the stream is complete except for its end marker',
    first: [streamOf(STREAM.replace(DONE, ''))],
    stream: true,
    within: ([one]) => once(one as Tried) && (one as Tried).answer.text.endsWith(DONE),
  },
  { id: 'S12', what: 'the response is invalid JSON', first: [status(200, {}, '{"id":"c","choices":[{"mess')] },
  {
    id: 'S13',
    what: 'the provider refuses the content',
    first: [status(400, {}, '{"error":{"message":"not this","code":"content_filter"}}')],
    refusal: 400,
    within: ([one]) => once(one as Tried) && (one as Tried).answer.text.includes('not this'),
  },
  {
    id: 'S14',
    what: 'the stream is truncated within an event',
    first: [streamOf(HALF + piece('and so on').slice(0, 60))],
    stream: true,
  },
  {
    id: 'S15',
    what: 'the provider flaps during fifteen calls',
    first: [status(503), whole(wholeOf('first')), status(503), status(503), status(503), status(503), status(503)],
    calls: 15,
    within: (tried) => tried.reduce((sum, { asked }) => sum + asked.length, 0) <= 15,
  },
  {
    id: 'S16',
    what: 'the fallback responds, and the response names it',
    first: [status(503)],
    within: ([one]) => {
      const { headers, json } = (one as Tried).answer;
      return (
        headers.get('x-sluice-provider') === 'second' &&
        headers.get('x-sluice-model') === 'of-second' &&
        json['model'] === 'of-second'
      );
    },
  },
];

describe('T72: sixteen ways in which a provider fails', () => {
  let first: ScriptedUpstream;
  let second: ScriptedUpstream;
  let unusedPort: number;
  beforeAll(async () => {
    first = await startScriptedUpstream();
    second = await startScriptedUpstream();
    unusedPort = await freePort();
    second.answer((response) => {
      const streamed = second.requests.at(-1)?.body.includes('"stream":true') === true;
      if (streamed) streamOf(STREAM)(response);
      else whole(wholeOf('of-second'))(response);
    });
  });
  afterAll(async () => {
    await first.close();
    await second.close();
  });

  const run = async (scenario: Scenario, headers: Record<string, string> = {}): Promise<Verdict> => {
    const baseUrl = scenario.first === 'refused connections' ? `http://127.0.0.1:${unusedPort}/v1` : first.baseUrl;
    // two retries and one provider to fall back to; the second provider always responds, so it needs no timeout that a busy
    // machine can exceed
    const target = { timeout: '1s', firstToken: '500ms' };
    const gateway: Gateway = await startGateway({
      config: {
        providers: { first: { baseUrl }, second: { baseUrl: second.baseUrl } },
        models: {
          m: {
            targets: [
              { provider: 'first', model: 'of-first', ...target },
              { provider: 'second', model: 'of-second' },
            ],
          },
        },
        keys: [{ name: 'catalogue', secret: KEY }],
      },
    });
    try {
      const times: number[] = [];
      const script = scenario.first === 'refused connections' ? [] : [...scenario.first];
      let n = 0;
      first.answer((response) => {
        times.push(performance.now());
        (script[Math.min(n++, script.length - 1)] as Respond)(response);
      });
      const tried: Tried[] = [];
      for (let call = 0; call < (scenario.calls ?? 1); call++) {
        const startedAt = performance.now();
        times.length = 0;
        const body = chat('m', `${scenario.id} ${call}`, scenario.stream === true ? { stream: true } : {});
        const answer = await ask(gateway.url, body, { key: KEY, headers });
        tried.push({ answer, tookMs: performance.now() - startedAt, asked: times.map((at) => at - startedAt) });
      }
      return judge(scenario, tried);
    } finally {
      await gateway.close(0);
    }
  };

  it.each(CATALOGUE)('handles the fault $id: $what', async (scenario) => {
    // a begun stream cannot be taken back: without a recovery option the gateway can only send its client an error
    const expected = ['S08', 'S09', 'S14'].includes(scenario.id) ? 'safe' : 'pass';
    expect(await run(scenario)).toBe(expected);
  });

  it.each(['restart', 'buffer'])(
    'recovers from all faults for a caller that requests it (%s)',
    async (recovery) => {
      const verdicts: Record<string, Verdict> = {};
      for (const scenario of CATALOGUE) verdicts[scenario.id] = await run(scenario, { 'x-sluice-stream-recovery': recovery });
      expect(verdicts).toEqual(Object.fromEntries(CATALOGUE.map(({ id }) => [id, 'pass'])));
    },
    60_000,
  );

  it('judges a truncated response without an error as a failure', () => {
    const cut = { status: 200, text: HALF + DONE, json: {}, headers: new Headers(), code: undefined };
    const scenario = CATALOGUE.find(({ id }) => id === 'S09') as Scenario;
    expect(judge(scenario, [{ answer: cut, tookMs: 1, asked: [0] }])).toBe('fail');
    const twice = { answer: { ...cut, text: STREAM }, tookMs: 1, asked: [0, 1] };
    expect(judge(CATALOGUE.find(({ id }) => id === 'S06') as Scenario, [twice])).toBe('partial');
  });
});
