import { wordList, wordMap } from '../language.ts';

/** Contractions of "not" with and without their apostrophe; "cant" and "wont" are rare as words of their own. */
const NEGATED = wordMap(`
  don't:do doesn't:does didn't:did isn't:is aren't:are wasn't:was weren't:were wouldn't:would shouldn't:should couldn't:could
  hasn't:has haven't:have hadn't:had mustn't:must needn't:need can't:can cannot:can won't:will`);

/** Contractions of a pronoun or question word. "I'd" stays: it is "I would" or "I had". */
const JOINED = wordMap(`
  what's:is where's:is how's:is when's:is who's:is why's:is that's:is there's:is here's:is it's:is he's:is she's:is
  i'm:am you're:are we're:are they're:are i've:have you've:have we've:have they've:have
  i'll:will you'll:will we'll:will they'll:will it'll:will he'll:will she'll:will let's:us`);

/** Contractions that are words of their own without the apostrophe: "were", "ill", "well", "hell", "shell", "its", "lets". */
const NEEDS_APOSTROPHE = new Set(["we're", "i'll", "we'll", "he'll", "she'll", "it's", "let's"]);

function contractions(): Map<string, readonly string[]> {
  const all = new Map<string, readonly string[]>();
  for (const [short, auxiliary] of NEGATED) {
    all.set(short, [auxiliary, 'not']);
    all.set(short.replace("'", ''), [auxiliary, 'not']);
  }
  for (const [short, second] of JOINED) {
    const first = short.slice(0, short.indexOf("'"));
    all.set(short, [first, second]);
    if (!NEEDS_APOSTROPHE.has(short)) all.set(short.replace("'", ''), [first, second]);
  }
  return all;
}

/** British spellings and their American ones. Only pairs with one sense: not "cheque", "tyre", "programme", "storey", "metre". */
const BRITISH = wordMap(`
  colour:color colours:colors coloured:colored favourite:favorite favourites:favorites neighbour:neighbor neighbours:neighbors
  behaviour:behavior behaviours:behaviors honour:honor labour:labor flavour:flavor flavours:flavors humour:humor rumour:rumor
  harbour:harbor odour:odor vapour:vapor armour:armor tumour:tumor centre:center centres:centers theatre:theater
  theatres:theaters fibre:fiber litre:liter litres:liters kilometre:kilometer kilometres:kilometers
  centimetre:centimeter centimetres:centimeters millimetre:millimeter millimetres:millimeters
  organise:organize organised:organized organising:organizing organisation:organization organisations:organizations
  recognise:recognize recognised:recognized realise:realize optimise:optimize optimised:optimized optimising:optimizing
  customise:customize customised:customized personalise:personalize authorise:authorize authorised:authorized
  categorise:categorize minimise:minimize maximise:maximize initialise:initialize serialise:serialize
  visualise:visualize analyse:analyze analysed:analyzed analysing:analyzing apologise:apologize prioritise:prioritize
  cancelled:canceled cancelling:canceling travelled:traveled travelling:traveling traveller:traveler travellers:travelers
  modelling:modeling labelled:labeled fuelled:fueled counsellor:counselor jewellery:jewelry grey:gray mould:mold
  mouldy:moldy moustache:mustache pyjamas:pajamas aluminium:aluminum aeroplane:airplane catalogue:catalog defence:defense
  offence:offense licence:license licences:licenses enrol:enroll enrolment:enrollment fulfil:fulfill instalment:installment
  instalments:installments skilful:skillful anaemia:anemia diarrhoea:diarrhea oesophagus:esophagus paediatrician:pediatrician
  wi-fi:wifi e-mail:email e-mails:emails`);

/** Forms of person, which follow from the subject. Tense and the number of nouns stay. */
const AGREEMENT = wordMap(`
  are:is am:is were:was has:have does:do takes:take costs:cost opens:open closes:close expires:expire happens:happen
  includes:include allows:allow accepts:accept requires:require contains:contain applies:apply provides:provide
  becomes:become gives:give sells:sell belongs:belong depends:depend exists:exist seems:seem knows:know
  weighs:weigh arrives:arrive begins:begin`);

/** Whether a noun or verb, these spellings are one word. */
const VARIANTS = new Map(wordList('okay:ok pls:please plz:please thx:thanks').map((pair) => pair.split(':') as [string, string]));

export const ENGLISH_CONTRACTIONS: ReadonlyMap<string, readonly string[]> = contractions();

export const ENGLISH_REPLACEMENTS: ReadonlyMap<string, string> = new Map([...BRITISH, ...AGREEMENT, ...VARIANTS]);
