import type { DialectName } from '@sluice/core';
import { BASE, BY_DIALECT } from './base.ts';
import { BEDROCK } from './bedrock.ts';
import { CALL_SIGNATURES } from './call-signatures.ts';
import { CLAUDE } from './claude.ts';
import { DEEPSEEK } from './deepseek.ts';
import { GEMINI } from './gemini.ts';
import { GPT } from './gpt.ts';
import { GROK } from './grok.ts';
import { KIMI } from './kimi.ts';
import { MISTRAL } from './mistral.ts';
import type { ModelProfile, ProfileOverride, ProfileRow } from './model-profile.ts';
import { OTHERS } from './others.ts';
import { QWEN } from './qwen.ts';
import { SERVERS } from './servers.ts';

/**
 * Families of models. The first matching row applies. The last row of a family is for its newest models and for unknown names.
 */
export const FAMILIES: readonly ProfileRow[] = [
  ...BEDROCK,
  ...CLAUDE,
  ...GEMINI,
  ...GPT,
  ...DEEPSEEK,
  ...KIMI,
  ...QWEN,
  ...MISTRAL,
  ...GROK,
  ...OTHERS,
];

/** The key of a profile. */
export interface ProfiledModel {
  /** The provider's name in the catalog. */
  readonly provider: string;
  readonly dialect: DialectName;
  /** The provider's own name of the model. */
  readonly model: string;
}

/** Returns the profile of a model: by its dialect, its server, its family, and the overrides of the configuration. */
export function profileOf(model: ProfiledModel, override: ProfileOverride = {}): ModelProfile {
  const server = SERVERS.find((row) => matches(row, model));
  const family = FAMILIES.find((row) => matches(row, model));
  const signatures = CALL_SIGNATURES.find((row) => matches(row, model));
  const rows = [server, family, signatures].map((row) => row?.profile ?? {});
  return [BY_DIALECT[model.dialect], ...rows, override].reduce(merged, BASE);
}

const matches = ({ providers, dialects, models }: ProfileRow, { provider, dialect, model }: ProfiledModel): boolean =>
  (providers?.includes(provider) ?? true) && (dialects?.includes(dialect) ?? true) && (models?.test(model) ?? true);

/** Merges a profile with a deviation, member by member. */
function merged(base: ModelProfile, over: ProfileOverride): ModelProfile {
  return {
    reasoning: replaced(base.reasoning, over.reasoning),
    sampling: replaced(base.sampling, over.sampling),
    callIds: replaced(base.callIds, over.callIds),
    toolNames: replaced(base.toolNames, over.toolNames),
    unsignedCalls: over.unsignedCalls ?? base.unsignedCalls,
    callSignatures: over.callSignatures ?? base.callSignatures,
    images: replaced(base.images, over.images),
    schemas: replaced(base.schemas, over.schemas),
    roles: replaced(base.roles, over.roles),
    stop: replaced(base.stop, over.stop),
    user: replaced(base.user, over.user),
    tools: replaced(base.tools, over.tools),
    streamOptions: over.streamOptions ?? base.streamOptions,
    cacheMarks: over.cacheMarks ?? base.cacheMarks,
  };
}

/** Replaces members with a value. A configuration has undefined for members without one. */
function replaced<T extends object>(base: T, over: { readonly [K in keyof T]?: T[K] | undefined } = {}): T {
  return Object.assign({ ...base }, Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined)));
}
