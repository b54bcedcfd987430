export { AnthropicRequest } from './anthropic-messages/request.ts';
export type { Dialect, ReplyContext, StreamWatcher } from './dialect.ts';
export type { ListedModel } from './listed-model.ts';
export { isObject, type JsonObject, parseJson } from './neutral/read-json.ts';
export * from './openai-chat/call.ts';
export * from './openai-chat/request.ts';
export * from './openai-chat/routes.ts';
export { DIALECTS } from './registry.ts';
export { TranslatedStream, translateReply } from './translation.ts';
