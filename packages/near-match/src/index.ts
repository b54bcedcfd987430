export { MAX_CHARACTERS } from './clean-text.ts';
export { languages, normalForm, rulesVersion } from './normal-form.ts';
