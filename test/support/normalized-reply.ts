// biome-ignore lint/suspicious/noExplicitAny: responses are read without types, so that the expected result owes nothing to our own readers
type Any = any;

export interface NormalizedCall {
  readonly id: string | undefined;
  readonly name: string;
  readonly arguments: unknown;
}

/** The content of a response, independent of its wire format. */
export interface NormalizedReply {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly NormalizedCall[];
  readonly finish: 'stop' | 'length' | 'tool_calls' | 'refusal';
  readonly usage: { readonly input: number; readonly output: number };
}

const argumentsOf = (text: string | undefined): unknown => (text === undefined || text === '' ? {} : JSON.parse(text));

const FINISH: Readonly<Record<string, NormalizedReply['finish']>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'refusal',
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'refusal',
  pause_turn: 'stop',
  content_filtered: 'refusal',
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'refusal',
};
const finishOf = (reason: string | undefined): NormalizedReply['finish'] => FINISH[reason ?? ''] ?? 'stop';

/** For wire formats without a finish reason for tool calls: a response that has calls ends with them. */
const byCalls = (finish: NormalizedReply['finish'], calls: readonly unknown[]): NormalizedReply['finish'] =>
  finish === 'stop' && calls.length > 0 ? 'tool_calls' : finish;

/** Chat completions: a complete response, or the chunks of a stream. */
export function normalizeOpenAi(chunks: readonly Any[], part: 'message' | 'delta'): NormalizedReply {
  const calls = new Map<number, { id: string; name: string; arguments: string; text: string | undefined }>();
  const parts = chunks.map((chunk) => chunk.choices?.[0]?.[part] ?? {});
  for (const { tool_calls } of parts) {
    for (const [n, call] of (tool_calls ?? []).entries()) {
      const index = call.index ?? n;
      const known = calls.get(index) ?? {
        id: call.id,
        name: (call.custom ?? call.function).name,
        arguments: '',
        text: call.custom && '',
      };
      const text = known.text === undefined ? undefined : known.text + (call.custom?.input ?? '');
      calls.set(index, { ...known, text, arguments: known.arguments + (call.function?.arguments ?? '') });
    }
  }
  const usage = chunks.map((chunk) => chunk.usage).findLast((one) => one != null);
  return {
    text: parts.map(({ content, refusal }) => (typeof content === 'string' ? content : '') + (refusal ?? '')).join(''),
    reasoning: parts.map(({ reasoning_content, reasoning }) => reasoning_content ?? reasoning ?? '').join(''),
    calls: [...calls.values()].map(({ text, ...call }) => ({
      ...call,
      arguments: text === undefined ? argumentsOf(call.arguments) : { input: text },
    })),
    finish: finishOf(chunks.map((chunk) => chunk.choices?.[0]?.finish_reason).findLast((one) => one != null)),
    usage: { input: usage?.prompt_tokens ?? 0, output: completionOf(usage) },
  };
}

/** xAI counts reasoning tokens next to the completion tokens, not in them. Only its total includes both. */
function completionOf(usage: Any): number {
  const reasoningTokens = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  const completionTokens = usage?.completion_tokens ?? 0;
  return usage?.total_tokens === usage?.prompt_tokens + completionTokens + reasoningTokens
    ? completionTokens + reasoningTokens
    : completionTokens;
}

export function normalizeAnthropic(message: Any): NormalizedReply {
  const blocks: readonly Any[] = message.content;
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens } = message.usage;
  const explained = message.stop_reason === 'refusal' && blocks.length === 0 ? (message.stop_details?.explanation ?? '') : '';
  return {
    text: blocks.map((block) => (block.type === 'text' ? block.text : '')).join('') + explained,
    reasoning: blocks.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: blocks.filter((block) => block.type === 'tool_use').map(({ id, name, input }) => ({ id, name, arguments: input })),
    finish: finishOf(message.stop_reason),
    usage: { input: input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0), output: output_tokens },
  };
}

/** Joins Anthropic's stream into a message, as Anthropic's documentation describes. */
export function normalizeAnthropicStream(chunks: readonly Any[]): NormalizedReply {
  const start = chunks.find((chunk) => chunk.type === 'message_start').message;
  const done: Any[] = [];
  let blocks: Any[] = [];
  let input: string[] = [];
  // some recordings hold the responses of several turns in sequence
  const turn = (): void => {
    done.push(
      ...blocks.map((block, n) =>
        block.type === 'tool_use' && input[n] !== '' ? { ...block, input: argumentsOf(input[n]) } : block,
      ),
    );
    blocks = [];
    input = [];
  };
  let { usage } = start;
  let [stop_reason, stop_details]: Any[] = [null, null];
  for (const chunk of chunks) {
    if (chunk.type === 'message_start') turn();
    if (chunk.type === 'content_block_start') {
      blocks[chunk.index] = { ...chunk.content_block };
      input[chunk.index] = '';
    }
    const block = blocks[chunk.index];
    if (chunk.delta?.type === 'text_delta') block.text += chunk.delta.text;
    if (chunk.delta?.type === 'thinking_delta') block.thinking += chunk.delta.thinking;
    if (chunk.delta?.type === 'input_json_delta') input[chunk.index] += chunk.delta.partial_json;
    if (chunk.type === 'message_delta') {
      stop_reason = chunk.delta.stop_reason ?? stop_reason;
      stop_details = chunk.delta.stop_details ?? stop_details;
      usage = { ...usage, ...Object.fromEntries(Object.entries(chunk.usage ?? {}).filter(([, value]) => value !== null)) };
    }
  }
  turn();
  return normalizeAnthropic({ content: done, usage, stop_reason, stop_details });
}

/** Returns the tool call of an item; undefined for an item that calls none of the caller's tools. */
function callOf(item: Any): { readonly name: string; readonly arguments: unknown } | undefined {
  switch (item.type) {
    case 'function_call':
      return { name: item.name, arguments: argumentsOf(item.arguments) };
    case 'custom_tool_call':
      return { name: item.name, arguments: { input: item.input } };
    case 'tool_search_call':
      return item.execution === 'client' ? { name: 'tool_search', arguments: item.arguments } : undefined;
    case 'shell_call':
      return (item.environment ?? { type: 'local' }).type === 'local' ? { name: 'shell', arguments: item.action } : undefined;
    case 'apply_patch_call':
      return { name: 'apply_patch', arguments: item.operation };
    default:
      return undefined;
  }
}

/** A response, which a stream repeats completely at its end. */
export function normalizeResponses(response: Any): NormalizedReply {
  const output: readonly Any[] = response.output;
  const words = (parts: readonly Any[] | undefined): string => (parts ?? []).map(({ text }) => text ?? '').join('');
  const calls = output.flatMap((item) => {
    const call = callOf(item);
    return call === undefined ? [] : [{ id: item.call_id, ...call }];
  });
  const incomplete = response.status === 'incomplete' ? response.incomplete_details?.reason : undefined;
  const finish = incomplete === 'content_filter' ? 'refusal' : incomplete === undefined ? 'stop' : 'length';
  return {
    text: output
      .filter(({ type }) => type === 'message')
      .flatMap(({ content }) => content)
      .map((part) => part.text ?? part.refusal ?? '')
      .join(''),
    reasoning: output
      .filter(({ type }) => type === 'reasoning')
      .map((item) => words(item.summary) + words(item.content))
      .join(''),
    calls,
    finish: byCalls(finish, calls),
    usage: { input: response.usage?.input_tokens ?? 0, output: response.usage?.output_tokens ?? 0 },
  };
}

/** Sets the value at a path such as `$.a.b[0].c`. */
function setAt(root: Any, path: string, change: (before: Any) => Any): void {
  const steps = [...path.matchAll(/\.(\w+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));
  let at = root;
  for (const [n, step] of steps.slice(0, -1).entries()) {
    at[step] ??= typeof steps[n + 1] === 'number' ? [] : {};
    at = at[step];
  }
  const last = steps.at(-1) as string | number;
  at[last] = change(at[last]);
}

/** Gemini: a complete response, or the pieces of a stream. */
export function normalizeGemini(chunks: readonly Any[]): NormalizedReply {
  const parts: Any[] = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
  const calls: { id: string | undefined; name: string; arguments: Any }[] = [];
  let open = '';
  for (const { functionCall: call } of parts) {
    if (call === undefined) continue;
    if (call.name !== undefined) calls.push({ id: call.id, name: call.name, arguments: call.args ?? {} });
    for (const arg of call.partialArgs ?? []) {
      const value = arg.stringValue ?? arg.numberValue ?? arg.boolValue ?? null;
      const goesOn = typeof value === 'string' && open === arg.jsonPath;
      setAt(calls.at(-1)?.arguments, arg.jsonPath, (before) => (goesOn ? before + value : value));
      open = arg.willContinue === true ? arg.jsonPath : '';
    }
  }
  const usage = chunks.map((chunk) => chunk.usageMetadata).findLast((one) => one?.promptTokenCount !== undefined);
  return {
    text: parts.map((part) => (part.thought === true ? '' : (part.text ?? ''))).join(''),
    reasoning: parts.map((part) => (part.thought === true ? (part.text ?? '') : '')).join(''),
    calls,
    finish: byCalls(finishOf(chunks.map((chunk) => chunk.candidates?.[0]?.finishReason).findLast((one) => one != null)), calls),
    usage: {
      input: (usage?.promptTokenCount ?? 0) + (usage?.toolUsePromptTokenCount ?? 0),
      output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
    },
  };
}

/** Amazon's Converse, complete. */
export function normalizeConverse({ output, stopReason, usage }: Any): NormalizedReply {
  const blocks: readonly Any[] = output.message.content;
  const calls = blocks.filter((block) => block.toolUse !== undefined).map(({ toolUse }) => toolUse);
  return {
    text: blocks.map((block) => block.text ?? '').join(''),
    reasoning: blocks.map((block) => block.reasoningContent?.reasoningText?.text ?? '').join(''),
    calls: calls.map(({ toolUseId, name, input }) => ({ id: toolUseId, name, arguments: input })),
    finish: finishOf(stopReason),
    usage: {
      input: (usage?.inputTokens ?? 0) + (usage?.cacheReadInputTokens ?? 0) + (usage?.cacheWriteInputTokens ?? 0),
      output: usage?.outputTokens ?? 0,
    },
  };
}

/** Joins a stream of Converse into a complete response. */
export function normalizeConverseStream(events: readonly Any[]): NormalizedReply {
  const blocks: Any[] = [];
  let stopReason: string | undefined;
  let usage: Any;
  for (const { contentBlockStart, contentBlockDelta, messageStop, metadata } of events) {
    if (contentBlockStart !== undefined) {
      blocks[contentBlockStart.contentBlockIndex] = { toolUse: { ...contentBlockStart.start.toolUse, input: '' } };
    }
    if (contentBlockDelta !== undefined) {
      const { contentBlockIndex: n, delta } = contentBlockDelta;
      blocks[n] ??= {};
      if (delta.text !== undefined) blocks[n].text = (blocks[n].text ?? '') + delta.text;
      if (delta.toolUse !== undefined) blocks[n].toolUse.input += delta.toolUse.input;
      const thought = delta.reasoningContent?.text;
      if (thought !== undefined) blocks[n].thought = (blocks[n].thought ?? '') + thought;
    }
    stopReason = messageStop?.stopReason ?? stopReason;
    usage = metadata?.usage ?? usage;
  }
  const content = blocks.filter(Boolean).map(({ text, toolUse, thought }) => ({
    text,
    toolUse: toolUse && { ...toolUse, input: argumentsOf(toolUse.input) },
    reasoningContent: { reasoningText: { text: thought } },
  }));
  return normalizeConverse({ output: { message: { content } }, stopReason, usage });
}
