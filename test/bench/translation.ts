// Measures the CPU time of translation alone: an event of a stream, and a complete response of 2 KB, from a provider of each
// dialect to a caller of each other.
import type { DialectName } from '@sluice/core';
import { DIALECTS, type NeutralEvent, type NeutralReply, TranslatedStream, translateReply } from '@sluice/dialects';

const PROVIDERS: readonly DialectName[] = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'bedrock-converse'];
const CALLERS: readonly DialectName[] = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini'];
const EVENTS = 1_000;
const REPLIES = 500;
const ROUNDS = 7;

const context = { model: 'm', id: 'own', createdS: 1, streamUsage: true, framing: 'sse' as const };
const usage = { inputTokens: 500, outputTokens: 200, cachedInputTokens: 100 };

const reply: NeutralReply = {
  id: 'r1',
  model: 'm',
  choices: [{ parts: [{ type: 'text', text: 'A word or two, "quoted".\n'.repeat(64) }], finish: 'stop' }],
  usage,
};

/** Returns the events of a stream as a provider sends them, one per chunk. */
function chunksOf(dialect: DialectName): Buffer[] {
  const writer = DIALECTS[dialect].writeStream(context);
  const events: NeutralEvent[] = [
    { type: 'start', id: 'r1', model: 'm' },
    ...Array.from({ length: EVENTS }, (): NeutralEvent => ({ type: 'text', choice: 0, text: 'a word or two ' })),
    { type: 'finish', choice: 0, reason: 'stop' },
    { type: 'usage', usage },
  ];
  const wire = events.map((event) => writer.write(event));
  return [...wire, writer.end()].filter((text) => text !== '').map((text) => Buffer.from(text));
}

/** Returns the minimum CPU time of several rounds, in microseconds per unit. */
function best(units: number, work: () => void): number {
  work();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / units);
  }
  return least;
}

export interface TranslationCost {
  readonly from: DialectName;
  readonly to: DialectName;
  /** In microseconds. */
  readonly event: number;
  readonly reply: number;
}

/** Measures the cost of each pair of dialects. For events it is the additional cost over passing them through. */
export function measureTranslation(): TranslationCost[] {
  return PROVIDERS.flatMap((from) => {
    const chunks = chunksOf(from);
    const body = JSON.parse(JSON.stringify(DIALECTS[from].writeReply(reply, context))) as Readonly<Record<string, unknown>>;
    const text = JSON.stringify(body);
    return CALLERS.filter((to) => to !== from).map((to): TranslationCost => {
      const event = best(chunks.length, () => {
        const stream = new TranslatedStream(DIALECTS[from], DIALECTS[to], context);
        for (const chunk of chunks) stream.read(chunk);
        stream.rest();
      });
      const whole = best(REPLIES, () => {
        for (let n = 0; n < REPLIES; n++) {
          Buffer.from(translateReply(DIALECTS[from], DIALECTS[to], JSON.parse(text) as typeof body, context));
        }
      });
      return { from, to, event, reply: whole };
    });
  });
}

export function translationReport(costs: readonly TranslationCost[]): string {
  const cell = (from: DialectName, to: DialectName): string => {
    const one = costs.find((cost) => cost.from === from && cost.to === to);
    return one === undefined ? '–' : `${one.event.toFixed(1)} / ${one.reply.toFixed(0)}`;
  };
  return [
    `Translation alone, in microseconds of CPU: one event / a whole answer of ${Math.round(JSON.stringify(DIALECTS['openai-chat'].writeReply(reply, context)).length / 100) / 10} KB (best of ${ROUNDS}).`,
    '',
    `| provider \\ caller | ${CALLERS.join(' | ')} |`,
    `|---|${'---|'.repeat(CALLERS.length)}`,
    ...PROVIDERS.map((from) => `| ${from} | ${CALLERS.map((to) => cell(from, to)).join(' | ')} |`),
  ].join('\n');
}
