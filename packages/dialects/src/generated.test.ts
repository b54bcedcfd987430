import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import { DIALECTS } from './registry.ts';
import { TranslatedStream } from './translation.ts';

const NAMES = Object.keys(DIALECTS) as DialectName[];
const WORDS = ['Five ', 'words ', 'of ', 'an ', 'answer.'];

/** Returns a stream of five words in a provider's dialect. */
function streamOf(name: DialectName): Buffer {
  const writer = DIALECTS[name].writeStream({ model: 'm', id: 'id', createdS: 1, streamUsage: true, framing: 'sse' });
  let text = writer.write({ type: 'start', id: 'id', model: 'm' });
  for (const word of WORDS) text += writer.write({ type: 'text', choice: 0, text: word });
  text += writer.write({ type: 'finish', choice: 0, reason: 'stop' });
  text += writer.write({ type: 'usage', usage: { inputTokens: 1, outputTokens: 5 } });
  return Buffer.from(text + writer.end());
}

describe('generated', () => {
  it.each(NAMES)('counts the content of a forwarded stream of %s', (name) => {
    const watcher = DIALECTS[name].watchStream(false, 'sse');
    const bytes = streamOf(name);
    const half = bytes.indexOf('of ');
    watcher.read(bytes.subarray(0, half));
    const before = watcher.generated();
    watcher.read(bytes.subarray(half));
    watcher.rest();
    expect([before, watcher.generated()]).toEqual([2, 5]);
  });

  it.each(NAMES)('counts the content of a translated stream of %s', (name) => {
    const other = name === 'openai-chat' ? 'anthropic-messages' : 'openai-chat';
    const context = { model: 'm', id: 'id', createdS: 1, streamUsage: false, framing: 'sse' } as const;
    const stream = new TranslatedStream(DIALECTS[name], DIALECTS[other], context);
    stream.read(streamOf(name));
    expect(stream.generated()).toBe(5);
  });

  it('counts reasoning and tool arguments, but no empty content', () => {
    const watcher = DIALECTS['openai-chat'].watchStream(false, 'sse');
    for (const delta of [
      { role: 'assistant', content: '' },
      { reasoning_content: 'hm', content: null },
      { content: 'a' },
      { tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"content": ""}' } }] },
      {},
    ]) {
      watcher.read(Buffer.from(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`));
    }
    expect(watcher.generated()).toBe(3);
  });
});
