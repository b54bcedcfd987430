import type { Dialect, EventDecoder, UpstreamRequestInfo } from '@sluice/dialects';

/** How requests of a dialect are addressed to one kind of provider, and how its streams are framed. */
export interface Endpoint {
  /** Path below the base address; undefined if the endpoint does not have it. */
  path(asked: UpstreamRequestInfo, dialect: Dialect, options: EndpointOptions): string | undefined;
  /** What the path of embeddings becomes. */
  otherPath(path: string, model: string, options: EndpointOptions): string;
  /** The body, with the endpoint's own members. */
  body(bytes: Buffer, asked: UpstreamRequestInfo): Buffer;
  /** Other than server-sent events. */
  readonly framing?: Framing;
}

export interface EndpointOptions {
  readonly apiVersion?: string;
}

export interface Framing {
  /** How a stream of it begins to be known. */
  readonly contentType: string;
  cutter(): EventDecoder;
  /** One event as the dialect's own framing has it, for a caller of the same dialect. */
  asServerSentEvent(data: string): string;
}
