import type { Dialect, EventDecoder, UpstreamRequestInfo } from '@sluice/dialects';

/** The addresses of requests at one kind of provider, and the framing of its streams. */
export interface Endpoint {
  /** Path below the base address; undefined if the endpoint does not have it. */
  path(info: UpstreamRequestInfo, dialect: Dialect, options: EndpointOptions): string | undefined;
  /** Returns the endpoint's form of the path of embeddings. */
  otherPath(path: string, model: string, options: EndpointOptions): string;
  /** Returns the body with the endpoint's own members. */
  body(bytes: Buffer, info: UpstreamRequestInfo): Buffer;
  /** Framing of its streams, if it differs from server-sent events. */
  readonly framing?: Framing;
}

export interface EndpointOptions {
  readonly apiVersion?: string | undefined;
}

export interface Framing {
  /** Content type of streams with this framing. */
  readonly contentType: string;
  decoder(): EventDecoder;
  /** Returns one event in the dialect's own framing, for a caller of the same dialect. */
  asServerSentEvent(data: string): string;
}
