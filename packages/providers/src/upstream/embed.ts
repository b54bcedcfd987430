import { bufferOf, droppedParameters, type LlmCall, type LlmReply } from '@sluice/core';
import { DIALECTS, EMBEDDINGS, embeddingsBeside } from '@sluice/dialects';
import { Embeddings } from '../answers/embeddings.ts';
import type { ProviderContext, UpstreamModel } from './provider-context.ts';

/** Sends a request for embeddings. A caller of another dialect gets its answer translated. */
export function embed(context: ProviderContext, call: LlmCall, { name: model, bodyTimeoutMs }: UpstreamModel): Promise<LlmReply> {
  const { options, endpoint, transport } = context;
  const provider = options.embeddings;
  const caller = embeddingsBeside(call.dialect);
  if (provider === undefined || caller === undefined) return context.unsupported(call);
  const same = caller === provider;
  const request = call.message.json();
  const batch = same ? request['requests'] !== undefined : true;
  let bytes: Buffer;
  if (same) bytes = bufferOf(call.message.forUpstream({ model, streamUsage: false }));
  else {
    const { body, dropped } = EMBEDDINGS[provider].writeRequest(EMBEDDINGS[caller].readRequest(request), model);
    droppedParameters.set(call, dropped);
    bytes = Buffer.from(JSON.stringify(body));
  }
  const path = endpoint.otherPath(EMBEDDINGS[provider].path(model, batch), model, options);
  const [dialect] = options.dialects;
  return transport.send(call, bodyTimeoutMs, {
    method: 'POST',
    path,
    base: transport.embeddingsBase,
    body: bytes,
    headers: transport.headers(call, DIALECTS[dialect ?? 'openai-chat'], same),
    passedHeaders: ['retry-after'],
    answer: new Embeddings({ call, caller, provider, model }),
  });
}
