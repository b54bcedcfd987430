import { describe, expect, it } from '@jest/globals';
import { applyQuirks } from './quirks.ts';

const written = {
  body: {
    model: 'm',
    max_completion_tokens: 9,
    user: 'u',
    stream_options: { include_usage: true },
    messages: [
      { role: 'developer', content: 'x' },
      { role: 'assistant', content: 'y', reasoning_content: 'z' },
    ],
  },
  dropped: ['top_k'],
};

describe('applyQuirks', () => {
  it('returns the same request for a provider without quirks', () => {
    expect(applyQuirks(written, {})).toEqual(written);
  });

  it('renames fields, lists dropped fields, and rewrites messages for the provider', () => {
    const quirks = {
      rename: { max_completion_tokens: 'max_tokens' },
      drop: ['user', 'stream_options'],
      dropFromMessages: ['reasoning_content'],
      systemForDeveloper: true,
    };
    expect(applyQuirks(written, quirks)).toEqual({
      body: {
        model: 'm',
        max_tokens: 9,
        messages: [
          { role: 'system', content: 'x' },
          { role: 'assistant', content: 'y' },
        ],
      },
      // a field that only the gateway added is not listed
      dropped: ['top_k', 'user'],
    });
  });
});
