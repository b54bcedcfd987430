import type { PeerEnd, PeerReceiver, RealtimePeer } from '@sluice/core';
import type { RawData, WebSocket } from 'ws';
import { faultCode, sendableClose } from './close-codes.ts';

/** Waiting bytes below which `drained` is reported. */
const LOW_WATER_BYTES = 64 * 1024;

/** One side of a realtime session over a WebSocket. */
export class WebSocketPeer implements RealtimePeer {
  readonly #socket: WebSocket;
  #receiver: PeerReceiver | undefined;
  #end: PeerEnd | undefined;
  #reported = false;
  #paused = true;
  #alive = true;
  #waitingBefore = 0;
  #closing: NodeJS.Timeout | undefined;

  /** @param socket an open socket; it is paused until `receive` */
  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.pause();
    socket.on('message', (data, isBinary) => {
      this.#alive = true;
      this.#receiver?.message(bytesOf(data), isBinary);
    });
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', (error) => this.#over({ code: faultCode(error), reason: '', fault: true }));
    socket.on('close', (code, reason) => {
      clearTimeout(this.#closing);
      this.#over({ code, reason: reason.toString('utf8') });
    });
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  receive(receiver: PeerReceiver): void {
    this.#receiver = receiver;
    this.resume();
    this.#report();
  }

  send(data: Buffer, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(data, { binary: isBinary, compress: false }, () => {
      if (this.waitingBytes < LOW_WATER_BYTES) this.#receiver?.drained();
    });
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#alive = true;
    this.#socket.resume();
  }

  beat(): boolean {
    const waiting = this.waitingBytes;
    // a paused side receives no ping, and a side that reads bytes is alive
    const alive = this.#alive || this.#paused || waiting < this.#waitingBefore;
    this.#waitingBefore = waiting;
    this.#alive = false;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
    return alive;
  }

  close(code: number | undefined, reason: string, withinMs: number): void {
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    const close = sendableClose(code, reason);
    if (close.code === undefined) this.#socket.close();
    else this.#socket.close(close.code, close.reason);
    // the other side's close frame follows its earlier messages
    this.#socket.resume();
    this.#closing ??= setTimeout(() => this.#socket.terminate(), withinMs);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  #over(end: PeerEnd): void {
    this.#end ??= end;
    this.#report();
  }

  #report(): void {
    const receiver = this.#receiver;
    if (this.#end === undefined || receiver === undefined || this.#reported) return;
    this.#reported = true;
    receiver.closed(this.#end);
  }
}

/** With `nodebuffer` as the type, messages come in one Buffer. */
function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
