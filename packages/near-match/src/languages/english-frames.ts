import { type Frames, sequences, wordSet } from '../language.ts';

/** Polite words of English. Without "yes", "ok" and "yeah": they may accept an offer of the turn before. */
export const ENGLISH_FRAMES: Frames = {
  openings: sequences(`
    hi, hello, hey, hiya, hi there, hello there, hey there, hi all, hi everyone, hi team, hello team, hi folks, good morning,
    good afternoon, good evening, good day, morning ., afternoon ., evening ., dear team, dear support, dear sir or madam,
    excuse me, sorry, so sorry, sorry to bother you, quick question, quick one, one quick question, a quick question, just a quick question,
    silly question, stupid question, i have a question, i have a quick question, i have one question, got a quick question,
    just wondering, i was wondering, i was just wondering, ok so, so`),
  bareOpenings: wordSet('hi hello hey hiya question wondering so sorry'),
  hesitations: wordSet('um umm uh uhh erm hmm'),
  joiners: wordSet('but'),
  requests: sequences(`
    tell me, please tell me, can you tell me, could you tell me, would you tell me, can you please tell me,
    could you please tell me, would you please tell me, can you kindly tell me, could you kindly tell me, i want to know,
    i need to know, i would like to know, i'd like to know, i wanted to know, i want to ask, i wanted to ask, i would like to ask`),
  requested: wordSet('how what where why who which whose'),
  courtesy: wordSet('please pls plz'),
  closings: sequences(`
    please, pls, plz, thanks, thank you, thx, many thanks, thanks a lot, thank you very much, thank you so much, thanks so much,
    thanks very much, thanks in advance, many thanks in advance, thank you in advance, thanks again, thanks a million`),
  brokenClosings: sequences('cheers, ta, much appreciated, sorry'),
  keepClosingAfter: wordSet(`
    say says said saying give gives giving send sends sending express expressing mean means meaning type write writing wrote use using
    show showing sign add adding reply answer respond accept no any many few enough called titled named hear heard word words
    want like love hate get got card note letter message song poem speech day`),
  requestVerbs: wordSet(`
    add arrange book calculate cancel change check compare convert create delete describe email explain find fix generate give
    help list make move open order play read remind remove rename reserve schedule send set show start stop suggest track
    transfer turn update write`),
};
