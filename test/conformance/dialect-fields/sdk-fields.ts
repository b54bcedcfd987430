import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** Returns the fields of an interface, from a package's declarations. */
function fieldsOf(file: string, name: string): string[] {
  const text = readFileSync(`${MODULES}${file}`, 'utf8');
  const from = text.indexOf('{', text.indexOf(`interface ${name} `));
  let depth = 0;
  let to = from;
  do {
    if (text[to] === '{') depth++;
    if (text[to] === '}') depth--;
    to++;
  } while (depth > 0);
  return [...text.slice(from, to).matchAll(/^ {4}(\w+)\??:/gm)].map(([, field]) => field as string);
}

/** Fields of the SDK's options that are never on the wire. */
const SDK_ONLY = ['httpOptions', 'abortSignal', 'automaticFunctionCalling'];

const FIELDS = {
  'openai-chat': () => fieldsOf('openai/resources/chat/completions/completions.d.ts', 'ChatCompletionCreateParamsBase'),
  'openai-responses': () => fieldsOf('openai/resources/responses/responses.d.ts', 'ResponseCreateParamsBase'),
  'anthropic-messages': () => fieldsOf('@anthropic-ai/sdk/resources/messages/messages.d.ts', 'MessageCreateParamsBase'),
  gemini: () => ['contents', ...fieldsOf('@google/genai/dist/genai.d.ts', 'GenerateContentConfig')],
} as const;

/** Returns the fields of a dialect's request, as its official SDK types them. */
export const requestFields = (dialect: keyof typeof FIELDS): string[] =>
  FIELDS[dialect]().filter((field) => !SDK_ONLY.includes(field));
