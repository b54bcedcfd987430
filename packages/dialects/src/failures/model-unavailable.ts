import { type Phrase, phrasesOf } from './phrase.ts';

const phrase = phrasesOf('model_unavailable');

/** Recognizes a model that the provider does not have, has retired, or does not offer to our account. */
export const MODEL_UNAVAILABLE: readonly Phrase[] = [
  phrase('OpenAI, Groq, Cerebras, vLLM', 'Error codes: 404', /\bmodel\b.{0,160}\bdoes not exist/i, [
    'model_not_found',
    'ModelNotFound',
  ]),
  phrase(
    'OpenAI',
    'Deprecations: 404 "has been deprecated"',
    /\bmodel\b.{0,160}has been (?:deprecated|decommissioned|retired|shut down)/i,
    ['model_deprecated'],
  ),
  phrase('OpenAI', '403 "Project `proj_…` does not have access to model"', /does not have access to (?:the )?model/i),
  phrase('Azure', '404', /API deployment for this resource does not exist/i, [
    'DeploymentNotFound',
    'ModelDeprecated',
    'unknown_model',
  ]),
  phrase('Anthropic', 'Errors: 404 not_found_error "model: claude-x"', /^model: \S+$/i),
  phrase('Gemini', '404', /models\/\S+ is not found for API version|is not supported for generateContent/i),
  phrase('Vertex AI', '404', /Publisher Model .{0,300} (?:was )?not found/i),
  phrase(
    'Amazon Bedrock',
    'Converse: 400, 403 and 404',
    /model identifier is invalid|don't have access to the model|on-demand throughput isn.t supported|model version has reached the end of its life|model is marked by provider as legacy/i,
    ['ModelNotReadyException'],
  ),
  phrase('Mistral', '400, code 1500', /^Invalid model: \S+$/i, ['invalid_model']),
  phrase('Groq', 'Errors: 400 and 403', /has been decommissioned/i, [
    'model_decommissioned',
    'model_permission_blocked_project',
    'model_permission_blocked_org',
    'model_terms_required',
    'model_not_active',
  ]),
  phrase('DeepSeek', '400', /^Model Not Exist$/i),
  phrase('xAI', '400 and 404', /^Model not found: \S+/i),
  phrase('Together', '404 and 400', /Unable to access (?:non-serverless )?model/i, ['model_not_available']),
  phrase('Fireworks', '404', /Model not found, inaccessible, and\/or not deployed/i),
  phrase('OpenRouter', 'Errors: 404 and 400', /No endpoints found|is not a valid model ID|No allowed providers are available/i),
  phrase('Ollama', '404 "model \'x\' not found, try pulling it first"', /^model ["'`]?[^"'`]{1,200}["'`]? (?:was )?not found/i),
  phrase('Cohere', '404', /model .{0,160} was removed on|make sure the correct model ID was used/i),
  phrase('Alibaba', 'Model Studio, error codes', /^Model not exist/i, [
    'Model.AccessDenied',
    'Model.NotExist',
    'model_not_supported',
  ]),
  phrase('Zhipu', 'error codes: 1211', /^Unknown Model|模型不存在/i, ['1211']),
  phrase('Moonshot', '404', /Not found the model/i),
  phrase('LM Studio', '404', /^No models loaded/i),
  phrase('Hugging Face', '400', /^The requested model .{0,160} is not supported by any provider/i),
  phrase('GitHub Models, Perplexity, MiniMax', '400', /^(?:Unknown model: |Invalid model '|invalid params, unknown model)/i),
  phrase('Databricks', '404', undefined, ['ENDPOINT_NOT_FOUND']),
];
