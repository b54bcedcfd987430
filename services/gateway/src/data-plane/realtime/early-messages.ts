import { errorTexts, LlmError, type RealtimePeer } from '@sluice/core';

interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Bytes of held messages beyond which the gateway stops reading from the client. */
const HIGH_WATER_BYTES = 64 * 1024;

/** Holds the messages that a client sends before its session has a provider. The first message names the model. */
export class EarlyMessages {
  readonly #peer: RealtimePeer;
  readonly #messages: Message[] = [];
  #bytes = 0;

  constructor(peer: RealtimePeer) {
    this.#peer = peer;
  }

  /**
   * Receives the first message.
   *
   * @param onClosed called if the client disconnects after the first message
   * @throws LlmError `client_closed`, or `invalid_request` if the message does not arrive in time
   */
  first(timeoutMs: number, onClosed: () => void): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new LlmError('invalid_request', errorTexts.setupTooLate(timeoutMs), { param: 'setup' }));
      }, timeoutMs);
      this.#peer.receive({
        message: (data, isBinary) => {
          this.#hold({ data, isBinary });
          clearTimeout(timer);
          resolve(data);
        },
        drained() {},
        closed: ({ code, fault }) => {
          clearTimeout(timer);
          reject(closedEarly(code, fault));
          onClosed();
        },
      });
    });
  }

  /** Returns all received messages, in order. */
  taken(): readonly Message[] {
    return this.#messages;
  }

  #hold(message: Message): void {
    this.#messages.push(message);
    this.#bytes += message.data.length;
    if (this.#bytes > HIGH_WATER_BYTES) this.#peer.pause();
  }
}

const closedEarly = (code: number, fault: true | undefined): LlmError =>
  fault === true && code === 1009
    ? new LlmError('request_too_large', errorTexts.sessionMessageTooLong)
    : new LlmError('client_closed', errorTexts.clientClosed);
