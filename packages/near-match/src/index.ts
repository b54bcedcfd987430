export { MAX_CHARACTERS } from './clean-text.ts';
export { type Comparison, compareQuestions, comparisonWith, type Veto } from './guards/compare-questions.ts';
export { languages, normalForm, rulesVersion } from './normal-form.ts';
