import { type Phrase, phrasesOf } from './phrase.ts';

const phrase = phrasesOf('context_length');

/** Recognizes a prompt that is too long for the model. */
export const TOO_LONG: readonly Phrase[] = [
  phrase(
    'OpenAI',
    'Error codes; responses.create: "Your input exceeds the context window of this model"',
    /exceeds? the context window/i,
    ['context_length_exceeded', 'string_above_max_length'],
  ),
  phrase(
    'OpenAI',
    'GPT-5: "Input tokens exceed the configured limit of 272000 tokens"',
    /input tokens exceed the configured limit/i,
  ),
  phrase(
    'OpenAI, Azure, DeepSeek, Together, vLLM',
    '"This model\'s maximum context length is 8192 tokens"',
    /maximum context length/i,
  ),
  phrase('Anthropic', 'Errors: "prompt is too long: 210000 tokens > 200000 maximum"', /prompt is too long/i),
  phrase(
    'Anthropic',
    'Context windows: "input length and `max_tokens` exceed context limit"',
    /exceed(?:s|ed)? (?:the )?context limit/i,
  ),
  phrase('Amazon Bedrock', 'Converse, ValidationException: "Input is too long for requested model."', /input is too long/i),
  phrase(
    'Amazon Bedrock',
    'Nova: "Number of input tokens exceeds maximum length"; Mistral: "too many input tokens"',
    /too many input tokens|input tokens exceeds? (?:the )?maximum/i,
  ),
  phrase(
    'Gemini',
    '"The input token count (5) exceeds the maximum number of tokens allowed (4)."',
    /input token count.{0,40}exceeds|exceeds the maximum number of (?:input )?tokens/i,
  ),
  phrase(
    'Vertex AI',
    '"The input token count is 40000 but the model only supports up to 32768."',
    /input token count.{0,40}but the model only supports/i,
  ),
  phrase(
    'Mistral',
    'code 3051: "Prompt contains 40960 tokens …, too large for model with 32768 maximum context length"',
    /too large for model with/i,
    ['3051'],
  ),
  phrase(
    'Cohere',
    '"too many tokens: total number of tokens in the prompt cannot exceed 4081"',
    /too many tokens|size limit exceeded/i,
  ),
  phrase(
    'Groq, Cerebras',
    '"Please reduce the length of the messages or completion."',
    /reduce the length of (?:the|your) (?:messages|prompt|input)/i,
  ),
  phrase(
    'xAI',
    '"This model\'s maximum prompt length is 131072 but the request contains 537812 tokens."',
    /maximum prompt length is/i,
  ),
  phrase(
    'Together, TGI',
    '"`inputs` tokens + `max_new_tokens` must be <= 8193", "`inputs` must have less than 4096 tokens"',
    /`?max_new_tokens`? must be <=|inputs`? must have less than \d+ tokens/i,
  ),
  phrase('Fireworks', '"The prompt is too long: 10000, model maximum context length: 8191"', /model maximum context length/i),
  phrase(
    'vLLM',
    'engine: "The decoder prompt (length 5000) is longer than the maximum model length of 4096."',
    /longer than the maximum model length|maximum model length/i,
  ),
  phrase(
    'SGLang',
    '"The input (5000 tokens) is longer than the model\'s context length (4096 tokens)."',
    /longer than the model's context length|token count exceeds the model's maximum context/i,
  ),
  phrase(
    'Ollama',
    '"the input length exceeds the context length"; "prompt too long; exceeded max context length"',
    /exceed(?:s|ed)? (?:the |max(?:imum)? )?context length|prompt too long/i,
  ),
  phrase(
    'llama.cpp',
    'server: "the request exceeds the available context size, try increasing it"',
    /exceeds? the available context size|context size has been exceeded/i,
    ['exceed_context_size_error'],
  ),
  phrase(
    'LM Studio',
    '"The number of tokens to keep from the initial prompt is greater than the context length"',
    /greater than the context length|context the overflows/i,
  ),
  phrase(
    'Alibaba',
    'Model Studio, error codes: "Range of input length should be [1, 30720]"',
    /range of input length should be/i,
  ),
  phrase('Moonshot', '"Invalid request: Your request exceeded model token limit: 8192"', /exceeded model token limit/i),
  phrase('Zhipu', 'error codes: 1261, "Prompt exceeds the maximum length"', /prompt exceeds (?:the )?max|prompt\s*超长/i, [
    '1261',
  ]),
  phrase('MiniMax', '"invalid params, context window exceeds limit (2013)"', /context window exceeds/i),
  phrase('Cloudflare', 'Workers AI: "exceeded this model context window limit"', /model context window limit/i),
  phrase('GitHub Models', '"prompt token count of 65000 exceeds the limit of 64000"', /prompt token count of \d+ exceeds/i, [
    'model_max_prompt_tokens_exceeded',
    'tokens_limit_reached',
  ]),
  phrase(
    'relays',
    '"context length exceeded", "context_window_exceeded"',
    /context[ _](?:length|window)[ _](?:is )?exceeded|exceeds (?:the )?(?:model )?context/i,
    ['context_window_exceeded', 'ContextWindowExceededError', 'max_context_length_exceeded'],
  ),
];
