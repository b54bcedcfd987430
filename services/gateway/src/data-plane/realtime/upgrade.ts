import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorTexts, LlmError } from '@sluice/core';
import { WebSocketPeer } from '@sluice/providers';
import { type WebSocket, WebSocketServer } from 'ws';
import type { HeaderList } from '../response-headers.ts';
import { chosenProtocol, protocolsOf } from './session-request.ts';

/** Bytes that a client may send before its request is answered. */
const EARLY_BYTES = 64 * 1024;
/** Time for a refused client to receive its response. */
const REFUSED_MS = 5_000;
/** A token (RFC 9110, section 5.6.2), as a subprotocol must be. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** A WebSocket request, which either opens a WebSocket or is refused like any HTTP request. */
export class Upgrade {
  readonly response: ServerResponse;
  readonly #request: IncomingMessage;
  readonly #socket: Socket;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #onDisconnect: (() => void) | undefined;
  #isGone = false;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.#request = request;
    this.#socket = socket as Socket;
    this.response = new ServerResponse(request);
    this.response.shouldKeepAlive = false;
    this.response.assignSocket(this.#socket);
    this.response.on('finish', () => this.#finish());
    this.#hold(head);
    socket.on('data', this.#onData);
    socket.on('end', this.#onGone);
    socket.on('close', this.#onGone);
    socket.on('error', this.#onGone);
    socket.resume();
  }

  /** Calls `listener` if the client disconnects before the response. */
  onLeft(listener: () => void): void {
    this.#onDisconnect = listener;
    if (this.#isGone) listener();
  }

  /**
   * Checks the WebSocket headers. @throws LlmError `invalid_request` or `upgrade_required` for a request that cannot open a
   * WebSocket (RFC 6455, section 4.2)
   */
  check(): void {
    const { 'sec-websocket-key': key, 'sec-websocket-version': version } = this.#request.headers;
    if (version !== '13') throw new LlmError('upgrade_required', errorTexts.webSocketVersion);
    if (key === undefined || !KEY.test(key)) {
      throw new LlmError('invalid_request', errorTexts.webSocketKey);
    }
    const protocols = protocolsOf(this.#request);
    if (!protocols.every((protocol) => TOKEN.test(protocol)) || new Set(protocols).size < protocols.length) {
      throw new LlmError('invalid_request', errorTexts.webSocketSubprotocol);
    }
  }

  /** Opens the WebSocket. @throws LlmError `client_closed` */
  open(headers: HeaderList, maxMessageBytes: number): WebSocketPeer {
    const socket = this.#socket;
    this.#release();
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      handleProtocols: chosenProtocol,
    });
    server.once('headers', (lines) => {
      for (let n = 0; n + 1 < headers.length; n += 2) lines.push(`${headers[n]}: ${headers[n + 1]}`);
    });
    let opened: WebSocket | undefined;
    this.response.detachSocket(socket);
    server.handleUpgrade(this.#request, socket, Buffer.concat(this.#early), (webSocket) => {
      opened = webSocket;
    });
    this.#early = [];
    if (opened === undefined) throw new LlmError('client_closed', errorTexts.clientClosed);
    return new WebSocketPeer(opened);
  }

  readonly #onData = (chunk: Buffer): void => this.#hold(chunk);

  readonly #onGone = (): void => {
    this.#isGone = true;
    this.#onDisconnect?.();
  };

  #hold(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > EARLY_BYTES) this.#socket.pause();
  }

  #release(): void {
    const socket = this.#socket;
    this.#onDisconnect = undefined;
    socket.off('data', this.#onData);
    socket.off('end', this.#onGone);
    socket.off('close', this.#onGone);
    socket.off('error', this.#onGone);
    socket.pause();
  }

  /**
   * Closes the connection after the refusal is written. The response is closed with its socket, which ends everything that
   * watches the response.
   */
  #finish(): void {
    const socket = this.#socket;
    this.#onDisconnect = undefined;
    this.#early = [];
    socket.resume();
    socket.end();
    setTimeout(() => socket.destroy(), REFUSED_MS).unref();
  }
}
