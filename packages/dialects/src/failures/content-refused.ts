import { type Phrase, phrasesOf } from './phrase.ts';

const phrase = phrasesOf('content_refused');

/** Recognizes a prompt that is rejected because of its content. */
export const CONTENT_REFUSED: readonly Phrase[] = [
  phrase(
    'OpenAI',
    'Error codes; Responses: "your prompt was flagged as potentially violating our usage policy"',
    /flagged as potentially violating|rejected (?:as a result of|by) our safety system/i,
    ['content_policy_violation', 'moderation_blocked', 'invalid_prompt', 'cyber_policy_violation'],
  ),
  phrase(
    'Azure',
    'Content filtering: code content_filter, innererror ResponsibleAIPolicyViolation',
    /content management policy/i,
    ['content_filter', 'ResponsibleAIPolicyViolation', 'content_filter_result'],
  ),
  phrase('Anthropic', 'Errors: "Output blocked by content filtering policy"', /content filtering policy/i),
  phrase('Gemini', 'BlockedReason and FinishReason', /blocked due to safety|prompt was blocked/i, [
    'PROHIBITED_CONTENT',
    'SAFETY',
    'BLOCKLIST',
    'IMAGE_SAFETY',
    'SPII',
  ]),
  phrase('Vertex AI', '"violates Google\'s Responsible AI practices"', /responsible ai practices/i),
  phrase(
    'Amazon Bedrock',
    '"This request has been blocked by our content filters."',
    /blocked by our content filters|blocked by (?:the )?guardrail/i,
    ['guardrail_intervened'],
  ),
  phrase('DeepSeek', '"Content Exists Risk"', /content exists risk/i),
  phrase(
    'Alibaba',
    'Model Studio, error codes: "Input data may contain inappropriate content."',
    /(?:in|out)put (?:text )?data may contain inappropriate content/i,
    ['data_inspection_failed', 'DataInspectionFailed'],
  ),
  phrase('Zhipu', 'error codes: 1301, with contentFilter beside the error', /unsafe or sensitive content|敏感内容/i, [
    '1301',
    'contentFilter',
  ]),
  phrase(
    'xAI',
    '"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_…"',
    /violates usage guidelines|SAFETY_CHECK_TYPE_/i,
  ),
  phrase(
    'OpenRouter',
    'Errors: a 403 with metadata.flagged_input; "… requires moderation on …"',
    /requires moderation|input was flagged/i,
    ['flagged_input'],
  ),
  phrase(
    'Cohere',
    '"blocked output: this generation may be a potential violation of our Usage Guidelines"',
    /^blocked (?:in|out)put\b|potential violation of our usage guidelines/i,
  ),
  phrase('Moonshot', '"The request was rejected because it was considered high risk"', /considered high risk/i),
  phrase('MiniMax', 'error codes: 1026 "input new_sensitive", 1027 "output new_sensitive"', /(?:in|out)put new_sensitive/i),
  phrase('Volcengine', 'Ark, error codes', undefined, [
    'SensitiveContentDetected',
    'InputTextSensitiveContentDetected',
    'OutputTextSensitiveContentDetected',
  ]),
  phrase('StepFun', 'error codes: 451, censorship_blocked', undefined, ['censorship_blocked', 'content_censored']),
];
