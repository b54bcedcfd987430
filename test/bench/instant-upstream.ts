// An upstream that responds immediately, for machines without a C compiler: a chat completion of 1 KB, or 50 events 5 ms apart.
import { createServer } from 'node:http';

const text = 'x'.repeat(700);
const whole = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'bench',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 500, completion_tokens: 200, total_tokens: 700 },
});
const event = (choice: object): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'bench', choices: [choice] })}\n\n`;
const EVENTS = 50;
const GAP_MS = 5;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (!Buffer.concat(chunks).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) }).end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const timer = setInterval(() => {
      sent++;
      const last = sent === EVENTS;
      response.write(event({ index: 0, delta: last ? {} : { content: 'a word or two ' }, finish_reason: last ? 'stop' : null }));
      if (!last) return;
      clearInterval(timer);
      response.end('data: [DONE]\n\n');
    }, GAP_MS);
  });
});
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  process.stdout.write(`listening on ${(server.address() as { port: number }).port}\n`);
});
