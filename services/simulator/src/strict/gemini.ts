import type { Family } from './families.ts';
import { isValue, listOf, member, onlyKnown, refuse, textOf, type Value } from './refusal.ts';
import { isOwn } from './signatures.ts';

/** Fields in both spellings that Google's JSON accepts. */
const FIELDS = [
  ...['system_instruction', 'tool_config', 'generation_config', 'safety_settings', 'cached_content', 'service_tier'],
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'generationConfig',
  'safetySettings',
  'cachedContent',
  'labels',
  'serviceTier',
];
const PARTS = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'thought',
  'thoughtSignature',
  'videoMetadata',
];
const SKIP = 'skip_thought_signature_validator';

/**
 * Checks the rules of the Gemini API. Source: Google's API reference, "generateContent", and its documentation, "Thinking" and
 * "Thought signatures".
 */
export function checkGemini(body: Value, family: Family, model: string): void {
  onlyKnown(body, FIELDS, (name) => `Invalid JSON payload received. Unknown name "${name}": Cannot find field.`);
  checkThinking(member(body['generationConfig'], 'thinkingConfig'), family, model);
  for (const tool of listOf(body['tools'])) {
    for (const { name } of listOf(tool['functionDeclarations'])) {
      if (!/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/.test(textOf(name))) refuse(`Invalid function name ${textOf(name)}`);
    }
  }
  if (body['toolConfig'] !== undefined && listOf(body['tools']).length === 0)
    refuse('Function calling config is set without function_declarations.');
  const parts = member(body['systemInstruction'], 'parts');
  for (const part of listOf(parts))
    if (part['text'] === '') refuse('Unable to submit request because it has an empty text parameter.');
  checkContents(listOf(body['contents']), family);
}

function checkThinking(config: unknown, family: Family, model: string): void {
  if (!isValue(config)) return;
  const { thinkingLevel: level, thinkingBudget: budget, includeThoughts: shown } = config;
  if (family === 'gemini-2.5' && level !== undefined) refuse('Thinking level is not supported for this model.');
  if (level !== undefined && budget !== undefined) refuse('You can only set one of thinking_level and thinking_budget.');
  if (budget === 0 && (/pro/.test(model) || family === 'gemini-3'))
    refuse('Budget 0 is invalid. This model only works in thinking mode.');
  if (budget === 0 && shown === true) refuse('include_thoughts is only enabled when thinking is enabled.');
  if (/gemini-3-pro/.test(model) && level !== undefined && level !== 'LOW' && level !== 'HIGH') {
    refuse(`Thinking level ${textOf(level)} is not supported for this model.`);
  }
}

function checkContents(contents: readonly Value[], family: Family): void {
  if (contents.length === 0) refuse('contents is not specified');
  let calls = 0;
  for (const [n, content] of turnsOf(contents).entries()) {
    // a content without a role is a user's; `function` is an older name
    const role = content['role'] === undefined || content['role'] === 'function' ? 'user' : content['role'];
    const parts = listOf(content['parts']);
    if (role !== 'user' && role !== 'model') refuse('Please use a valid role: user, model.');
    if (parts.length === 0) refuse(`GenerateContentRequest.contents[${n}].parts: contents.parts must not be empty.`);
    for (const part of parts) checkPart(part, family, role);
    const made = parts.filter(({ functionCall }) => functionCall !== undefined);
    const results = parts.filter(({ functionResponse }) => functionResponse !== undefined);
    if (calls > 0 && results.length !== calls) {
      refuse(
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      );
    }
    if (results.length > 0 && calls === 0)
      refuse('Please ensure that function response turn comes immediately after a function call turn.');
    if (results.length > 0 && results.length < parts.length)
      refuse('A function response may not share its content with other parts.');
    if (made.length > 0 && n === 0)
      refuse('Please ensure that function call turn comes immediately after a user turn or after a function response turn.');
    if (family === 'gemini-3' && made.length > 0 && made[0]?.['thoughtSignature'] === undefined) {
      refuse('Function call is missing a thought_signature in functionCall parts.');
    }
    calls = made.length;
  }
  if (calls > 0) refuse('Please ensure that function call turns are followed by function response turns.');
}

/** Joins pieces of a streamed response, which clients return as separate contents, to one turn. */
function turnsOf(contents: readonly Value[]): Value[] {
  const turns: Value[] = [];
  for (const content of contents) {
    const last = turns.at(-1);
    if (content['role'] === 'model' && last?.['role'] === 'model') {
      turns[turns.length - 1] = { ...last, parts: [...listOf(last['parts']), ...listOf(content['parts'])] };
    } else turns.push(content);
  }
  return turns;
}

/** Checks a part. A streamed response of Gemini ends with an empty text, which clients return. */
function checkPart(part: Value, family: Family, role: string): void {
  onlyKnown(
    part,
    PARTS,
    (name) => `Invalid JSON payload received. Unknown name "${name}" at 'contents.parts': Cannot find field.`,
  );
  if (part['text'] === '' && role === 'user') refuse('Unable to submit request because it has an empty text parameter.');
  const signature = part['thoughtSignature'];
  if (signature !== undefined && signature !== SKIP && !isOwn(family, signature)) refuse('Thought signature is not valid.');
  if (family === 'gemini-2.5' && signature === SKIP) refuse('Thought signature is not valid.');
  const response = member(part['functionResponse'], 'response');
  if (part['functionResponse'] !== undefined && !isValue(response)) refuse('function_response.response must be an object');
  if (JSON.stringify(response ?? {}).includes('"$ref"')) refuse('function_response.response: unknown reference');
}
