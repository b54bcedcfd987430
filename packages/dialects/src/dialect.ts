import type { DialectName, EventFraming, LlmError, Operation, StreamOutcome, Usage } from '@sluice/core';
import type { ListedModel } from './listed-model.ts';
import type { JsonObject } from './neutral/read-json.ts';
import type { NeutralReply } from './neutral/reply.ts';
import type { NeutralRequest } from './neutral/request.ts';
import type { NeutralEvent } from './neutral/stream.ts';

/** `none`: a body that is not an answer of its dialect. `empty`: an answer without content, which is never cached. */
export type AnswerContent = 'none' | 'empty' | 'some';

/** A request as a provider of a dialect wants it. */
export interface WrittenRequest {
  readonly body: JsonObject;
  /** The names of what was a wish and could not be said. */
  readonly dropped: readonly string[];
}

/** What an address may have to say. */
export interface Asked {
  readonly operation: Operation;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly stream: boolean;
  readonly framing: EventFraming;
}

/** Cuts a stream's bytes into its events. */
export interface EventCutter {
  /** The data, JSON text, of each event that is complete with this chunk. */
  feed(chunk: Buffer): readonly string[];
  /** The data of what came after the last whole event. */
  flush(): readonly string[];
  /** How many bytes of an event have come that is not complete. */
  unfinished(): number;
}

/** Follows a stream of a dialect while its bytes are passed on as they are. */
export interface StreamWatcher {
  /** The bytes to pass on. */
  read(chunk: Buffer): Buffer;
  /** What is left to pass on when the upstream has ended. */
  rest(): Buffer;
  /** How the stream ended, now that no more bytes will come: an end without a finish reason is a cut, however clean it looks. */
  outcome(): StreamOutcome;
  /** What was reported so far, for a stream that was left. */
  usage(): Usage | undefined;
  /** How many events with a part of the answer have come: about a token each. */
  generated(): number;
  /** An error that the stream has told so far. */
  told(): LlmError | undefined;
  /** How many bytes of an event have come that is not complete. */
  unfinished(): number;
}

/** Reads a stream's events for another dialect. */
export interface EventReader {
  /** @param data an event's data, JSON. Not JSON says nothing. */
  read(data: JsonObject): readonly NeutralEvent[];
  /** The stream's own mark of its end (OpenAI's `[DONE]`): some providers say nothing else of it. */
  done?(): readonly NeutralEvent[];
  /** An error that the stream has told in its middle. */
  readonly error: LlmError | undefined;
  /** Whether the stream said that it is complete. */
  readonly finished: boolean;
}

/** Writes a stream's events as the caller's dialect has them. */
export interface EventWriter {
  /** Server-sent events, each with its blank line; empty where nothing can be said yet. */
  write(event: NeutralEvent): string;
  /** What closes a stream that came to its end. */
  end(): string;
  /** What was held back of a stream that broke. */
  flush?(): string;
}

/** What a caller's stream or answer is to be like. */
export interface ReplyContext {
  /** The model's name as the caller is to see it. */
  readonly model: string;
  /** For wires that name an answer where the provider's does not. */
  readonly id: string;
  readonly createdS: number;
  /** Whether the caller asked for usage in its stream (OpenAI's `include_usage`). */
  readonly streamUsage: boolean;
  /** How the caller wants a stream's events told apart. */
  readonly framing: EventFraming;
  /** In which format it asked for audio. */
  readonly audioFormat?: string | undefined;
}

/** What the last event of a stream that could not be finished has to know. */
export interface BrokenStream {
  readonly requestId: string;
  readonly framing: EventFraming;
  /** Whether anything was written before it. */
  readonly begun: boolean;
}

/** A wire format for completions, both ways. Whatever one says is read into the neutral form, and written from it. */
export interface Dialect {
  readonly name: DialectName;
  /** Where an operation is below a provider's base address; undefined where the dialect has none such. */
  path(asked: Asked): string | undefined;
  /** How a provider of this dialect is shown a key, as names and values. */
  credentials(apiKey: string): readonly string[];
  /** Other headers that a provider of this dialect wants. */
  readonly headers: readonly string[];
  /** What it calls the fields that writers name when they refuse or drop one, where not as OpenAI's chat completions do. */
  readonly fieldNames: Readonly<Record<string, string>>;
  /** Headers by which a caller of this dialect asks for features; they go to a provider of the same dialect, and no others do. */
  readonly featureHeaders: readonly string[];
  /** What a client may see of a provider's headers. An allow-list: the rest may name hosts, organisations or keys. */
  readonly passedHeaders: readonly string[];
  /** @throws LlmError `invalid_request` with the field in `param` */
  readRequest(body: JsonObject): NeutralRequest;
  /**
   * @param model the provider's own name of the model
   * @throws LlmError `invalid_request` with the field that cannot be said
   */
  writeRequest(request: NeutralRequest, model: string, stream: boolean): WrittenRequest;
  readReply(body: JsonObject): NeutralReply;
  writeReply(reply: NeutralReply, context: ReplyContext): JsonObject;
  /** @param hideUsage take out usage that the gateway asked for and the caller did not */
  watchStream(hideUsage: boolean, framing: EventFraming): StreamWatcher;
  readStream(): EventReader;
  writeStream(context: ReplyContext): EventWriter;
  /** The usage of a whole answer in this dialect. */
  readUsage(body: JsonObject): Usage | undefined;
  renderError(error: LlmError): string;
  /** The last event of a stream that could not be finished. */
  renderStreamError(error: LlmError, stream: BrokenStream): string;
  renderModel(model: ListedModel): string;
  renderModelList(models: readonly ListedModel[]): string;
  /** Tests whether a body with status 200, or an event of a stream, reports a failure. */
  reportsFailure(data: JsonObject): boolean;
  /** Rates the content of a whole answer. */
  contentOf(body: JsonObject): AnswerContent;
}
