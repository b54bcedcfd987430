import { z } from 'zod';

const nameRule = z.strictObject({
  characters: z.enum(['any', 'word', 'alphanumeric']).optional(),
  maxLength: z.number().int().min(9).optional(),
  exactLength: z.number().int().min(6).max(64).optional(),
});

const effort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']);

/** Differences between a model and the profile of its family. Every field is optional, also inside the sections. */
export const profile = z.strictObject({
  reasoning: z
    .strictObject({
      form: z.enum(['dialect', 'effort', 'budget', 'adaptive', 'level', 'thinking', 'switch', 'split', 'none']).optional(),
      efforts: z.array(effort).min(1).optional(),
      minBudget: z.number().int().nonnegative().optional(),
      maxBudget: z.number().int().positive().optional(),
      usualBudget: z.number().int().positive().optional(),
      withForcedTool: z.boolean().optional(),
      wholeAnswers: z.boolean().optional(),
      returned: z.enum(['optional', 'with_calls']).optional(),
    })
    .optional(),
  sampling: z
    .strictObject({
      accepts: z.enum(['both', 'one', 'none']).optional(),
      maxTemperature: z.number().positive().optional(),
      topK: z.boolean().optional(),
      penalties: z.boolean().optional(),
    })
    .optional(),
  callIds: nameRule.optional(),
  toolNames: nameRule.optional(),
  unsignedCalls: z.enum(['accepted', 'skip_marker']).optional(),
  callSignatures: z.enum(['extra_content', 'reasoning_details', 'refused']).optional(),
  images: z
    .strictObject({
      types: z
        .array(z.string().regex(/^image\/[\w.+-]+$/))
        .min(1)
        .optional(),
    })
    .optional(),
  schemas: z
    .strictObject({
      topLevelUnions: z.boolean().optional(),
      unsupported: z.array(z.string().min(1)).optional(),
      closed: z.boolean().optional(),
      answers: z.enum(['schema', 'json', 'sentence']).optional(),
    })
    .optional(),
  roles: z
    .strictObject({
      system: z.enum(['anywhere', 'first']).optional(),
      alternate: z.boolean().optional(),
      userFirst: z.boolean().optional(),
      userAfterTool: z.boolean().optional(),
      assistantLast: z.boolean().optional(),
    })
    .optional(),
  stop: z
    .strictObject({
      accepts: z.enum(['all', 'visible', 'none']).optional(),
      max: z.number().int().nonnegative().optional(),
    })
    .optional(),
  user: z
    .strictObject({
      maxLength: z.number().int().positive().optional(),
      emails: z.boolean().optional(),
    })
    .optional(),
  tools: z
    .strictObject({
      declaredForHistory: z.boolean().optional(),
      choiceOfNone: z.boolean().optional(),
      accepted: z.boolean().optional(),
      forced: z.boolean().optional(),
      single: z.boolean().optional(),
      custom: z.boolean().optional(),
    })
    .optional(),
  streamOptions: z.boolean().optional(),
  cacheMarks: z.boolean().optional(),
});
