import type { ToolForm } from '@sluice/dialects';
import type { ModelProfile } from '../profiles/model-profile.ts';

/** What becomes of a request on its way to a model, and what its answer needs for the way back. */
export interface Shaping {
  readonly profile: ModelProfile;
  /** Whether the answer is streamed. */
  readonly stream: boolean;
  /** Names of optional parameters that the model does not accept. */
  readonly dropped: string[];
  /** The caller's names of tools, by the shorter ones that the model gets. */
  readonly toolNames: Map<string, string>;
  /** The forms of tools that the model gets as functions, by the caller's names. */
  readonly toolForms: Map<string, ToolForm>;
  /** Stop sequences at which the gateway ends the text. */
  readonly stop: string[];
}
