import { describe, expect, it } from '@jest/globals';
import { asLlmError, LlmError } from './errors.ts';

describe('LlmError', () => {
  it('writes down no stack, and leaves that of others as it is', () => {
    const { stackTraceLimit } = Error;
    expect(new LlmError('invalid_api_key', 'No.').stack).not.toContain('\n    at ');
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
    expect(new Error('another').stack).toContain('\n    at ');
  });

  it('keeps the stack of a fault of our own', () => {
    expect((asLlmError(new TypeError('a fault')).cause as Error).stack).toContain('errors.test.ts');
  });
});
