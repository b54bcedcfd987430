import {
  type LlmError,
  type PeerEnd,
  type PeerReceiver,
  type RealtimePeer,
  type RealtimeSession,
  ReplyStream,
  type SessionEnd,
} from '@sluice/core';
import type { Redaction } from '../redaction.ts';
import type { SessionReader } from './session-reader.ts';

export interface UpstreamSessionOptions {
  readonly peer: RealtimePeer;
  readonly reader: SessionReader;
  readonly redaction: () => Redaction;
  /** Called before the end, so that the reader counts reports that it holds back. */
  readonly onEnd?: () => void;
}

/** A provider's side of a session. Its messages are read as they pass, and the reply's stream ends when the session ends. */
export class UpstreamSession implements RealtimeSession {
  readonly stream: ReplyStream;
  readonly #options: UpstreamSessionOptions;
  readonly #onUsage: (() => void)[] = [];
  #onRefused: ((error: LlmError) => void) | undefined;
  #refusal: LlmError | undefined;

  constructor(options: UpstreamSessionOptions) {
    this.#options = options;
    const { peer } = options;
    this.stream = new ReplyStream({
      pause() {},
      resume() {},
      cancel: () => {
        peer.destroy();
        return this.#progress();
      },
      progress: () => this.#progress(),
    });
  }

  forward(data: Buffer, isBinary: boolean): LlmError | undefined {
    const { peer, reader } = this.#options;
    const read = reader.toProvider(data, isBinary);
    if (!Buffer.isBuffer(read)) return read;
    peer.send(read, isBinary);
    return undefined;
  }

  receive(receiver: PeerReceiver): void {
    const { peer, reader, redaction } = this.#options;
    peer.receive({
      message: (data, isBinary) => {
        const read = reader.toClient(data, isBinary);
        receiver.message(read.data, isBinary);
        if (read.reported) for (const listener of this.#onUsage) listener();
      },
      drained: () => receiver.drained(),
      closed: (end: PeerEnd) => receiver.closed({ ...end, reason: redaction().text(end.reason) }),
    });
  }

  onUsage(listener: () => void): void {
    this.#onUsage.push(listener);
  }

  onRefused(listener: (error: LlmError) => void): void {
    this.#onRefused = listener;
    if (this.#refusal !== undefined) listener(this.#refusal);
  }

  refuse(error: LlmError): void {
    this.#refusal ??= error;
    this.#onRefused?.(error);
  }

  finish({ end, error, byGateway }: SessionEnd): void {
    this.#options.onEnd?.();
    this.stream.finish({ end, error, byGateway, ...this.#progress() });
    // the stream carries no bytes: a consumer sees only its end
    this.stream.consume({ chunk: () => true, end() {} });
  }

  send(data: Buffer, isBinary: boolean): void {
    this.#options.peer.send(data, isBinary);
  }

  get waitingBytes(): number {
    return this.#options.peer.waitingBytes;
  }

  pause(): void {
    this.#options.peer.pause();
  }

  resume(): void {
    this.#options.peer.resume();
  }

  beat(): boolean {
    return this.#options.peer.beat();
  }

  close(code: number | undefined, reason: string, withinMs: number): void {
    this.#options.peer.close(code, reason, withinMs);
  }

  destroy(): void {
    this.#options.peer.destroy();
  }

  #progress() {
    const { usage } = this.#options.reader;
    return { usage: usage.total(), generated: usage.generated };
  }
}
