import type { Response } from 'openai/resources/responses/responses';
import { asString, type JsonObject, member } from '../neutral/read-json.ts';
import type { FinishReason } from '../neutral/reply.ts';

/**
 * Reads the finish reason. This format reports the end in its status, the cause of an incomplete response in a separate field,
 * and tool calls only as output items.
 */
export function readFinish(response: JsonObject, calls: boolean): FinishReason {
  if (response['status'] !== 'incomplete') return calls ? 'tool_calls' : 'stop';
  switch (asString(member(response['incomplete_details'], 'reason'))) {
    case 'content_filter':
      return 'refusal';
    case 'max_output_tokens':
    case 'max_tokens':
      return 'length';
    default:
      return 'stop';
  }
}

export function writeFinish(reason: FinishReason): Pick<Response, 'incomplete_details'> & { status: 'completed' | 'incomplete' } {
  if (reason === 'length') return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  if (reason === 'refusal') return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  return { status: 'completed', incomplete_details: null };
}
