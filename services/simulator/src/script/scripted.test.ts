import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningSimulator, startSimulator } from '../index.ts';

interface Message {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
}

describe('simulated model with a script', () => {
  let simulator: RunningSimulator;
  beforeAll(async () => {
    simulator = await startSimulator({ models: { m: { latencyMs: 0, script: true } } });
  });
  afterAll(() => simulator.close());

  async function ask(messages: readonly object[], tools: readonly object[]): Promise<Message> {
    const body = { model: 'm', messages, tools: tools.map((tool) => ({ type: 'function', function: tool })) };
    const response = await fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
    const { choices } = (await response.json()) as { choices: { message: Message }[] };
    return choices[0]?.message as Message;
  }

  const named = (name: string, properties: Record<string, object>) => ({
    name,
    parameters: { type: 'object', properties, required: Object.keys(properties) },
  });

  it('calls the tools of each round at once, then reports their results', async () => {
    const tools = [named('lookup', { q: { type: 'string' } }), named('search', { q: { type: 'string' } })];
    const messages: object[] = [{ role: 'user', content: 'First [[lookup search]] then [[search]].' }];
    const rounds: string[][] = [];
    for (let n = 0; n < 2; n++) {
      const message = await ask(messages, tools);
      const calls = message.tool_calls ?? [];
      rounds.push(calls.map(({ function: { name } }) => name));
      messages.push(message, ...calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: `found ${n}` })));
    }
    expect(rounds).toEqual([['lookup', 'search'], ['search']]);
    const last = await ask(messages, tools);
    expect(last).toMatchObject({ content: 'The tools returned: found 1' });
    expect((await ask([...messages, last, { role: 'user', content: 'Thanks' }], tools)).content).toBe(
      'Simulated answer to: Thanks',
    );
  });

  it.each([
    ['Write', { file_path: { type: 'string' }, content: { type: 'string' } }, { file_path: '/tmp/a', content: 'hi' }],
    [
      'shell',
      { command: { type: 'array', items: { type: 'string' } } },
      { command: ['bash', '-lc', "printf %s 'hi' > '/tmp/a'"] },
    ],
    ['exec_command', { cmd: { type: 'string' } }, { cmd: "printf %s 'hi' > '/tmp/a'" }],
  ])("writes a file with the client's own tool %s", async (name, properties, args) => {
    const tools = [named('read', { path: { type: 'string' } }), named(name, properties)];
    const { tool_calls: [call] = [] } = await ask([{ role: 'user', content: '[[write /tmp/a|hi]]' }], tools);
    expect(call?.function.name).toBe(name);
    expect(JSON.parse(call?.function.arguments ?? '')).toEqual(args);
  });

  it('ignores the script for a request without a tool for the round', async () => {
    const title = await ask([{ role: 'user', content: 'A title for: [[write /tmp/a|hi]]' }], []);
    expect(title.content).toContain('Simulated answer to');
  });
});
