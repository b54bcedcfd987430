import type { JsonObject } from '@sluice/dialects';

/** The input of an agent for one turn. */
export interface AgentTurn {
  readonly text: string;
  readonly image: boolean;
  readonly reasoning: boolean;
  readonly stream: boolean;
}

export interface AgentCall {
  readonly id: string;
  readonly name: string;
}

/** A client of a dialect. Like its SDK, it sends received messages back and returns a result for each tool call. */
export interface Agent {
  /** Returns the request of this turn, with the results of the tool calls that have none yet. */
  request(model: string, turn: AgentTurn): { path: string; body: JsonObject };
  /** Takes a response, complete or streamed, and returns its tool calls. */
  receive(answer: string, stream: boolean): readonly AgentCall[];
}

export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const TOOLS = ['lookup', 'search'] as const;
/** Returns the result of a tool call. The result is a mark that a test finds in the request to the provider. */
export const resultOf = (id: string): string => `result<${Buffer.from(id).toString('hex').slice(-16)}>`;

const parameters = { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] };
type Item = Record<string, unknown>;

const dataOf = (text: string): Item[] =>
  text
    .split('\n\n')
    .flatMap((event) => event.split('\n').filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]'))
    .map((line) => JSON.parse(line.slice(6)) as Item);

/** OpenAI's chat completions. */
export class ChatAgent implements Agent {
  readonly #messages: Item[] = [{ role: 'system', content: 'Be brief.' }];
  #calls: AgentCall[] = [];

  request(model: string, { text, image, reasoning, stream }: AgentTurn): { path: string; body: JsonObject } {
    for (const { id } of this.#calls) this.#messages.push({ role: 'tool', tool_call_id: id, content: resultOf(id) });
    const imagePart = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } };
    const content = image ? [{ type: 'text', text }, imagePart] : text;
    this.#messages.push({ role: 'user', content });
    const tools = TOOLS.map((name) => ({ type: 'function', function: { name, description: name, parameters } }));
    const effort = reasoning ? { reasoning_effort: 'low' } : {};
    return { path: '/v1/chat/completions', body: { model, messages: this.#messages, tools, stream, ...effort } };
  }

  receive(answer: string, stream: boolean): readonly AgentCall[] {
    const whole = stream ? undefined : (JSON.parse(answer) as { choices: { message: Item }[] });
    const message = whole?.choices[0]?.message ?? accumulated(dataOf(answer));
    this.#messages.push(message);
    this.#calls = ((message['tool_calls'] ?? []) as { id: string; function: { name: string } }[]).map((call) => ({
      id: call.id,
      name: call.function.name,
    }));
    return this.#calls;
  }
}

/** Joins the deltas of a chat completion. */
function accumulated(chunks: readonly Item[]): Item {
  const message: Item = { role: 'assistant', content: null };
  const calls: { id: string; type: string; function: { name: string; arguments: string }; extra_content?: unknown }[] = [];
  for (const chunk of chunks) {
    const [choice] = chunk['choices'] as { delta: Item }[];
    const delta = choice?.delta ?? {};
    for (const name of ['content', 'reasoning_content']) {
      if (typeof delta[name] === 'string' && delta[name] !== '')
        message[name] = `${(message[name] as string | null) ?? ''}${delta[name]}`;
    }
    if (Array.isArray(delta['reasoning_details'])) {
      message['reasoning_details'] = [
        ...((message['reasoning_details'] as Item[]) ?? []),
        ...(delta['reasoning_details'] as Item[]),
      ];
    }
    for (const one of (delta['tool_calls'] ?? []) as { index: number; id?: string; function?: Item; extra_content?: unknown }[]) {
      calls[one.index] ??= { id: one.id ?? '', type: 'function', function: { name: '', arguments: '' } };
      const call = calls[one.index] as (typeof calls)[number];
      call.function.name += (one.function?.['name'] as string | undefined) ?? '';
      call.function.arguments += (one.function?.['arguments'] as string | undefined) ?? '';
      if (one.extra_content !== undefined) call.extra_content = one.extra_content;
    }
  }
  return calls.length === 0 ? message : { ...message, tool_calls: calls };
}

/** OpenAI's Responses API, with nothing stored. */
export class ResponsesAgent implements Agent {
  readonly #input: Item[] = [];
  #calls: AgentCall[] = [];

  request(model: string, { text, image, reasoning, stream }: AgentTurn): { path: string; body: JsonObject } {
    for (const { id } of this.#calls) this.#input.push({ type: 'function_call_output', call_id: id, output: resultOf(id) });
    const imagePart = { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PNG}` };
    this.#input.push({ role: 'user', content: [{ type: 'input_text', text }, ...(image ? [imagePart] : [])] });
    const tools = TOOLS.map((name) => ({ type: 'function', name, description: name, parameters, strict: false }));
    const reasoningOptions = reasoning
      ? { reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'] }
      : {};
    const body = { model, instructions: 'Be brief.', input: this.#input, tools, stream, store: false, ...reasoningOptions };
    return { path: '/v1/responses', body };
  }

  receive(answer: string, stream: boolean): readonly AgentCall[] {
    const done = stream ? dataOf(answer).find(({ type }) => type === 'response.completed')?.['response'] : JSON.parse(answer);
    const { output } = done as { output: Item[] };
    this.#input.push(...output);
    this.#calls = output
      .filter(({ type }) => type === 'function_call')
      .map((item) => ({ id: String(item['call_id']), name: String(item['name']) }));
    return this.#calls;
  }
}

/** Anthropic's messages. Requests to Anthropic's own models use only parameters that those models accept. */
export class MessagesAgent implements Agent {
  readonly #messages: Item[] = [];
  #calls: AgentCall[] = [];

  request(model: string, { text, image, reasoning, stream }: AgentTurn): { path: string; body: JsonObject } {
    const results = this.#calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: resultOf(id) }));
    const imagePart = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };
    this.#messages.push({ role: 'user', content: [...results, { type: 'text', text }, ...(image ? [imagePart] : [])] });
    const tools = TOOLS.map((name) => ({ name, description: name, input_schema: parameters }));
    const thinking = model.includes('4-7') ? { type: 'adaptive' } : { type: 'enabled', budget_tokens: 1_024 };
    const reasoningOptions = reasoning ? { thinking } : {};
    const body = { model, max_tokens: 4_096, system: 'Be brief.', messages: this.#messages, tools, stream, ...reasoningOptions };
    return { path: '/v1/messages', body };
  }

  receive(answer: string, stream: boolean): readonly AgentCall[] {
    const content = stream ? blocksOf(dataOf(answer)) : (JSON.parse(answer) as { content: Item[] }).content;
    this.#messages.push({ role: 'assistant', content });
    this.#calls = content
      .filter(({ type }) => type === 'tool_use')
      .map((block) => ({ id: String(block['id']), name: String(block['name']) }));
    return this.#calls;
  }
}

/** Joins the deltas of a message. */
function blocksOf(events: readonly Item[]): Item[] {
  const blocks: Item[] = [];
  const json: string[] = [];
  for (const event of events) {
    const index = Number(event['index']);
    if (event['type'] === 'content_block_start') blocks[index] = { ...(event['content_block'] as Item) };
    if (event['type'] !== 'content_block_delta') continue;
    const block = blocks[index] as Item;
    const delta = event['delta'] as Item;
    if (delta['type'] === 'text_delta') block['text'] = `${block['text'] as string}${delta['text'] as string}`;
    if (delta['type'] === 'thinking_delta') block['thinking'] = `${block['thinking'] as string}${delta['thinking'] as string}`;
    if (delta['type'] === 'signature_delta') block['signature'] = delta['signature'];
    if (delta['type'] === 'input_json_delta') json[index] = `${json[index] ?? ''}${delta['partial_json'] as string}`;
  }
  return blocks.map((block, n) =>
    block['type'] === 'tool_use' ? { ...block, input: JSON.parse(json[n] ?? '{}') as unknown } : block,
  );
}

/** Google's generateContent. A streamed response stays in pieces, as the chats of Google's SDKs keep it. */
export class GeminiAgent implements Agent {
  readonly #contents: Item[] = [];
  #calls: (AgentCall & { wireId: string | undefined })[] = [];
  #count = 0;

  request(model: string, { text, image, reasoning, stream }: AgentTurn): { path: string; body: JsonObject } {
    const results = this.#calls.map(({ id, name, wireId }) => ({
      functionResponse: { ...(wireId === undefined ? {} : { id: wireId }), name, response: { result: resultOf(id) } },
    }));
    if (results.length > 0) this.#contents.push({ role: 'user', parts: results });
    const imagePart = { inlineData: { mimeType: 'image/png', data: PNG } };
    this.#contents.push({ role: 'user', parts: [{ text }, ...(image ? [imagePart] : [])] });
    const functionDeclarations = TOOLS.map((name) => ({ name, description: name, parametersJsonSchema: parameters }));
    const config = reasoning ? { generationConfig: { thinkingConfig: { includeThoughts: true } } } : {};
    const body = {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: this.#contents,
      tools: [{ functionDeclarations }],
      ...config,
    };
    const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
    return { path: `/v1beta/models/${model}:${method}`, body };
  }

  receive(answer: string, stream: boolean): readonly AgentCall[] {
    const pieces = stream ? dataOf(answer) : [JSON.parse(answer) as Item];
    this.#calls = [];
    for (const piece of pieces) {
      const [candidate] = piece['candidates'] as { content?: { parts?: Item[] } }[];
      const parts = candidate?.content?.parts ?? [];
      if (parts.length === 0) continue;
      this.#contents.push({ role: 'model', parts });
      for (const { functionCall } of parts) {
        if (functionCall === undefined) continue;
        const { id, name } = functionCall as { id?: string; name: string };
        this.#calls.push({ id: id ?? `own_${this.#count++}`, name, wireId: id });
      }
    }
    return this.#calls;
  }
}
