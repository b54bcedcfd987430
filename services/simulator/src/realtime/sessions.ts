import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Behaviour, behaviourOf, type SimulatorConfig } from '../behaviour.ts';
import type { Journal, JournalEntry } from '../journal.ts';
import { GeminiSession } from './gemini-session.ts';
import { OpenAiSession } from './openai-session.ts';
import type { SimulatedSession } from './simulated-session.ts';

const MESSAGE_LETTERS = 2_000;
const MAX_MESSAGES = 1_000;

/** Serves realtime sessions of OpenAI, Azure and Google, on the same port as all other routes. */
export function serveSessions(server: Server, config: SimulatorConfig, journal: Journal): { close(): void } {
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
  const sockets = new Set<Duplex>();
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    void answer(webSockets, request, socket, head, config, journal);
  });
  return {
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function answer(
  webSockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  config: SimulatorConfig,
  journal: Journal,
): Promise<void> {
  const { url = '', headers } = request;
  const { pathname, searchParams } = new URL(url, 'http://simulator');
  const entry = journal.open({ path: url, headers, body: '', port: request.socket.remotePort ?? 0 });
  const isGemini = pathname.startsWith('/ws/google.');
  if (!isGemini && !pathname.endsWith('/realtime')) {
    refuse(socket, entry, 404, undefined);
    return;
  }
  const model = searchParams.get('model') ?? searchParams.get('deployment') ?? '';
  entry.model = model;
  const behaviour = behaviourOf(model, config);
  if (behaviour.fault === 'hang') return;
  if (behaviour.latencyMs > 0) await sleep(behaviour.latencyMs, undefined, { ref: false });
  if (behaviour.fault === 'reset-before') {
    entry.outcome = 'broken';
    socket.destroy();
    return;
  }
  if (behaviour.status !== undefined) {
    refuse(socket, entry, behaviour.status, behaviour.retryAfter);
    return;
  }
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    converse(webSocket, entry, isGemini, behaviour, config);
  });
}

function converse(
  webSocket: WebSocket,
  entry: JournalEntry,
  isGemini: boolean,
  behaviour: Behaviour,
  config: SimulatorConfig,
): void {
  const session: SimulatedSession = isGemini
    ? new GeminiSession(webSocket, entry, config)
    : new OpenAiSession(webSocket, entry, behaviour);
  entry.messages = [];
  webSocket.on('error', () => {});
  webSocket.on('message', (data) => {
    const text = String(data);
    if ((entry.messages?.length ?? 0) < MAX_MESSAGES) entry.messages?.push(text.slice(0, MESSAGE_LETTERS));
    session.receive(text);
  });
  webSocket.on('close', (code) => {
    entry.closeCode = code;
    entry.outcome = code === 1006 ? 'abandoned' : 'answered';
  });
  session.begin();
}

function refuse(socket: Duplex, entry: JournalEntry, status: number, retryAfter: string | undefined): void {
  entry.outcome = 'refused';
  const body = JSON.stringify({
    error: { message: `simulated status ${status}`, type: 'simulated', param: null, code: 'simulated' },
  });
  const wait = retryAfter === undefined ? '' : `retry-after: ${retryAfter}\r\n`;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${wait}connection: close\r\n\r\n${body}`,
  );
}
