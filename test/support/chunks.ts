/** Returns an event of a stream in OpenAI's dialect, for upstreams that send events one by one. */
const chunk = (choice: object, more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, ...choice }], ...more })}\n\n`;

export const ROLE = chunk({ delta: { role: 'assistant', content: '' }, finish_reason: null });
export const piece = (content: string): string => chunk({ delta: { content }, finish_reason: null });
export const STOP = chunk({ delta: {}, finish_reason: 'stop' });
export const usageChunk = (promptTokens: number, completionTokens: number): string =>
  `data: ${JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [],
    usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens },
  })}\n\n`;
export const DONE = 'data: [DONE]\n\n';
