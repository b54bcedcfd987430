export * from './openai/error.ts';
export * from './openai/model-list.ts';
export * from './openai/request.ts';
export * from './openai/stream.ts';
export * from './openai/usage.ts';
export * from './openai/whole.ts';
export * from './sse-events.ts';
