import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type Response } from 'express';
import { answer } from './answer.ts';
import { type Behaviour, behaviourOf, type SimulatorConfig } from './behaviour.ts';
import { Journal } from './journal.ts';

const PATHS = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'];

/** A stand-in for a provider, in OpenAI's dialect: its answers, its faults, and a journal of what it was asked. */
export function createSimulator(config: SimulatorConfig): { app: Express; journal: Journal } {
  const journal = new Journal();
  const app = express();
  app.disable('x-powered-by');
  const anyBody = express.raw({ type: () => true, limit: '64mb' });

  const complete = async (request: Request, response: Response): Promise<void> => {
    const body = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
    const entry = journal.open({ path: request.path, headers: request.headers, body, port: request.socket.remotePort ?? 0 });
    let behaviour: Behaviour;
    try {
      entry.model = String((JSON.parse(body) as { model?: unknown }).model);
      behaviour = behaviourOf(entry.model, config);
    } catch (error) {
      entry.outcome = 'refused';
      response.status(400).json({ error: { message: String(error), type: 'invalid_request_error', param: null, code: null } });
      return;
    }
    await answer(response, behaviour, entry);
  };
  for (const path of PATHS) app.post(path, anyBody, complete);

  app.get('/livez', (_request, response) => void response.type('text').send('ok\n'));
  app.get('/v1/models', (_request, response) => {
    const data = Object.keys(config.models).map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'simulator' }));
    response.json({ object: 'list', data });
  });
  app.get('/journal', (_request, response) => void response.json(journal.entries));
  app.delete('/journal', (_request, response) => {
    journal.clear();
    response.status(204).end();
  });
  app.get('/bill', (_request, response) => void response.json(journal.bill()));
  return { app, journal };
}

export interface RunningSimulator {
  readonly url: string;
  readonly journal: Journal;
  close(): Promise<void>;
}

export async function startSimulator(config: SimulatorConfig, host = '127.0.0.1', port = 0): Promise<RunningSimulator> {
  const { app, journal } = createSimulator(config);
  const server: Server = createServer({ keepAliveTimeout: 75_000 }, app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  const { port: listening } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${listening}`,
    journal,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
