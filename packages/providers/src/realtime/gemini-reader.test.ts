import { describe, expect, it } from '@jest/globals';
import { GeminiReader } from './gemini-reader.ts';

const bytes = (message: object): Buffer => Buffer.from(JSON.stringify(message));
const USAGE = {
  ...{ promptTokenCount: 30, responseTokenCount: 20, totalTokenCount: 50 },
  responseTokensDetails: [{ modality: 'AUDIO', tokenCount: 15 }],
};
const reader = (): GeminiReader => new GeminiReader({ caller: 'live', provider: 'models/gemini-live' });

describe('GeminiReader', () => {
  it("replaces only the model's name in the setup by the provider's", () => {
    const read = reader();
    const setup = read.toProvider(bytes({ setup: { model: 'models/live', tools: [] } }));
    expect(JSON.parse(setup.toString())).toEqual({ setup: { model: 'models/gemini-live', tools: [] } });
    const same = bytes({ setup: { model: 'models/gemini-live' } });
    expect(reader().toProvider(same)).toBe(same);
  });

  it('refuses a second setup', () => {
    const read = reader();
    read.toProvider(bytes({ setup: { model: 'models/live' } }));
    expect(read.toProvider(bytes({ setup: { model: 'models/other' } }))).toMatchObject({ code: 'invalid_request' });
    const text = bytes({ clientContent: { turns: [{ parts: [{ text: 'what is "setup"?' }] }] } });
    expect(read.toProvider(text)).toBe(text);
  });

  it('reports the usage of a turn once, at its end', () => {
    const read = reader();
    const content = bytes({
      serverContent: { modelTurn: { parts: [{ text: 'Hi' }] } },
      usageMetadata: { ...USAGE, responseTokenCount: 5 },
    });
    expect(read.toClient(content)).toEqual({ data: content, reported: false });
    expect(read.toClient(bytes({ serverContent: { turnComplete: true }, usageMetadata: USAGE })).reported).toBe(true);
    expect(read.usage.total()).toEqual({ inputTokens: 30, outputTokens: 20, audioOutputTokens: 15 });
  });

  it('counts usage that arrives after the end of a turn', () => {
    const read = reader();
    expect(read.toClient(bytes({ serverContent: { turnComplete: true } })).reported).toBe(false);
    expect(read.toClient(bytes({ usageMetadata: USAGE })).reported).toBe(true);
    expect(read.usage.total()).toMatchObject({ inputTokens: 30, outputTokens: 20 });
  });

  it('adds turns, and counts the last report of an interrupted turn', () => {
    const read = reader();
    read.toClient(bytes({ serverContent: { turnComplete: true }, usageMetadata: USAGE }));
    read.toClient(bytes({ serverContent: { modelTurn: { parts: [] } }, usageMetadata: USAGE }));
    read.finish();
    expect(read.usage.total()).toMatchObject({ inputTokens: 60, outputTokens: 40 });
  });

  it('estimates turns without reports', () => {
    const read = reader();
    read.toProvider(bytes({ setup: { model: 'models/live' } }));
    read.toClient(bytes({ serverContent: { modelTurn: { parts: [{ inlineData: { data: 'A'.repeat(64_000) } }] } } }));
    read.toClient(bytes({ serverContent: { turnComplete: true } }));
    const { audioOutputTokens = 0, issue } = read.usage.total() ?? {};
    expect(issue?.reason).toBe('missing');
    expect(audioOutputTokens).toBeGreaterThan(24);
    expect(audioOutputTokens).toBeLessThan(28);
  });
});
