import { type LlmCall, LlmError } from '@sluice/core';
import { DIALECTS, type Dialect, isLarge, wellFormed } from '@sluice/dialects';
import { applyQuirks, type Quirks } from './quirks.ts';

/**
 * A call's request as a provider of another dialect wants it. What was a wish and cannot be said is noted in the call's facts.
 *
 * @throws LlmError `invalid_request` with the field that cannot be said, or that is wrong
 */
export function translateRequest(call: LlmCall, to: Dialect, model: string, quirks?: Quirks): Buffer {
  const caller = DIALECTS[call.dialect];
  const asked = caller.readRequest(call.message.json());
  const most = answerLimit(call);
  const neutral = most === undefined ? asked : { ...asked, maxTokens: Math.min(asked.maxTokens ?? most, most) };
  const written = inWordsOf(caller, () => to.writeRequest(neutral, model, call.message.view().stream));
  const { body, dropped } = quirks === undefined || to.name !== 'openai-chat' ? written : applyQuirks(written, quirks);
  call.facts.dropped = dropped.map((name) => caller.fieldNames[name] ?? name);
  return Buffer.from(JSON.stringify(isLarge(call.message.bytes) ? wellFormed(body) : body));
}

/** The most tokens that each answer of a call may have for what its budget has granted; undefined where it pays for any answer. */
export function answerLimit({ outputLimit, message }: LlmCall): number | undefined {
  return outputLimit === undefined ? undefined : Math.max(1, Math.floor(outputLimit / (message.view().answers ?? 1)));
}

/** A refusal names the field as the caller knows it. */
function inWordsOf<T>(caller: Dialect, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const name = error instanceof LlmError && error.param !== undefined ? caller.fieldNames[error.param] : undefined;
    if (!(error instanceof LlmError) || name === undefined) throw error;
    throw new LlmError(error.code, error.message.replace(`'${error.param}'`, `'${name}'`), { param: name, cause: error });
  }
}
