import type { LlmCall, LlmReply } from '@sluice/core';
import { countingOf, type Dialect, estimateTokens, type UpstreamRequestInfo } from '@sluice/dialects';
import { countReply, TokenCount } from '../answers/token-count.ts';
import { passRequest } from '../pass-request.ts';
import { shapeRequest } from '../shaping/shape-request.ts';
import type { ProviderContext, UpstreamModel } from './provider-context.ts';

/** Counts the tokens of a prompt: by the provider if it can, else by an estimate with a note. */
export function countTokens(context: ProviderContext, call: LlmCall, model: UpstreamModel): Promise<LlmReply> | LlmReply {
  const { options, endpoint, transport } = context;
  const { name, bodyTimeoutMs } = model;
  const dialect = context.dialectFor(call);
  const same = call.dialect === dialect.name;
  const info: UpstreamRequestInfo = { operation: 'count_tokens', model: name, stream: false, framing: 'sse' };
  const path = endpoint.path(info, dialect, options);
  const counting = countingOf(dialect.name);
  const request = (): ReturnType<Dialect['readRequest']> => {
    const read = countingOf(call.dialect)?.read(call.message.json());
    return read ?? context.unsupported(call);
  };
  if (path === undefined || counting === undefined) return estimatedCount(call, estimateTokens(request()));
  const profile = context.profileFor(model, dialect);
  const bytes = same
    ? passRequest(call, { to: dialect, model: name, profile, quirks: options.quirks, streamUsage: false }).bytes
    : Buffer.from(JSON.stringify(counting.write(shapeRequest(request(), profile, false).request, name)));
  return transport.send(call, bodyTimeoutMs, {
    method: 'POST',
    path,
    body: endpoint.body(bytes, info),
    headers: transport.headers(call, dialect, same),
    passedHeaders: dialect.passedHeaders,
    answer: new TokenCount(call, dialect),
  });
}

/** Returns a local estimate. The response carries `x-sluice-estimated: tokens`. */
function estimatedCount(call: LlmCall, tokens: number): LlmReply {
  return countReply(call, tokens, { status: 200, contentType: 'application/json', headers: { 'x-sluice-estimated': 'tokens' } });
}
