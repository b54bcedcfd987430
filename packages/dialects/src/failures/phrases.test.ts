import { describe, expect, it } from '@jest/globals';
import type { FailureKind } from '@sluice/core';
import { failureInAnswer } from '../failure-in-answer.ts';
import { CONTENT_REFUSED } from './content-refused.ts';
import { MODEL_UNAVAILABLE } from './model-unavailable.ts';
import { KEY_REFUSED, NO_CREDIT } from './our-account.ts';
import { TOO_LONG } from './too-long.ts';

type Row = readonly [provider: string, status: number, body: unknown];

const openAi = (message: string, more: object = {}) => ({ error: { message, type: 'invalid_request_error', ...more } });

const rows: Readonly<Record<'context_length' | 'content_refused' | 'auth' | 'model_unavailable', readonly Row[]>> = {
  context_length: [
    ['OpenAI', 400, openAi('Your input exceeds the context window of this model. Please adjust your input and try again.')],
    ['OpenAI', 400, openAi('…', { code: 'context_length_exceeded' })],
    ['OpenAI', 400, openAi('Input tokens exceed the configured limit of 272000 tokens.')],
    [
      'Anthropic',
      400,
      { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 210 tokens > 200 maximum' } },
    ],
    ['Anthropic', 400, openAi('input length and `max_tokens` exceed context limit: 199211 + 8192 > 200000')],
    ['Amazon Bedrock', 400, { message: 'Input is too long for requested model.' }],
    ['Gemini', 400, openAi('The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).')],
    ['Vertex AI', 400, openAi('The input token count is 40000 but the model only supports up to 32768.')],
    [
      'Mistral',
      400,
      {
        object: 'error',
        message: 'Prompt contains 40960 tokens, too large for model with 32768 maximum context length',
        code: '3051',
      },
    ],
    ['Cohere', 400, { message: 'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4513.' }],
    ['Groq', 400, openAi('Please reduce the length of the messages or completion.')],
    [
      'xAI',
      400,
      {
        code: 'Client specified an invalid argument',
        error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
      },
    ],
    [
      'TGI',
      422,
      { error: 'Input validation error: `inputs` must have less than 4096 tokens. Given: 5000', error_type: 'validation' },
    ],
    [
      'vLLM',
      400,
      {
        object: 'error',
        message: 'The decoder prompt (length 5000) is longer than the maximum model length of 4096.',
        code: 400,
      },
    ],
    [
      'SGLang',
      400,
      { object: 'error', message: "The input (5000 tokens) is longer than the model's context length (4096 tokens).", code: 400 },
    ],
    ['Ollama', 500, { error: 'the input length exceeds the context length' }],
    [
      'llama.cpp',
      400,
      {
        error: {
          code: 400,
          message: 'the request exceeds the available context size, try increasing it',
          type: 'exceed_context_size_error',
        },
      },
    ],
    [
      'OpenRouter',
      400,
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: '{"error":{"message":"prompt is too long: 3 tokens > 2 maximum"}}' },
        },
      },
    ],
    ['Moonshot', 400, openAi('Invalid request: Your request exceeded model token limit: 8192')],
    ['Alibaba', 400, openAi('<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]')],
    [
      'GitHub Models',
      400,
      openAi('prompt token count of 65000 exceeds the limit of 64000', { code: 'model_max_prompt_tokens_exceeded' }),
    ],
  ],
  content_refused: [
    [
      'OpenAI',
      400,
      openAi('Invalid prompt: your prompt was flagged as potentially violating our usage policy.', { code: 'invalid_prompt' }),
    ],
    ['Azure', 400, { error: { code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } } }],
    ['Anthropic', 400, openAi('Output blocked by content filtering policy')],
    ['Gemini', 400, { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } }],
    ['DeepSeek', 400, openAi('Content Exists Risk')],
    ['Alibaba', 400, { error: { code: 'data_inspection_failed', message: 'Input data may contain inappropriate content.' } }],
    ['Zhipu', 400, { contentFilter: [{ level: 1, role: 'user' }], error: { code: '1301', message: '系统检测到…' } }],
    ['xAI', 403, { code: 'forbidden', error: 'Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_CSAM' }],
    [
      'OpenRouter',
      403,
      {
        error: {
          code: 403,
          message: 'Your chosen model requires moderation and your input was flagged',
          metadata: { flagged_input: 'x' },
        },
      },
    ],
    ['Moonshot', 400, openAi('The request was rejected because it was considered high risk')],
    ['Cohere', 400, { message: 'blocked output: please try again with a different prompt.' }],
  ],
  auth: [
    [
      'Gemini',
      400,
      { error: { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' } },
    ],
    ['Gemini', 400, [{ error: { code: 400, message: '…', details: [{ reason: 'API_KEY_INVALID' }] } }]],
    ['Gemini', 400, { error: { code: 400, message: 'API key expired. Please renew the API key.' } }],
    [
      'xAI',
      400,
      {
        code: 'Client specified an invalid argument',
        error: 'Incorrect API key provided: xa***ab. You can obtain an API key from https://console.x.ai.',
      },
    ],
    ['Anthropic', 400, openAi('Your credit balance is too low to access the Anthropic API.')],
    ['Anthropic', 400, openAi('You have reached your specified API usage limits.')],
    [
      'Amazon Bedrock',
      400,
      { __type: 'ExpiredTokenException', message: 'The security token included in the request is expired' },
    ],
    ['Groq', 400, openAi('Organization has been restricted. Please reach out to support.', { code: 'organization_restricted' })],
    ['OpenAI', 429, openAi('You exceeded your current quota', { code: 'insufficient_quota' })],
    ['Moonshot', 429, openAi('…', { type: 'exceeded_current_quota_error' })],
    ['Zhipu', 429, { error: { code: '1113', message: 'Insufficient balance or no resource package. Please recharge.' } }],
    [
      'Alibaba',
      400,
      { error: { code: 'Arrearage', message: 'Access denied, please make sure your account is in good standing.' } },
    ],
    ['Fireworks', 412, openAi('Account acme is suspended, possibly due to reaching the monthly spending limit')],
    ['DeepSeek', 402, openAi('Insufficient Balance')],
  ],
  model_unavailable: [
    ['OpenAI', 404, openAi('The model `gpt-9` does not exist or you do not have access to it.', { code: 'model_not_found' })],
    ['OpenAI', 403, openAi('Project `proj_x` does not have access to model `gpt-9`', { code: 'model_not_found' })],
    ['Azure', 404, { error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } }],
    ['Anthropic', 404, { type: 'error', error: { type: 'not_found_error', message: 'model: claude-9' } }],
    ['Gemini', 404, openAi('models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.')],
    ['Amazon Bedrock', 400, { message: 'The provided model identifier is invalid.' }],
    ['Amazon Bedrock', 403, { message: "You don't have access to the model with the specified model ID." }],
    ['Mistral', 400, { object: 'error', message: 'Invalid model: mistral-9', type: 'invalid_model', code: '1500' }],
    ['Groq', 400, openAi('The model `x` has been decommissioned and is no longer supported.', { code: 'model_decommissioned' })],
    ['DeepSeek', 400, openAi('Model Not Exist')],
    ['OpenRouter', 404, { error: { message: 'No endpoints found for acme/x.', code: 404 } }],
    ['OpenRouter', 400, { error: { message: 'acme/x is not a valid model ID', code: 400 } }],
    ['Ollama', 404, { error: "model 'x' not found, try pulling it first" }],
    ['vLLM', 404, { object: 'error', message: 'The model `x` does not exist.', type: 'NotFoundError', code: 404 }],
    ['Together', 404, openAi('Unable to access model x.', { code: 'model_not_available' })],
    ['Fireworks', 404, openAi('Model not found, inaccessible, and/or not deployed')],
  ],
};

describe.each(Object.entries(rows))('errors of the kind %s', (kind, errors) => {
  it.each(errors)('recognizes the error format of %s (%i)', (_provider, status, body) => {
    expect(failureInAnswer(status, JSON.stringify(body))).toMatchObject({ kind: kind as FailureKind, status });
  });
});

describe('error that repeats client text', () => {
  it.each([
    openAi("Invalid value: 'API key not valid. Please pass a valid API key.'. Supported values are: 'user'."),
    openAi('Unknown role "Your credit balance is too low".'),
    openAi("Invalid type for 'code': expected one of a, b, but got 'insufficient_quota' instead."),
    { detail: [{ loc: ['body', 'messages', 0, 'role'], msg: "Input should be 'user'", input: 'Incorrect API key provided' }] },
  ])("does not attribute a client's text to our account: %j", (body) => {
    expect(failureInAnswer(400, JSON.stringify(body)).kind).toBe('invalid_request');
  });
});

describe('status without a cause', () => {
  it.each([
    [undefined, 'context_length_exceeded', 'context_length', 400],
    [undefined, 'something', 'server_error', 500],
    [500, 'context_length_exceeded', 'context_length', 500],
    [502, 'context_length_exceeded', 'server_error', 502],
  ] as const)('classifies the status %s with the code %s as %s', (status, code, kind, shown) => {
    expect(failureInAnswer(status, JSON.stringify({ error: { code } }))).toEqual({ kind, status: shown });
  });

  it('ignores the status when a single request exceeds the limit per minute', () => {
    const body = openAi('Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 7000.', {
      code: 'rate_limit_exceeded',
    });
    expect(failureInAnswer(413, JSON.stringify(body))).toEqual({ kind: 'rate_limited', status: 413, tooLarge: true });
  });
});

describe('phrase tables', () => {
  const all = [...TOO_LONG, ...CONTENT_REFUSED, ...KEY_REFUSED, ...NO_CREDIT, ...MODEL_UNAVAILABLE];

  it('has a provider, a source and a pattern in each row of the phrase tables', () => {
    for (const { provider, source, codes = [], message } of all) {
      expect(provider).not.toBe('');
      expect(source).not.toBe('');
      expect(codes.length > 0 || message !== undefined).toBe(true);
    }
  });

  it('matches a long text against the phrase tables in linear time', () => {
    const text = JSON.stringify(openAi(`model ${'a model '.repeat(2_000)}`));
    const startedMs = performance.now();
    for (let n = 0; n < 20; n++) failureInAnswer(400, text);
    const longMs = performance.now() - startedMs;
    const shortStartedMs = performance.now();
    for (let n = 0; n < 20; n++) for (let m = 0; m < 250; m++) failureInAnswer(400, text.slice(0, 60));
    // as fast as the same number of characters in short texts, not quadratic
    expect(longMs).toBeLessThan(20 * (performance.now() - shortStartedMs));
  });
});
