import type { ToolForm } from '@sluice/dialects';
import type { ModelProfile } from '../profiles/model-profile.ts';

/** The shaping of a request, and the data that restores its answer. */
export interface Shaping {
  readonly profile: ModelProfile;
  /** Whether the answer is streamed. */
  readonly stream: boolean;
  /** Names of optional parameters that the model does not accept. */
  readonly dropped: string[];
  /** The caller's tool names, by the shorter names that the model receives. */
  readonly toolNames: Map<string, string>;
  /** The original forms of tools that the model receives as functions, by the caller's names. */
  readonly toolForms: Map<string, ToolForm>;
  /** Stop sequences at which the gateway ends the text. */
  readonly stop: string[];
}
