import { droppedParameters, type LlmCall, type LlmReply, type Money, type Usage } from '@sluice/core';
import { servedBy } from '../routing/served-by.ts';
import { markServed, replayedEntry } from './replayed-entry.ts';
import type { SharedResponse } from './shared-call.ts';

/**
 * Returns the response of a shared call for one of its followers, which costs nothing.
 *
 * @param leader the call that was made; undefined if another replica has made it
 * @returns undefined if the beginning of the response is no longer available
 */
export function followedReply(
  call: LlmCall,
  key: string,
  response: SharedResponse,
  leader: LlmCall | undefined,
): LlmReply | undefined {
  switch (response.kind) {
    case 'entry':
      return replayedEntry(call, response.entry, { state: 'coalesced', key, nowMs: response.entry.storedAtMs });
    case 'whole': {
      mark(call, key, leader, response.reply.usage);
      return response.reply;
    }
    case 'stream': {
      const stream = response.stream.follow();
      if (stream === undefined) return undefined;
      mark(call, key, leader, undefined);
      // the cost of the leader is known at the end
      stream.onEnd(({ usage }) => mark(call, key, leader, usage));
      return { ...response.head, stream };
    }
  }
}

function mark(call: LlmCall, key: string, leader: LlmCall | undefined, usage: Usage | undefined): void {
  const target = leader === undefined ? undefined : servedBy.get(leader);
  const dropped = leader === undefined ? [] : droppedParameters.get(leader);
  const cost: Money | undefined = leader?.context.account.cost;
  markServed(
    call,
    { state: 'coalesced', key, entry: { ageS: 0, ttlS: 0, cost } },
    {
      provider: target?.provider ?? '',
      providerModel: target?.model ?? '',
      dropped: dropped.length === 0 ? undefined : dropped,
      usage: usage ?? leader?.context.account.usage,
      cost,
    },
  );
}
