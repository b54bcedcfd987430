import { droppedParameters, type LlmCall, LlmError } from '@sluice/core';
import { DIALECTS, type Dialect, isLarge, ReplyRestorer, wellFormed } from '@sluice/dialects';
import type { LearnedFields } from './learned-fields.ts';
import type { ModelProfile } from './profiles/model-profile.ts';
import { applyQuirks, type Quirks } from './quirks.ts';
import { shapeRequest } from './shaping/shape-request.ts';

/** Maximum number of names that a header shows. */
const MAX_DROPPED = 32;

export interface TranslationOptions {
  /** The provider's dialect. */
  readonly to: Dialect;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly profile: ModelProfile;
  readonly quirks?: Quirks | undefined;
  /** Fields that the model has refused before. */
  readonly learned?: LearnedFields | undefined;
}

export interface TranslatedRequest {
  readonly bytes: Buffer;
  /**
   * Restores in the answer what the model could not accept in the request. Undefined if the request lost nothing and offers no
   * tools.
   */
  readonly restorer: ReplyRestorer | undefined;
}

/**
 * Writes a call's request for a provider of another dialect, by the model's profile. Dropped optional parameters are noted in
 * the call's `droppedParameters`.
 *
 * @throws LlmError `invalid_request` with the field that is unsupported or invalid
 */
export function translateRequest(call: LlmCall, options: TranslationOptions): TranslatedRequest {
  const { to, model, profile, quirks, learned } = options;
  const caller = DIALECTS[call.dialect];
  const read = caller.readRequest(call.message.json());
  const limit = answerLimit(call);
  const neutral = limit === undefined ? read : { ...read, maxTokens: Math.min(read.maxTokens ?? limit, limit) };
  const { body, dropped, shaping, offered } = withCallerFieldNames(caller, () => {
    const { stream } = call.message.view();
    const shaped = shapeRequest(neutral, profile, stream);
    const written = to.writeRequest(shaped.request, model, stream);
    return { ...written, shaping: shaped.shaping, offered: shaped.request.tools?.map(({ name }) => name) ?? [] };
  });
  const own =
    to.name === 'openai-chat' ? applyQuirks({ body, dropped }, { ...quirks, ...quirksOf(profile, quirks) }) : { body, dropped };
  const taken = learned?.apply(own.body) ?? { body: own.body, dropped: [] };
  const names = [...shaping.dropped, ...own.dropped, ...taken.dropped].map((name) => caller.fieldNames[name] ?? name);
  droppedParameters.set(call, [...new Set(names)].slice(0, MAX_DROPPED));
  const { toolNames, toolForms, stop } = shaping;
  const isUnchanged = toolNames.size === 0 && stop.length === 0 && offered.length === 0;
  const restorer = isUnchanged ? undefined : new ReplyRestorer({ toolNames, toolForms, stop, offered: new Set(offered) });
  return { bytes: Buffer.from(JSON.stringify(isLarge(call.message.bytes) ? wellFormed(taken.body) : taken.body)), restorer };
}

const quirksOf = ({ streamOptions }: ModelProfile, quirks: Quirks | undefined): Quirks =>
  streamOptions ? {} : { drop: [...(quirks?.drop ?? []), 'stream_options'] };

/** Returns the maximum output tokens of each answer that the granted budget pays for. Undefined if it pays for any answer. */
export function answerLimit({ outputLimit, message }: LlmCall): number | undefined {
  return outputLimit === undefined ? undefined : Math.max(1, Math.floor(outputLimit / (message.view().answers ?? 1)));
}

/** Replaces a field name in an error by the caller's name for it. */
function withCallerFieldNames<T>(caller: Dialect, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const name = error instanceof LlmError && error.param !== undefined ? caller.fieldNames[error.param] : undefined;
    if (!(error instanceof LlmError) || name === undefined) throw error;
    throw new LlmError(error.code, error.message.replace(`'${error.param}'`, `'${name}'`), { param: name, cause: error });
  }
}
