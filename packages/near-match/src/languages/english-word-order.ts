import { type WordOrder, wordSet } from '../language.ts';

/** The rule of word order in English. */
export const ENGLISH_WORD_ORDER: WordOrder = {
  prepositions: wordSet('in on at for during'),
  purpose: wordSet('to'),
  beforePurpose: wordSet('need do bring use'),
  orderMatters: wordSet(`
    not no never none nothing nobody without except unless only even also too just still again always already more less most least
    than as that which who whom whose if because since while after before until and or but nor though although
    with from to of about by into onto between through over under near against per via like within towards
    explain justify define prove show list compare report describe discuss mention photograph film remember forget call phone meet contact message complain read watch hear see
    know believe think claim blame thank ask inform write email
    made bought written sent given taken sold found paid held built kept seen known shown lost stolen born grown worn caught
    friend friends wife husband partner man woman men women someone somebody anyone everyone people person child children kid kids
    customer customers user users employee employees patient patients colleague colleagues boss son daughter mother father
    brother sister parents family tenant tenants student students guest guests manager teacher doctor nurse owner driver agent lawyer landlord staff member members passenger company companies house property land`),
  participle: /^[a-z]{3,}(?:ed|ing)$/,
};
