export { anthropicRequest } from './anthropic-messages/request.ts';
export { asksToReasonAmidCalls } from './anthropic-messages/unmark-request.ts';
export { BodyRequest } from './body-request.ts';
export { canonicalJson } from './canonical-json.ts';
export { countingOf } from './counting/counting.ts';
export { estimateAnswerTokens, estimateTexts, estimateTokens } from './counting/estimate.ts';
export { loadOpenAiTokenizer, openAiTokens } from './counting/openai-tokens.ts';
export { plainTexts } from './counting/plain-texts.ts';
export { atMostByLength, byLength, type TextCounter } from './counting/text-counters.ts';
export type {
  Dialect,
  EventDecoder,
  ReplyContext,
  StreamObserver,
  UpstreamRequestInfo,
} from './dialect.ts';
export type { EmbeddingsDialect, NeutralEmbeddings, NeutralEmbedRequest } from './embeddings/embeddings.ts';
export { EMBEDDINGS, type EmbeddingsDialectName, embeddingsBeside } from './embeddings/registry.ts';
export * from './failure-in-answer.ts';
export { messageOfBody } from './failures/error-message.ts';
export { finishReason, isReportedError } from './failures/reported-error.ts';
export { eventDecoder } from './framing/event-decoders.ts';
export { UnfinishedBytes } from './framing/unfinished-bytes.ts';
export { type GeminiAddress, GeminiRequest } from './gemini/request.ts';
export { readUsage as readGeminiUsage } from './gemini/usage.ts';
export { isIncompleteAnswer } from './incomplete-answers.ts';
export { isLarge } from './large-body.ts';
export type { ListedModel } from './listed-model.ts';
export { modelSegment } from './model-segment.ts';
export { budgetOf, EFFORTS, effortOf } from './neutral/effort.ts';
export { argumentsOfText, FREE_TEXT_SCHEMA } from './neutral/free-text.ts';
export { JSON_SENTENCE } from './neutral/json-sentence.ts';
export {
  asCount,
  asList,
  asString,
  isObject,
  type JsonObject,
  member,
  parseJson,
  unsupportedParam,
} from './neutral/read-json.ts';
export type { Choice, NeutralReply } from './neutral/reply.ts';
export { ReplyRestorer, type RequestChanges } from './neutral/reply-restorer.ts';
export type {
  Effort,
  MediaSource,
  Message,
  NeutralRequest,
  Part,
  ReasoningOptions,
  Tool,
  ToolCall,
  ToolForm,
  ToolResult,
} from './neutral/request.ts';
export { SKIP_SIGNATURE } from './neutral/sealed.ts';
export type { NeutralEvent } from './neutral/stream.ts';
export { joinedTurns } from './neutral/turns.ts';
export type { UnmarkOptions } from './neutral/unmarked.ts';
export { UsageCounts } from './neutral/usage-counts.ts';
export { wellFormed } from './neutral/well-formed.ts';
export { type OllamaKind, readOllamaRequest } from './ollama/read-request.ts';
export { OllamaAnswer, ollamaTags } from './ollama/write-answer.ts';
export * from './openai-chat/call.ts';
export * from './openai-chat/request.ts';
export * from './openai-chat/routes.ts';
export { compactionAnswer, summaryRequest } from './openai-responses/compaction.ts';
export { responsesRequest } from './openai-responses/request.ts';
export { DIALECTS } from './registry.ts';
export { isModelName } from './request-bytes.ts';
export { errorInStream, REQUEST_IS_TO_BLAME } from './stream-ends.ts';
export { collectStream, TranslatedStream, translateReply, writeAsStream } from './translation.ts';
export { unmarkRequest } from './unmarking.ts';
