/** Prompt that requests JSON if the wire format has no field for it. */
export const JSON_SENTENCE = 'Answer with one JSON object and nothing else: no text before or after it, and no code fence.';
