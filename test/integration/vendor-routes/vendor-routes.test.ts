import Anthropic, { toFile as anthropicFile } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { checkConfig } from '@sluice/config';
import type { Gateway } from '@sluice/gateway';
import { toFile } from 'openai';
import { whole } from '../../support/scripted-upstream.ts';
import { startGateway } from '../../support/start-gateway.ts';

import { KEY, type Stage, startStage, VENDORS, type Vendor } from './stage.ts';

describe('routes of a vendor', () => {
  let stage: Stage;
  let gateway: Gateway;
  beforeAll(async () => {
    stage = await startStage();
    gateway = stage.gateway;
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage.stop());
  const up = (vendor: Vendor) => stage.up(vendor);
  const reached = () => stage.reached();
  const openai = (suffix?: string) => stage.openai(suffix);
  const anthropic = (suffix?: string) => stage.anthropic(suffix);
  const send = (...request: Parameters<Stage['send']>) => stage.send(...request);
  const google = (method: string, path: string, body?: object, key = KEY) => send(method, path, body, { 'x-goog-api-key': key });

  describe('completion requests that name a file', () => {
    const answer = JSON.stringify({
      ...{ id: 'c', object: 'chat.completion', model: 'm' },
      choices: [{ index: 0, message: { role: 'assistant', content: 'read' }, finish_reason: 'stop' }],
    });
    const aboutFile = (suffix: string, file_id: string, model = 'tuned') =>
      openai(suffix).chat.completions.create({
        model,
        messages: [{ role: 'user', content: [{ type: 'file', file: { file_id } }] }],
      });
    let file: string;
    beforeAll(async () => {
      file = `file-of-a-completion-${Math.random()}`;
      up('openai').answer(whole(JSON.stringify({ id: file, object: 'file' })));
      await openai().files.create({ file: await toFile(Buffer.from('x'), 'x.txt'), purpose: 'user_data' });
    });
    beforeEach(() => {
      for (const vendor of VENDORS) up(vendor).answer(whole(answer));
    });

    it('routes a completion to the account that has the file', async () => {
      for (let n = 0; n < 4; n++) await aboutFile('', file);
      expect(reached()).toEqual(['openai', 'openai', 'openai', 'openai']);
    });

    it('refuses a completion with a file of another tenant, in every dialect that names files', async () => {
      await expect(aboutFile('-two', file)).rejects.toMatchObject({ status: 404 });
      const part = { type: 'input_file' as const, file_id: file };
      const input = [{ role: 'user' as const, content: [part] }];
      await expect(openai('-two').responses.create({ model: 'tuned', input })).rejects.toMatchObject({ status: 404 });
      const source = { type: 'file' as const, file_id: file };
      const messages = [{ role: 'user' as const, content: [{ type: 'document' as const, source }] }];
      const asked = anthropic('-two').beta.messages.create({ model: 'claude', max_tokens: 9, messages: messages as never });
      await expect(asked).rejects.toMatchObject({ status: 404 });
      expect(reached()).toEqual([]);
    });

    it('refuses a completion when its model is not at the account that has the file', async () => {
      await expect(aboutFile('', file, 'scribe')).rejects.toMatchObject({ status: 404 });
      expect(reached()).toEqual([]);
    });

    it('refuses a completion with more files than the gateway looks up', async () => {
      const content = Array.from({ length: 501 }, (_, n) => ({ type: 'file' as const, file: { file_id: `file-${n}` } }));
      const asked = openai().chat.completions.create({ model: 'tuned', messages: [{ role: 'user', content }] });
      await expect(asked).rejects.toMatchObject({ status: 400 });
      expect(reached()).toEqual([]);
    });

    it('passes a completion with a file that was not uploaded here', async () => {
      await aboutFile('-two', 'file-of-an-administrator');
      expect(reached()).toHaveLength(1);
    });

    it("passes a completion with the name of a file in a tool's arguments", async () => {
      const messages = [{ role: 'user' as const, content: `{"file_id":"${file}"}` }];
      await openai('-two').chat.completions.create({ model: 'tuned', messages });
      expect(reached()).toHaveLength(1);
    });
  });

  it("routes a file of OpenAI's client to OpenAI, at any position in the configuration", async () => {
    up('openai').answer(whole('{"id":"file-1","object":"file"}'));
    await openai().files.create({ file: await toFile(Buffer.from('x'), 'a.jsonl'), purpose: 'batch' });
    expect(reached()).toEqual(['openai']);
  });

  it("routes a file of Anthropic's client to Anthropic, with its version and features, and only for its owner", async () => {
    up('anthropic').answer(whole('{"id":"file_1","type":"file","filename":"a.txt"}'));
    const { id } = await anthropic().beta.files.upload({
      file: await anthropicFile(Buffer.from('x'), 'a.txt'),
      betas: ['files-api-2025-04-14'],
    });
    expect(reached()).toEqual(['anthropic']);
    expect(up('anthropic').requests[0]?.headers).toMatchObject({
      'x-api-key': 'sk-of-anthropic',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': expect.stringContaining('files-api'),
    });
    await anthropic().beta.files.retrieveMetadata(id);
    await expect(anthropic('-two').beta.files.retrieveMetadata(id)).rejects.toMatchObject({ status: 404 });
    // an id of a vendor does not exist at another
    await expect(openai('-two').files.retrieve(id)).rejects.toMatchObject({ status: 404 });
    expect(reached()).toEqual(['anthropic', 'anthropic']);
  });

  it("never routes a file of Anthropic's client to another vendor, even a requested one", async () => {
    const upload = async (headers: Record<string, string>, baseURL = gateway.url) =>
      new Anthropic({ baseURL, apiKey: KEY, maxRetries: 0 }).beta.files.upload(
        { file: await anthropicFile(Buffer.from('x'), 'a.txt') },
        { headers },
      );
    await expect(upload({ 'x-sluice-provider': 'openai' })).rejects.toMatchObject({ status: 404 });
    const others = await startGateway({
      config: {
        providers: { openai: { baseUrl: up('openai').baseUrl } },
        keys: [{ name: 'one', secret: KEY, routes: ['/*'] }],
      },
    });
    const refused = await upload({}, others.url).catch((error: unknown) => error);
    await others.close(0);
    expect(refused).toMatchObject({
      status: 404,
      error: { type: 'error', error: { message: expect.stringContaining('with the dialect anthropic-messages is needed') } },
    });
    expect(reached()).toEqual([]);
  });

  it("lists only the client's own files to Anthropic's client", async () => {
    up('anthropic').answer(whole('{"id":"file_mine","type":"file"}'));
    await anthropic().beta.files.upload({ file: await anthropicFile(Buffer.from('x'), 'a.txt') });
    up('anthropic').answer(
      whole('{"data":[{"id":"file_theirs"},{"id":"file_mine"}],"has_more":false,"first_id":"file_theirs","last_id":"file_mine"}'),
    );
    const { data } = await anthropic().beta.files.list({ limit: 5 });
    expect(data.map(({ id }) => id)).toEqual(['file_mine']);
    expect(up('anthropic').requests.at(-1)?.path).toBe('/v1/files?limit=1000');
  });

  it("routes message batches to Anthropic, and refuses a batch with another tenant's file", async () => {
    up('anthropic').answer(whole('{"id":"file_of_one","type":"file"}'));
    await anthropic().beta.files.upload({ file: await anthropicFile(Buffer.from('x'), 'a.txt') });
    const batch = (content: object[]) => ({
      requests: [
        { custom_id: 'a', params: { model: 'claude-haiku-4-5', max_tokens: 5, messages: [{ role: 'user' as const, content }] } },
      ],
    });
    const withFile = batch([{ type: 'document', source: { type: 'file', file_id: 'file_of_one' } }]);
    up('anthropic').answer(whole('{"id":"msgbatch_1","type":"message_batch"}'));
    expect((await send('POST', '/v1/messages/batches', withFile)).status).toBe(200);
    const refused = await send('POST', '/v1/messages/batches', withFile, { authorization: `Bearer ${KEY}-two` });
    expect([refused.status, JSON.parse(refused.text)]).toEqual([404, expect.objectContaining({ type: 'error' })]);
    up('anthropic').answer(whole('{"custom_id":"a"}\n', 200, { 'content-type': 'application/x-jsonl' }));
    expect((await send('GET', '/v1/messages/batches/msgbatch_1/results')).text).toBe('{"custom_id":"a"}\n');
    const paid = await send('POST', '/v1/messages/batches', batch([]), { authorization: `Bearer ${KEY}-paid` });
    expect(paid.status).toBe(403);
    expect(reached()).toEqual(['anthropic', 'anthropic', 'anthropic']);
  });

  it("routes Gemini's cached contents to Google under the provider's model name, with Gemini's form in lists and errors", async () => {
    up('google').answer(whole('{"name":"cachedContents/c-1","model":"models/gemini-2.5-flash"}'));
    const made = await google('POST', '/v1beta/cachedContents', { model: 'models/team/flash', contents: [] });
    expect(made.status).toBe(200);
    expect(up('google').requests.at(-1)).toMatchObject({
      path: '/v1/cachedContents',
      headers: { 'x-goog-api-key': 'sk-of-google' },
      body: '{"model":"models/gemini-2.5-flash","contents":[]}',
    });
    const path = '/v1beta/cachedContents/c-1';
    expect((await google('PATCH', `${path}?updateMask=ttl`, { ttl: '5s' })).status).toBe(200);
    expect(up('google').requests.at(-1)).toMatchObject({ method: 'PATCH', path: '/v1/cachedContents/c-1?updateMask=ttl' });
    const refused = await google('GET', path, undefined, `${KEY}-two`);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([404, { error: expect.objectContaining({ code: 404 }) }]);
    up('google').answer(
      whole('{"cachedContents":[{"name":"cachedContents/x"},{"name":"cachedContents/c-1"}],"nextPageToken":"t"}'),
    );
    const list = JSON.parse((await google('GET', '/v1beta/cachedContents?pageSize=2')).text);
    expect(list).toEqual({ cachedContents: [{ name: 'cachedContents/c-1' }], nextPageToken: 't' });
    up('google').answer(whole('{}'));
    expect((await google('DELETE', path)).status).toBe(200);
    expect((await google('GET', path)).status).toBe(404);
  });

  it("forwards an upload of Gemini's client through the gateway to its end", async () => {
    const secret = 'https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=abc&upload_protocol=resumable';
    up('google').answer(whole('', 200, { 'x-goog-upload-url': secret, 'x-goog-upload-status': 'active' }));
    const start = await send(
      'POST',
      '/upload/v1beta/files',
      { file: { displayName: 'x' } },
      {
        'x-goog-upload-protocol': 'resumable',
        'x-goog-upload-command': 'start',
        'x-goog-upload-header-content-length': '5',
      },
    );
    expect(up('google').requests.at(-1)).toMatchObject({
      path: '/upload/v1/files',
      headers: { 'x-goog-upload-command': 'start', 'x-goog-upload-header-content-length': '5' },
    });
    const own = start.headers.get('x-goog-upload-url') ?? '';
    expect(own).toBe(`${gateway.url}/upload/v1beta/files?upload_id=abc&upload_protocol=resumable`);
    const finish = (key: string) =>
      fetch(own, {
        method: 'POST',
        headers: { 'x-goog-api-key': key, 'x-goog-upload-command': 'upload, finalize', 'x-goog-upload-offset': '0' },
        body: 'bytes',
      });
    up('google').answer(whole('{"file":{"name":"files/f-1","uri":"https://x/files/f-1"}}'));
    expect((await finish(`${KEY}-two`)).status).toBe(404);
    expect((await finish(KEY)).status).toBe(200);
    expect(up('google').requests.at(-1)).toMatchObject({
      path: '/upload/v1/files?upload_id=abc&upload_protocol=resumable',
      body: 'bytes',
    });
    up('google').answer(whole('{"name":"files/f-1"}'));
    expect((await google('GET', '/v1beta/files/f-1')).status).toBe(200);
    expect((await google('GET', '/v1beta/files/f-1', undefined, `${KEY}-two`)).status).toBe(404);
  });

  it("routes Gemini's batches to the provider of the model in the path", async () => {
    up('google').answer(whole('{"name":"batches/b-1","metadata":{}}'));
    const body = { batch: { displayName: 'x', inputConfig: { requests: { requests: [] } } } };
    expect((await google('POST', '/v1beta/models/team%2Fflash:batchGenerateContent', body)).status).toBe(200);
    expect(up('google').requests.at(-1)?.path).toBe('/v1/models/gemini-2.5-flash:batchGenerateContent');
    up('google').answer(whole('{"name":"batches/b-1","response":{"responsesFile":"files/of-b-1"}}'));
    expect((await google('GET', '/v1beta/batches/b-1')).status).toBe(200);
    up('google').answer(whole('{"line":1}', 200, { 'content-type': 'application/jsonl' }));
    expect((await google('GET', '/v1beta/files/of-b-1:download?alt=media')).text).toBe('{"line":1}');
    expect(up('google').requests.at(-1)?.path).toBe('/v1/files/of-b-1:download?alt=media');
    expect((await google('GET', '/v1beta/files/of-b-1:download?alt=media', undefined, `${KEY}-two`)).status).toBe(404);
  });

  it('routes a request to the account that made its object, also for objects that refer to it', async () => {
    up('openai').answer(whole('{"id":"file-tuning","object":"file"}'));
    await openai().files.create({ file: await toFile(Buffer.from('x'), 'a.jsonl'), purpose: 'fine-tune' });
    up('openai').answer(whole('{"id":"ftjob-1","object":"fine_tuning.job"}'));
    // the first target of the model is at another provider
    await openai().fineTuning.jobs.create({ model: 'tuned', training_file: 'file-tuning' });
    expect(JSON.parse(up('openai').requests.at(-1)?.body ?? '')).toMatchObject({ model: 'gpt-4o-mini' });
    await openai().fineTuning.jobs.retrieve('ftjob-1');
    const elsewhere = openai().fineTuning.jobs.retrieve('ftjob-1', { headers: { 'x-sluice-provider': 'second' } });
    await expect(elsewhere).rejects.toMatchObject({ status: 404 });
    await expect(openai('-two').fineTuning.jobs.create({ model: 'tuned', training_file: 'file-tuning' })).rejects.toMatchObject({
      status: 404,
    });
    expect(reached()).toEqual(['openai', 'openai', 'openai']);
  });

  it('limits access to nested objects to the path through their parent', async () => {
    up('openai').answer(whole('{"id":"vs_1","object":"vector_store"}'));
    await openai().vectorStores.create({ name: 'x' });
    up('openai').answer(whole('{"id":"file-in-vs","object":"vector_store.file"}'));
    await openai().vectorStores.files.retrieve('file-in-vs', { vector_store_id: 'vs_1' });
    await expect(openai('-two').vectorStores.files.retrieve('file-in-vs', { vector_store_id: 'vs_1' })).rejects.toMatchObject({
      status: 404,
    });
    // the key retrieved the file and did not create it
    await expect(openai().files.retrieve('file-in-vs')).rejects.toMatchObject({ status: 404 });
    await expect(openai().vectorStores.files.create('vs_1', { file_id: 'file-of-nobody' })).rejects.toMatchObject({
      status: 404,
    });
    expect(reached()).toEqual(['openai', 'openai']);
  });

  it('gives the file of a completed upload to the tenant of the upload', async () => {
    up('openai').answer(whole('{"id":"upload_1","object":"upload"}'));
    await openai().uploads.create({ bytes: 1, filename: 'x', mime_type: 'text/plain', purpose: 'batch' });
    up('openai').answer(whole('{"id":"upload_1","object":"upload","file":{"id":"file-up","object":"file"}}'));
    await openai().uploads.complete('upload_1', { part_ids: ['part_1'] });
    await openai().files.retrieve('file-up');
    await expect(openai('-two').files.retrieve('file-up')).rejects.toMatchObject({ status: 404 });
  });

  it.each([
    ['POST', '/v1/files', { 'anthropic-version': '2023-06-01' }, 'unnamed', 403, 'permission_error'],
    ['POST', '/v1/images/edits', { 'anthropic-version': '2023-06-01' }, '', 404, 'another API'],
    ['POST', '/v1/files', { 'x-goog-api-key': 'x' }, '', 404, 'another API'],
    ['POST', '/v1/containers', {}, '', 404, "with 'containers' under its routes"],
    ['POST', '/v1/evals', {}, '', 404, 'dialect openai-chat or openai-responses'],
    ['POST', '/v1/threads', {}, '', 404, 'Use POST /v1/responses.'],
    ['POST', '/v1/realtime/client_secrets', {}, '', 404, 'client secret'],
    ['POST', '/v1/realtime/calls', {}, '', 404, 'WebSocket'],
    ['POST', '/v1/complete', { 'anthropic-version': '2023-06-01' }, '', 404, 'Use POST /v1/messages.'],
    ['POST', '/v1beta/tunedModels', {}, '', 404, 'directly'],
    ['POST', '/v1beta/models/veo:predictLongRunning', {}, '', 404, ':generateContent'],
  ] as const)('refuses %s %s with %j, and names what the call needs', async (method, path, headers, key, status, text) => {
    const answer = await send(method, path, method === 'POST' ? {} : undefined, {
      authorization: `Bearer ${KEY}${key === '' ? '' : `-${key}`}`,
      ...headers,
    });
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text)]);
    expect(reached()).toEqual([]);
  });

  it('keeps vendor routes from models of another vendor', async () => {
    const { status } = await send('POST', '/v1/images/generations', { model: 'claude', prompt: 'x' });
    expect([status, reached()]).toEqual([404, []]);
  });

  it("serves rerank in Cohere's and Jina's form", async () => {
    const documents = ['a', 'b'];
    const body = { model: 'ranked', query: 'q', documents, top_n: 1 };
    up('cohere').answer(whole('{"id":"r-1","results":[{"index":1,"relevance_score":0.5}],"meta":{}}'));
    const cohere = await send('POST', '/v2/rerank', body);
    expect(cohere.text).toBe('{"id":"r-1","results":[{"index":1,"relevance_score":0.5}],"meta":{}}');
    const jina = await send('POST', '/v1/rerank', { ...body, return_documents: true });
    expect(JSON.parse(jina.text)).toMatchObject({
      model: 'ranked',
      results: [{ index: 1, relevance_score: 0.5, document: { text: 'b' } }],
    });
    for (const { path, body: sent } of up('cohere').requests) {
      expect([path, JSON.parse(sent)]).toEqual(['/v1/rerank', { ...body, model: 'rerank-v3.5' }]);
    }
  });

  it.each([
    [{ openai: 'nothing' }, "passThrough.openai: there is no provider 'nothing'"],
    [{ anthropic: 'openai' }, "passThrough.anthropic: the provider 'openai' supports none of anthropic-messages"],
  ])('refuses the pass-through default %j', async (passThrough, message) => {
    const config = { providers: { openai: { baseUrl: 'http://127.0.0.1:9/v1' } }, passThrough };
    expect(() => checkConfig(config, 'test')).not.toThrow();
    await expect(startGateway({ config })).rejects.toThrow(message);
  });
});
