import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@sluice/dialects';
import express, { type Express, type Request, type Response } from 'express';
import { answer, type SimulatorRequest } from './answer.ts';
import { behaviourOf, type SimulatorConfig } from './behaviour.ts';
import { Journal } from './journal.ts';
import { questionOf } from './question.ts';
import { serveSessions } from './realtime/sessions.ts';
import { StoredResponses } from './stored-responses.ts';

/** Creates a simulator for providers of every dialect, with configurable faults and a journal of requests. */
export function createSimulator(config: SimulatorConfig): { app: Express; journal: Journal } {
  const journal = new Journal();
  const kept = new StoredResponses();
  const app = express();
  app.disable('x-powered-by');
  const anyBody = express.raw({ type: () => true, limit: '64mb' });

  const complete = async (request: Request, response: Response): Promise<void> => {
    const text = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
    const { path, headers } = request;
    const entry = journal.open({ path: request.url, headers, body: text, port: request.socket.remotePort ?? 0 });
    let asked: SimulatorRequest;
    try {
      const body = JSON.parse(text) as JsonObject;
      const question = questionOf(path, request.url.split('?')[1] ?? '', body);
      if (question === undefined) {
        entry.outcome = 'refused';
        response
          .status(404)
          .json({ error: { message: 'no such route', type: 'invalid_request_error', param: null, code: null } });
        return;
      }
      entry.model = question.model;
      asked = { question, body, behaviour: behaviourOf(question.model, config), kept };
    } catch (error) {
      entry.outcome = 'refused';
      response.status(400).json({ error: { message: String(error), type: 'invalid_request_error', param: null, code: null } });
      return;
    }
    await answer(response, asked, entry);
  };
  app.post(['/v1/*rest', '/v1beta/*rest', '/model/*rest'], anyBody, complete);

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
  const sessions = serveSessions(server, config, journal);
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
        sessions.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
