import { describe, expect, it } from '@jest/globals';
import { asLlmError, LlmError } from './errors.ts';

describe('LlmError', () => {
  it('captures no stack trace and does not change the stack trace limit of other errors', () => {
    const { stackTraceLimit } = Error;
    expect(new LlmError('invalid_api_key', 'No.').stack).not.toContain('\n    at ');
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
    expect(new Error('another').stack).toContain('\n    at ');
  });

  it('keeps the stack trace of an internal fault as the cause', () => {
    expect((asLlmError(new TypeError('a fault')).cause as Error).stack).toContain('errors.test.ts');
  });
});
