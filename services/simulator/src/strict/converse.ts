import type { Family } from './families.ts';
import { isValue, listOf, member, refuse, textOf, type Value } from './refusal.ts';
import { isOwn } from './signatures.ts';

/**
 * Checks the rules of Converse with a Claude model. Source: Amazon Bedrock's API reference, "Converse", with its error
 * messages.
 */
export function checkConverse(body: Value, family: Family): void {
  const { inferenceConfig: config, toolConfig } = body;
  const temperature = member(config, 'temperature');
  if (typeof temperature === 'number' && temperature > 1)
    refuse('inferenceConfig.temperature must have value less than or equal to 1');
  if (temperature !== undefined && member(config, 'topP') !== undefined) {
    refuse('The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model.');
  }
  for (const { toolSpec } of listOf(member(toolConfig, 'tools'))) {
    if (!isValue(toolSpec)) continue;
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(textOf(toolSpec['name']))) refuse('toolSpec.name failed to satisfy constraint');
    if (toolSpec['description'] === '') refuse('toolSpec.description: Member must have length greater than or equal to 1');
  }
  for (const { text } of listOf(body['system']))
    if (typeof text === 'string' && text.trim() === '') refuse('The text field in the system block is blank.');
  checkMessages(listOf(body['messages']), family, toolConfig !== undefined);
}

function checkMessages(messages: readonly Value[], family: Family, hasTools: boolean): void {
  const last = messages.at(-1);
  if (last?.['role'] === 'assistant' && /\s$/.test(textOf(listOf(last['content']).at(-1)?.['text']))) {
    refuse('messages: final assistant content cannot end with trailing whitespace');
  }
  if (messages[0]?.['role'] !== 'user') refuse('A conversation must start with a user message.');
  let open: string[] = [];
  for (const [n, { role, content }] of messages.entries()) {
    const blocks = listOf(content);
    if (role === messages[n - 1]?.['role']) refuse('A conversation must alternate between user and assistant roles.');
    if (blocks.length === 0) refuse(`The content field in the Message object at messages.${n} is empty.`);
    const results = blocks.flatMap(({ toolResult }) => (isValue(toolResult) ? [textOf(toolResult['toolUseId'])] : []));
    if ([...open].sort().join() !== [...results].sort().join()) {
      refuse(`The number of toolResult blocks at messages.${n}.content does not match the toolUse blocks of previous turn.`);
    }
    open = [];
    for (const block of blocks) {
      if (typeof block['text'] === 'string' && block['text'].trim() === '')
        refuse('The text field in the ContentBlock object is blank.');
      const call = block['toolUse'];
      if (isValue(call)) open.push(textOf(call['toolUseId']));
      if (isValue(call) && !/^[a-zA-Z0-9_-]{1,64}$/.test(textOf(call['toolUseId'])))
        refuse('toolUse.toolUseId failed to satisfy constraint');
      const signature = member(member(block['reasoningContent'], 'reasoningText'), 'signature');
      if (isValue(block['reasoningContent']) && !isOwn(family, signature)) refuse('Invalid `signature` in `thinking` block');
    }
    if ((open.length > 0 || results.length > 0) && !hasTools) {
      refuse('The toolConfig field must be defined when using toolUse and toolResult content blocks.');
    }
  }
}
