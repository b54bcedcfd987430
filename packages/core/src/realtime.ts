import type { LlmError } from './errors.ts';
import type { StreamEnd } from './reply-stream.ts';

/** The protocol of a session: OpenAI's Realtime API or Gemini's Live API. */
export type RealtimeApi = 'openai' | 'gemini';

/** What a client requests for a session in addition to its model. */
export interface RealtimeRequest {
  readonly api: RealtimeApi;
  /** Headers for the provider, as alternating names and values. */
  readonly headers: readonly string[];
  /** Set for OpenAI's transcription sessions, which generate no response and have no model in their URL. */
  readonly intent?: 'transcription';
  /** Gemini's API version: `v1beta`. */
  readonly version?: string;
}

/** How one side of a session closed it. */
export interface PeerEnd {
  /** RFC 6455, section 7.4; 1005 for a close without a code, 1006 for a broken connection. */
  readonly code: number;
  readonly reason: string;
  /** The peer violated the protocol or a limit of the gateway, which closed the connection with this code. */
  readonly fault?: true;
}

/** Receives the messages of a side of a session. */
export interface PeerReceiver {
  message(data: Buffer, isBinary: boolean): void;
  /** Called when `waitingBytes` is low again after it was high. */
  drained(): void;
  /** Called once. */
  closed(end: PeerEnd): void;
}

/** One side of a session: a connection with messages in both directions. */
export interface RealtimePeer {
  /** Starts to receive. Messages that arrived earlier are delivered first. */
  receive(receiver: PeerReceiver): void;
  send(data: Buffer, isBinary: boolean): void;
  /** Bytes sent that the network has not accepted yet. */
  readonly waitingBytes: number;
  pause(): void;
  resume(): void;
  /** Sends a ping. Returns whether the peer has sent anything since the last ping. */
  beat(): boolean;
  /**
   * Closes the connection. Destroys it if the peer does not close it within `withinMs`.
   *
   * @param code undefined for no code
   */
  close(code: number | undefined, reason: string, withinMs: number): void;
  destroy(): void;
}

/** How a session ended. */
export interface SessionEnd {
  readonly end: StreamEnd;
  readonly error?: LlmError;
  /** The gateway or the client ended the session, so the provider has not failed. */
  readonly byGateway?: true;
}

/** A session that a provider has accepted: the provider's side of it, and its accrued usage. */
export interface RealtimeSession extends RealtimePeer {
  /**
   * Sends a client's message.
   *
   * @returns why the message may not be sent; undefined if it was sent
   */
  forward(data: Buffer, isBinary: boolean): LlmError | undefined;
  /** Calls `listener` after each usage report of the provider. */
  onUsage(listener: () => void): void;
  /** Calls `listener` when the session has to end because a limit of its caller is reached. */
  onRefused(listener: (error: LlmError) => void): void;
  /** Ends the session because of a limit. */
  refuse(error: LlmError): void;
  /** Settles the reply's outcome. Called by the code that joins the two sides, when all usage is known. */
  finish(end: SessionEnd): void;
}
