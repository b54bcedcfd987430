import type { NeutralRequest } from '@sluice/dialects';
import type { ModelProfile } from '../profiles/model-profile.ts';
import { shapeCallIds } from './shape-call-ids.ts';
import { shapeParts } from './shape-parts.ts';
import { shapeReasoning } from './shape-reasoning.ts';
import { shapeResults } from './shape-results.ts';
import { shapeSampling } from './shape-sampling.ts';
import { shapeSchemas } from './shape-schemas.ts';
import { shapeStop } from './shape-stop.ts';
import { shapeToolForms } from './shape-tool-forms.ts';
import { shapeToolNames } from './shape-tool-names.ts';
import { shapeToolUse } from './shape-tool-use.ts';
import { shapeTools } from './shape-tools.ts';
import { shapeTurns } from './shape-turns.ts';
import { shapeUser } from './shape-user.ts';
import type { Shaping } from './shaping.ts';

type Step = (request: NeutralRequest, shaping: Shaping) => NeutralRequest;

/**
 * The steps in order: tools are declared before their names and schemas are shaped, and messages are ordered after their parts.
 */
const STEPS: readonly Step[] = [
  shapeParts,
  shapeResults,
  shapeToolUse,
  shapeTurns,
  shapeTools,
  shapeToolForms,
  shapeSchemas,
  shapeToolNames,
  shapeCallIds,
  shapeReasoning,
  shapeSampling,
  shapeStop,
  shapeUser,
];

/**
 * Shapes a request into a form that its model accepts, between the intermediate representation and the writer of the provider's
 * dialect.
 *
 * @throws LlmError `invalid_request` for a part that the model refuses and the answer depends on
 */
export function shapeRequest(
  request: NeutralRequest,
  profile: ModelProfile,
  stream: boolean,
): { readonly request: NeutralRequest; readonly shaping: Shaping } {
  const shaping: Shaping = { profile, stream, dropped: [], toolNames: new Map(), toolForms: new Map(), stop: [] };
  return { request: STEPS.reduce((shaped, step) => step(shaped, shaping), request), shaping };
}
