import { describe, expect, it } from '@jest/globals';
import { errorMessage, messageOfBody } from './error-message.ts';

describe('errorMessage', () => {
  it.each([
    ['OpenAI, Anthropic, Gemini', { error: { message: 'words' } }],
    ['xAI, Ollama, TGI', { error: 'words' }],
    ['vLLM, SGLang, Mistral', { object: 'error', message: 'words', type: 'BadRequestError', code: 400 }],
    ['Cohere, Cerebras, Bedrock', { message: 'words' }],
    ['AWS', { __type: 'ValidationException', Message: 'words' }],
    ['NIM, Voyage', { detail: 'words' }],
    ['Google’s compatible API', [{ error: { code: 400, message: 'words' } }]],
    ['Cloudflare', { success: false, errors: [{ code: 1, message: 'words' }], result: null }],
    ['Responses', { response: null, error: { code: 'x', message: 'words' } }],
    ['MiniMax', { base_resp: { status_code: 2013, status_msg: 'words' } }],
    ['Apigee', { fault: { faultstring: 'words', detail: {} } }],
    ['OAuth servers', { error_description: 'words' }],
    ['an error within an error', { error: { message: '{"error":{"message":"words"}}' } }],
    ['RFC 9457', { type: 'about:blank', title: 'Bad request', detail: 'words' }],
  ])('reads the message in the format of %s', (_provider, body) => {
    expect(errorMessage(body)).toBe('words');
  });

  it('lists each invalid field of FastAPI with its path', () => {
    const detail = [
      { loc: ['body', 'messages', 0, 'role'], msg: 'Field required', type: 'missing' },
      { loc: ['body', 'n'], msg: 'Input should be a number' },
    ];
    expect(errorMessage({ detail })).toBe('body.messages.0.role: Field required; body.n: Input should be a number');
    expect(errorMessage({ object: 'error', message: { detail } })).toBe(errorMessage({ detail }));
  });

  it('includes the message of the provider behind a relay', () => {
    const raw = '{"error":{"message":"too long"}}';
    expect(errorMessage({ error: { message: 'Provider returned error', metadata: { raw } } })).toBe(
      'Provider returned error: too long',
    );
  });

  it('returns plain text, and never a web page or broken JSON', () => {
    expect(messageOfBody('no such model\n')).toBe('no such model');
    for (const text of ['', '  ', '<html>x</html>', '{"error": {"mess']) expect(messageOfBody(text)).toBeUndefined();
  });

  it('limits the length and depth of a message', () => {
    expect(errorMessage({ message: 'x'.repeat(100_000) })?.length).toBe(4_000);
    let deep: unknown = 'x';
    for (let n = 0; n < 1_000; n++) deep = { error: deep };
    expect(errorMessage(deep)).toBeUndefined();
  });
});
