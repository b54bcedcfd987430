import { type Phrase, phrasesOf } from './phrase.ts';

/** Matches the beginning of a message, after an optional name. Client text in an error is quoted, and never matches. */
const begins = (message: string): RegExp => new RegExp(String.raw`^(?:[\w .:,()-]{0,80}[:.,] )?(?:${message})`, 'i');

const refusal = phrasesOf('auth');
const phrase = (provider: string, source: string, message: string | undefined, codes?: readonly string[]): Phrase =>
  refusal(provider, source, message === undefined ? undefined : begins(message), codes);

/** Recognizes a rejection of our key or account with a status other than 401 and 403. */
export const KEY_REFUSED: readonly Phrase[] = [
  phrase('Gemini', 'Troubleshooting: 400 INVALID_ARGUMENT, reason API_KEY_INVALID', 'API key (?:not valid|expired|not found)', [
    'API_KEY_INVALID',
    'API_KEY_EXPIRED',
    'API_KEY_SERVICE_BLOCKED',
    'CONSUMER_SUSPENDED',
  ]),
  phrase('Gemini', 'Troubleshooting: 400 FAILED_PRECONDITION, the location of our host', 'User location is not supported'),
  phrase('xAI', 'Debugging errors: 400 "Incorrect API key provided"', 'Incorrect API key provided', ['invalid_api_key']),
  phrase('OpenAI, relays', 'Error codes', 'Invalid API key\\b|Invalid Authentication\\b|invalid api token', [
    'authentication_error',
    'invalid_authentication_error',
    'account_deactivated',
    'AuthenticationError',
  ]),
  phrase('Anthropic', 'Errors: 400 "This organization has been disabled."', 'This organization has been disabled'),
  phrase(
    'Amazon Bedrock',
    'Common errors',
    'The security token included in the request is|The request signature we calculated|Signature expired',
    [
      'UnrecognizedClientException',
      'InvalidSignatureException',
      'ExpiredTokenException',
      'ExpiredToken',
      'MissingAuthenticationTokenException',
    ],
  ),
  phrase(
    'Azure',
    '"Access denied due to invalid subscription key or wrong API endpoint."',
    'Access denied due to invalid subscription key',
  ),
  phrase('Groq', 'Errors: 400 organization_restricted', 'Organization has been restricted', [
    'organization_restricted',
    'blocked_api_access',
  ]),
  phrase('Alibaba', 'Model Studio, error codes: InvalidApiKey', undefined, ['InvalidApiKey', 'invalid_api_key_error']),
];

/** Recognizes an account without credit. Some providers respond with 429, 400 or 403, although a retry does not help. */
export const NO_CREDIT: readonly Phrase[] = [
  phrase('OpenAI', 'Error codes: 429', 'Your account is not active', [
    'insufficient_quota',
    'billing_hard_limit_reached',
    'billing_not_active',
  ]),
  phrase('Anthropic', 'Errors: 400', 'Your credit balance is too low|You have reached your specified API usage limits', [
    'billing_error',
  ]),
  phrase('DeepSeek', 'Error codes: 402', 'Insufficient Balance'),
  phrase('OpenRouter', 'Errors: 402', 'Insufficient credits|This request requires more credits'),
  phrase('xAI', '429 and 403', 'Your (?:newly created )?team .{0,80}(?:used all available credits|doesn.t have any credits)'),
  phrase('Moonshot', 'Errors: 429', undefined, ['exceeded_current_quota_error']),
  phrase('Zhipu', 'error codes: 429', 'Insufficient balance or no resource package|您的账户已欠费', ['1113']),
  phrase('Alibaba', 'Model Studio, error codes: 400', 'Access denied, please make sure your account is in good standing', [
    'Arrearage',
    'AllocationQuota.FreeTierOnly',
  ]),
  phrase('MiniMax', 'error codes: 1008', 'insufficient balance', ['insufficient_balance_error']),
  phrase('Together', 'Error codes: 402', 'Credit limit exceeded', ['credit_limit']),
  phrase('Fireworks', 'Error codes: 412', 'Account .{0,60} is suspended'),
  phrase('SiliconFlow', '403, code 30001', 'Sorry, your account balance is insufficient', ['30001']),
  phrase('Hugging Face', '402', 'You have exceeded your monthly included credits'),
  phrase('Gemini', '429 of prepaid accounts', 'Your (?:prepayment|prepaid) credits are depleted'),
  phrase('Cohere', '402', undefined, ['insufficient_credits']),
  phrase('Mistral, Perplexity', '402', undefined, ['payment_required']),
];
