import type { DialectName, EventFraming, LlmError, Operation, StreamOutcome, Usage } from '@sluice/core';
import type { ListedModel } from './listed-model.ts';
import type { JsonObject } from './neutral/read-json.ts';
import type { NeutralReply } from './neutral/reply.ts';
import type { NeutralRequest } from './neutral/request.ts';
import type { NeutralEvent } from './neutral/stream.ts';

/** `none`: the body is no response of its dialect. `empty`: a response without content, which is never cached. */
export type AnswerContent = 'none' | 'empty' | 'some';

/** A request in the format of a provider's dialect. */
export interface WrittenRequest {
  readonly body: JsonObject;
  /** Names of optional parameters that the dialect does not support. */
  readonly dropped: readonly string[];
}

/** Properties of a request that its path may depend on. */
export interface UpstreamRequestInfo {
  readonly operation: Operation;
  /** The provider's name of the model. */
  readonly model: string;
  readonly stream: boolean;
  readonly framing: EventFraming;
}

/** Splits a stream's bytes into its events. */
export interface EventDecoder {
  /** Returns the JSON data of each event that this chunk completes. */
  feed(chunk: Buffer): readonly string[];
  /** Returns the data after the last complete event. */
  flush(): readonly string[];
  /** Returns the number of bytes of the incomplete event. */
  unfinished(): number;
}

/** Observes a stream of a dialect while its bytes are forwarded. */
export interface StreamObserver {
  /** Returns the bytes to forward. */
  read(chunk: Buffer): Buffer;
  /** Returns the remaining bytes to forward after the end of the upstream. */
  rest(): Buffer;
  /** Returns how the stream ended. An end without a finish reason is a truncation, however clean it looks. */
  outcome(): StreamOutcome;
  /** Returns the usage reported so far, for an abandoned stream. */
  usage(): Usage | undefined;
  /** Returns the number of events with content: about one token each. */
  generated(): number;
  /** Returns an error that the stream has reported so far. */
  reportedError(): LlmError | undefined;
  /** Returns the number of bytes of the incomplete event. */
  unfinished(): number;
}

/** Reads a stream's events for translation into another dialect. */
export interface EventReader {
  /** Returns the neutral events of one event. @param data an event's JSON data */
  read(data: JsonObject): readonly NeutralEvent[];
  /** Returns the events for the stream's end marker (OpenAI's `[DONE]`), for providers that report the end in no other way. */
  done?(): readonly NeutralEvent[];
  /** An error that the stream reported after it began. */
  readonly error: LlmError | undefined;
  /** Whether the stream reported its completion. */
  readonly finished: boolean;
}

/** Writes a stream's events in the client's dialect. */
export interface EventWriter {
  /** Returns server-sent events, each with its blank line; empty if nothing can be written yet. */
  write(event: NeutralEvent): string;
  /** Returns the events that close a complete stream. */
  end(): string;
  /** Returns the held-back events of a broken stream. */
  flush?(): string;
}

/** Properties of a client's stream or reply. */
export interface ReplyContext {
  /** Model name that the client sees. */
  readonly model: string;
  /** Id for formats that name a response if the provider's format does not. */
  readonly id: string;
  readonly createdS: number;
  /** Whether the client requested usage in its stream (OpenAI's `include_usage`). */
  readonly streamUsage: boolean;
  /** Framing of the stream's events. */
  readonly framing: EventFraming;
  /** Audio format that the client requested. */
  readonly audioFormat?: string | undefined;
}

/** Context of the last event of a stream that failed. */
export interface BrokenStream {
  readonly requestId: string;
  readonly framing: EventFraming;
  /** Whether the stream had begun before the error. */
  readonly begun: boolean;
}

/**
 * A wire format for completions. Requests and replies are read into the neutral form, our intermediate representation, and
 * written from it.
 */
export interface Dialect {
  readonly name: DialectName;
  /** Returns the path of an operation below a provider's base URL; undefined if the dialect does not have the operation. */
  path(asked: UpstreamRequestInfo): string | undefined;
  /** Returns the headers that carry an API key, as names and values. */
  credentials(apiKey: string): readonly string[];
  /** Other headers that a provider of this dialect requires. */
  readonly headers: readonly string[];
  /** This dialect's names of the fields in errors and `dropped` lists, if they differ from OpenAI's chat completions. */
  readonly fieldNames: Readonly<Record<string, string>>;
  /** Client headers that enable features of this dialect. They are forwarded only to a provider of the same dialect. */
  readonly featureHeaders: readonly string[];
  /** Provider headers that clients receive. This is an allow-list: other headers may contain hosts, organizations or keys. */
  readonly passedHeaders: readonly string[];
  /** @throws LlmError `invalid_request` with the field in `param` */
  readRequest(body: JsonObject): NeutralRequest;
  /**
   * Writes a request in this dialect.
   *
   * @param model the provider's name of the model
   * @throws LlmError `invalid_request` with the unsupported field
   */
  writeRequest(request: NeutralRequest, model: string, stream: boolean): WrittenRequest;
  readReply(body: JsonObject): NeutralReply;
  writeReply(reply: NeutralReply, context: ReplyContext): JsonObject;
  /** @param hideUsage removes usage that the gateway requested and the client did not */
  watchStream(hideUsage: boolean, framing: EventFraming): StreamObserver;
  readStream(): EventReader;
  writeStream(context: ReplyContext): EventWriter;
  /** Returns the usage of a whole response in this dialect. */
  readUsage(body: JsonObject): Usage | undefined;
  renderError(error: LlmError): string;
  /** Returns the last event of a stream that failed. */
  renderStreamError(error: LlmError, stream: BrokenStream): string;
  renderModel(model: ListedModel): string;
  renderModelList(models: readonly ListedModel[]): string;
  /** Tests whether a body with status 200, or an event of a stream, reports a failure. */
  reportsFailure(data: JsonObject): boolean;
  /** Classifies the content of a whole response. */
  contentOf(body: JsonObject): AnswerContent;
}
