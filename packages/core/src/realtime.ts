import type { LlmError } from './errors.ts';
import type { StreamEnd } from './reply-stream.ts';

/** Whose messages a session has: OpenAI's Realtime API, or Gemini's Live API. */
export type RealtimeApi = 'openai' | 'gemini';

/** What a client asks of a session beside its model. */
export interface RealtimeRequest {
  readonly api: RealtimeApi;
  /** Headers that the provider receives, as names and values. */
  readonly headers: readonly string[];
  /** OpenAI's sessions that transcribe and do not answer; their address names no model. */
  readonly intent?: 'transcription';
  /** Gemini's version of the API: `v1beta`. */
  readonly version?: string;
}

/** How one side of a session closed it. */
export interface PeerEnd {
  /** RFC 6455, section 7.4; 1005 for a close without a code, 1006 for a connection that broke. */
  readonly code: number;
  readonly reason: string;
  /** It broke the protocol or a limit of the gateway, which closed the connection with this code. */
  readonly fault?: true;
}

/** Receives what one side of a session sends. */
export interface PeerReceiver {
  message(data: Buffer, isBinary: boolean): void;
  /** `waitingBytes` is low again after it was high. */
  drained(): void;
  /** Called once. */
  closed(end: PeerEnd): void;
}

/** One side of a session: a connection on which messages go both ways. */
export interface RealtimePeer {
  /** Begins to receive: what came before is received first. */
  receive(receiver: PeerReceiver): void;
  send(data: Buffer, isBinary: boolean): void;
  /** Bytes that were sent and that the network has not taken. */
  readonly waitingBytes: number;
  pause(): void;
  resume(): void;
  /** Sends a ping, and returns whether the other end showed life since the last one. */
  beat(): boolean;
  /**
   * Closes the connection, and destroys it where the other end does not close it too within `withinMs`.
   *
   * @param code undefined for none
   */
  close(code: number | undefined, reason: string, withinMs: number): void;
  destroy(): void;
}

/** How a session ended. */
export interface SessionEnd {
  readonly end: StreamEnd;
  readonly error?: LlmError;
  /** The gateway or the client ended it, so that the provider has no part in it. */
  readonly byGateway?: true;
}

/** A session that a provider has accepted: its side of it, and what it has come to. */
export interface RealtimeSession extends RealtimePeer {
  /**
   * Sends a client's message.
   *
   * @returns why the message may not be sent; undefined for one that was
   */
  forward(data: Buffer, isBinary: boolean): LlmError | undefined;
  /** Calls `listener` after each report of usage by the provider. */
  onUsage(listener: () => void): void;
  /** Calls `listener` where the session has to end, because a limit of its caller is reached. */
  onRefused(listener: (error: LlmError) => void): void;
  /** Ends the session for a limit. */
  refuse(error: LlmError): void;
  /** Settles the reply's outcome. Called by whoever joins the two sides, once all is known. */
  finish(end: SessionEnd): void;
}

/** What is kept of a session beside its tokens. */
export interface SessionFacts {
  /** Messages and bytes by their sender. */
  clientMessages: number;
  clientBytes: number;
  providerMessages: number;
  providerBytes: number;
  /** Reports of usage by the provider. */
  turns: number;
  /** The code with which the session was closed, and by whom. */
  closeCode: number | undefined;
  closedBy: 'client' | 'provider' | 'gateway' | undefined;
}
