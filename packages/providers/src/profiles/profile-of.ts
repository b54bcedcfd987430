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

/** Families of models: the first row that matches holds. A family's last row is its newest models, and those of unknown names. */
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

/** A model as its profile is looked up. */
export interface ProfiledModel {
  /** The provider's name in the catalog. */
  readonly provider: string;
  readonly dialect: DialectName;
  /** The provider's own name of the model. */
  readonly model: string;
}

/** Returns what a model accepts: as its dialect, its server and its family have it, and as the configuration overrides it. */
export function profileOf(asked: ProfiledModel, override: ProfileOverride = {}): ModelProfile {
  const server = SERVERS.find((row) => matches(row, asked));
  const family = FAMILIES.find((row) => matches(row, asked));
  const signatures = CALL_SIGNATURES.find((row) => matches(row, asked));
  const rows = [server, family, signatures].map((row) => row?.profile ?? {});
  return [BY_DIALECT[asked.dialect], ...rows, override].reduce(merged, BASE);
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

/** A configuration has undefined for members without a value. */
function replaced<T extends object>(base: T, over: { readonly [K in keyof T]?: T[K] | undefined } = {}): T {
  return Object.assign({ ...base }, Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined)));
}
