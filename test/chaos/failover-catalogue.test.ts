import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { type Answer, ask, chat } from '../support/ask.ts';
import { DONE, piece, ROLE, STOP, usageChunk } from '../support/chunks.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayHere } from '../support/gateway-here.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-catalogue';
/** What the good provider says, and the bad one would. */
const WORDS = ['All', ' is', ' well', ' that', ' ends', ' well.'];
const SAID = WORDS.join('');
const STREAM = ROLE + WORDS.map(piece).join('') + STOP + usageChunk(5, 6) + DONE;
const wholeOf = (model: string): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: SAID }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 },
  });

type Respond = (response: ServerResponse) => void;
const status =
  (code: number, headers: Record<string, string> = {}, body = '{"error":{"message":"no","code":null}}'): Respond =>
  (response) =>
    whole(body, code, headers)(response);
const streamOf =
  (text: string, end: (response: ServerResponse) => void = (response) => void response.end()): Respond =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => end(response));
  };
const reset = (response: ServerResponse): void => void response.socket?.resetAndDestroy();
const never: Respond = () => {};
const HALF = ROLE + WORDS.slice(0, 3).map(piece).join('');

/** What one call came to, as its client and the first of the two providers saw it. */
interface Tried {
  readonly answer: Answer;
  readonly tookMs: number;
  /** When the first provider was asked, in milliseconds after the call began. */
  readonly asked: readonly number[];
}

interface Scenario {
  readonly id: string;
  readonly what: string;
  /** How the first provider answers, the first time and the times after it. The second provider is always well. */
  readonly first: readonly Respond[] | 'refused connections';
  readonly stream?: boolean;
  /** Instead of the answer, the provider's own refusal is what is right. */
  readonly refusal?: number;
  /** How many calls are made one after the other. */
  readonly calls?: number;
  /** What the providers, or the client's patience, must not be asked for. */
  readonly within?: (tried: readonly Tried[]) => boolean;
}

const once = ({ asked }: Tried): boolean => asked.length === 1;

const CATALOGUE: readonly Scenario[] = [
  { id: 'S01', what: 'it fails once, and works then', first: [status(503), whole(wholeOf('first'))] },
  { id: 'S02', what: 'it fails each time', first: [status(500)], within: ([one]) => (one as Tried).asked.length <= 3 },
  {
    id: 'S03',
    what: 'it is asked too often, and says for how long',
    first: [status(429, { 'retry-after': '2' }), whole(wholeOf('first'))],
    within: ([one]) => (one as Tried).asked.every((at, n) => n === 0 || at >= 2_000),
  },
  { id: 'S04', what: 'nobody takes its connections', first: 'refused connections' },
  { id: 'S05', what: 'it resets the connection before it answers', first: [reset] },
  {
    id: 'S06',
    what: 'it takes the request, and nothing comes',
    first: [never],
    within: ([one]) => once(one as Tried) && (one as Tried).tookMs < 2_000,
  },
  {
    id: 'S07',
    what: 'its stream’s head comes, and no content',
    first: [streamOf(ROLE, () => {})],
    stream: true,
    within: ([one]) => once(one as Tried) && (one as Tried).tookMs < 2_000,
  },
  { id: 'S08', what: 'its stream is reset in the middle', first: [streamOf(HALF, reset)], stream: true },
  { id: 'S09', what: 'its stream ends in the middle as if it were whole', first: [streamOf(HALF)], stream: true },
  {
    id: 'S10',
    what: 'its stream begins with an error, under a status of 200',
    first: [streamOf('data: {"error":{"message":"overloaded","code":503}}\n\n')],
    stream: true,
  },
  {
    id: 'S11',
    what: 'its stream is whole, but for the mark of its end',
    first: [streamOf(STREAM.replace(DONE, ''))],
    stream: true,
    within: ([one]) => once(one as Tried) && (one as Tried).answer.text.endsWith(DONE),
  },
  { id: 'S12', what: 'its answer is no JSON', first: [status(200, {}, '{"id":"c","choices":[{"mess')] },
  {
    id: 'S13',
    what: 'it refuses the content',
    first: [status(400, {}, '{"error":{"message":"not this","code":"content_filter"}}')],
    refusal: 400,
    within: ([one]) => once(one as Tried) && (one as Tried).answer.text.includes('not this'),
  },
  {
    id: 'S14',
    what: 'its stream is cut within an event',
    first: [streamOf(HALF + piece('and so on').slice(0, 60))],
    stream: true,
  },
  {
    id: 'S15',
    what: 'it comes and goes, while it is called fifteen times',
    first: [status(503), whole(wholeOf('first')), status(503), status(503), status(503), status(503), status(503)],
    calls: 15,
    within: (tried) => tried.reduce((sum, { asked }) => sum + asked.length, 0) <= 15,
  },
  {
    id: 'S16',
    what: 'another answers in its place: who that was is said',
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

type Verdict = 'pass' | 'partial' | 'safe' | 'fail';

/** What a client makes of an answer: the text, an error, or a text that is not what was said. */
function readBy({ status, text, json }: Answer): { said?: string; error?: boolean } {
  if (status !== 200) return { error: true };
  if (!text.startsWith('data:') && !text.startsWith('event:')) {
    const choices = json['choices'] as { message: { content: string } }[] | undefined;
    return choices === undefined ? {} : { said: choices[0]?.message.content ?? '' };
  }
  let said = '';
  let whole = false;
  for (const event of text.split('\n\n')) {
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data === undefined || data === '[DONE]') continue;
    let value: Record<string, unknown>;
    try {
      value = JSON.parse(data) as Record<string, unknown>;
    } catch {
      continue;
    }
    if (value['error'] !== undefined) return { error: true };
    // what came before is to be forgotten
    if (value['fallback_restart'] === true) said = '';
    const [choice] = (value['choices'] ?? []) as { delta?: { content?: string }; finish_reason?: string }[];
    said += choice?.delta?.content ?? '';
    if (choice?.finish_reason === 'stop') whole = true;
  }
  return whole ? { said } : {};
}

function judge({ refusal, within = () => true }: Scenario, tried: readonly Tried[]): Verdict {
  const verdicts = tried.map(({ answer }): Verdict => {
    if (refusal !== undefined) return answer.status === refusal ? 'pass' : answer.status === 200 ? 'fail' : 'safe';
    const { said, error } = readBy(answer);
    if (error === true) return 'safe';
    return said === SAID ? 'pass' : 'fail';
  });
  if (verdicts.includes('fail')) return 'fail';
  if (verdicts.includes('safe')) return 'safe';
  return within(tried) ? 'pass' : 'partial';
}

describe('T72: sixteen ways in which a provider fails', () => {
  let first: ScriptedUpstream;
  let second: ScriptedUpstream;
  let nobody: number;
  beforeAll(async () => {
    first = await startScriptedUpstream();
    second = await startScriptedUpstream();
    nobody = await freePort();
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
    const baseUrl = scenario.first === 'refused connections' ? `http://127.0.0.1:${nobody}/v1` : first.baseUrl;
    // two retries, one provider to fall back on, and the same patience for all
    const target = { timeout: '1s', firstToken: '500ms' };
    const gateway: Gateway = await startGatewayHere({
      providers: { first: { baseUrl }, second: { baseUrl: second.baseUrl } },
      models: {
        m: {
          targets: [
            { provider: 'first', model: 'of-first', ...target },
            { provider: 'second', model: 'of-second', ...target },
          ],
        },
      },
      keys: [{ name: 'catalogue', secret: KEY }],
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

  it.each(CATALOGUE)('$id: $what', async (scenario) => {
    // a stream that has begun cannot be taken back: its client is told, and that is all that can be done unasked
    const expected = ['S08', 'S09', 'S14'].includes(scenario.id) ? 'safe' : 'pass';
    expect(await run(scenario)).toBe(expected);
  });

  it.each(['restart', 'buffer'])(
    'all are made good for a caller that asks for it (%s)',
    async (recovery) => {
      const verdicts: Record<string, Verdict> = {};
      for (const scenario of CATALOGUE) verdicts[scenario.id] = await run(scenario, { 'x-sluice-stream-recovery': recovery });
      expect(verdicts).toEqual(Object.fromEntries(CATALOGUE.map(({ id }) => [id, 'pass'])));
    },
    60_000,
  );

  it('is judged by what can fail: an answer that is cut and says nothing of it is a failure', () => {
    const cut = { status: 200, text: HALF + DONE, json: {}, headers: new Headers(), code: undefined };
    const scenario = CATALOGUE.find(({ id }) => id === 'S09') as Scenario;
    expect(judge(scenario, [{ answer: cut, tookMs: 1, asked: [0] }])).toBe('fail');
    const twice = { answer: { ...cut, text: STREAM }, tookMs: 1, asked: [0, 1] };
    expect(judge(CATALOGUE.find(({ id }) => id === 'S06') as Scenario, [twice])).toBe('partial');
  });
});
