import { type Language, sequences, wordList, wordSet } from '../language.ts';
import { ENGLISH_FRAMES } from './english-frames.ts';
import { ENGLISH_LOOKALIKES } from './english-lookalikes.ts';
import { ENGLISH_CONTRACTIONS, ENGLISH_REPLACEMENTS } from './english-spelling.ts';
import { ENGLISH_COMMON_WORDS } from './english-vocabulary.ts';
import { ENGLISH_WORD_ORDER } from './english-word-order.ts';

const QUESTION_WORDS = 'who whom whose what which when where why how';
const AUXILIARIES = 'is are am was were do does did have has had can could will would shall should may might must isn aren ought';
const PRONOUNS = 'i you he she it we they there';
const DETERMINERS = 'a an the my your his her its our their this that these those';
const NEGATIONS = 'not no never none nor neither nothing nobody nowhere without';
const PREPOSITIONS =
  'in on at for from to into onto of off with by about between among through during before after over under above below near against per via as like than up down out until since within';
const CONJUNCTIONS = 'and or but if whether because so while though although unless then else';
const QUANTITIES =
  'all any some every each both either much many more most less least few little several other another same only also just even too very again still already ever yet';
const OTHERS =
  'me him us them mine yours ours theirs myself yourself be been being here now today ok okay yes yeah hi hello hey thanks thank please';

/** Words that describe a state or a habit, not a method: "how do I look" is not "how can I look". */
const STATIVE_VERBS = wordSet(`
  look feel sound seem appear compare come do rank score smell taste stand rate differ like love know perform fit qualify be have hear
  mean matter currently usually normally already still often actually ever even best not never only also just rather help`);

/** Words by which "how to" is of people in general: "how to train your dog" is not "how do I train your dog". */
const GENERIC_PERSON = wordSet('you your yours yourself one ones oneself');

const HOW: readonly [string, string][] = [
  ['how can i', 'how i'],
  ['how i can', 'how i'],
];

const START_PHRASES: readonly [string, string][] = [
  ['have you got', 'do you have'],
  ['have we got', 'do we have'],
  ['where can i find', 'where do i find'],
  ['where can i buy', 'where do i buy'],
  ['where can i download', 'where do i download'],
  ['who should i contact', 'who do i contact'],
  ['who should i speak to', 'who do i speak to'],
  ['who should i talk to', 'who do i talk to'],
  ['whom do i contact', 'who do i contact'],
  ['whom should i contact', 'who do i contact'],
];

/** A noun of relation with its complement has one referent, with or without the article: "the capital of". */
const RELATIONS = `capital of, population of, price of, cost of, meaning of, definition of, currency of, boiling point of,
  melting point of, phone number of, address of, purpose of, symptoms of, side effects of, causes of, benefits of, advantages of,
  disadvantages of, difference between, differences between, distance between`;

const phrase = ([from, to]: readonly [string, string]) => ({ from: wordList(from), to: wordList(to) });

/** English, British and American. */
export const english: Language = {
  code: 'en',
  questionWords: wordSet(QUESTION_WORDS),
  auxiliaries: wordSet(AUXILIARIES),
  pronouns: wordSet(PRONOUNS),
  determiners: wordSet(DETERMINERS),
  negations: wordSet(NEGATIONS),
  functionWords: wordSet(
    [QUESTION_WORDS, AUXILIARIES, PRONOUNS, DETERMINERS, NEGATIONS, PREPOSITIONS, CONJUNCTIONS, QUANTITIES, OTHERS].join(' '),
  ),
  evidence: wordSet(
    'the of what how my for with does where when why who which you your from should would could there have and is can',
  ),
  wordTasks: wordSet(`
    translate translated translating translation rewrite rephrase paraphrase proofread summarise summarize spell spells spelled
    spelt spelling misspelled misspelt typo typos pronounce pronounced pronunciation say says said saying reverse reversed lowercase uppercase capitalise capitalize capitalised capitalized grammar grammatical rhyme rhymes anagram palindrome synonym
    synonyms antonym antonyms abbreviation acronym punctuation apostrophe comma hyphen vowel vowels consonant syllable syllables
    sentence sentences lyrics lyric chords song songs sang sings letters slang
    word words phrase verb noun plural singular tense hashtag regex`),
  naming: wordSet('called named name names username nickname handle brand surname trademark slogan hashtag'),
  caseSensitive: wordSet(`
    her him them up yes now us it who may will mark bill march august polish turkey china japan jordan chad cuba guinea chile
    reading bath nice cork orange apple target gap shell visa amazon windows word excel access outlook teams go rust swift
    ruby basic java python scratch r c node ada julia dart crystal elm rose grace hope faith joy lily daisy violet iris ivy
    olive pearl jade amber frank jack rob pat sue art drew grant rich dick john bob nick peter max ray dean earl duke king
    prince bishop pope major black white brown green gray grey sharp power wood field hill lake banks brooks waters rivers
    stone bush ford lincoln dodge fiat seat mini smart jaguar mercury saturn mars earth sun moon god lord bible aids pin sim
    gas led ram rom cat hat pet api bit ace gem ice mat pod rag sat sea sum tap tip lime snap slack zoom meet chrome edge
    safari opera brave signal discord steam uber dove tide ariel bounty galaxy twitter lens echo alexa siri cortana finish
    swiss welsh dutch danish lent easter job ruth mass mali niger georgia wales hawk pound sterling rand yen democrat
    republican liberal conservative labour independent catholic orthodox roman scot state congress house cabinet cars frozen
    alien aliens psycho jaws rocky joker gravity coco soul tangled moana saw caterpillar puma lotus oracle monster indeed
    stripe bolt bumble tinder hinge nest blink virgin sky boots subway staples oyster beetle golf polo fiesta mustang explorer
    expedition accord civic pilot leaf sentra rogue frontier titan outback forester impreza cayenne panda punto mondeo battle
    rugby hull split hamburg cologne phoenix buffalo orlando independence bordeaux bologna panama wellington champagne cheddar
    ware wells crewe rye bury barking epping tooting poole hove june april sunny holly hazel heather ginger rusty buddy angel
    christian dawn eve carol penny robin martin jay gene guy miles hunter carter cooper mason taylor turner baker fisher
    parker walker porter butler chase chance drake colt cliff glen heath dale wade barry bart nova impala corona blur oasis
    kiss rush genesis pulp suede skype keynote tik notion linear monday asana figma sketch spring django flask rails react
    angular vue spark hive pig kafka flink hue sonic mario halo doom destiny portal limbo valorant sims lightning thunder
    costco`),
  alsoNames: wordSet(`
    next match deal sale focus ring square storm dream fever heat hole garbage rain journey escape control legacy surprise express
    settle native insight signs speed three forest winter summer autumn smart whole foods dawn nova tool train inside pages
    numbers notes maps reminders photos messages contacts clock music home health light lightning house seven eight nine ten
    little big great good best better first last new old happy sad dark bright gold silver blue pink purple yellow red
    love life death day night man woman boy girl dog fish bird lion wolf bear fox eagle hawk duck swan king queen
    fire ice wind snow cloud sky star lost found gone home away stay`),
  irregularNouns: wordSet('child children man men woman women people wife today tomorrow yesterday'),
  brands: wordSet(`
    iphone ipad imac ios macos youtube github gitlab paypal whatsapp linkedin ebay wifi wi-fi javascript typescript postgresql
    mysql mongodb sqlite mariadb devops chatgpt openai facebook tiktok airbnb bitcoin dropbox onedrive powerpoint wordpress
    airpods macbook fedex playstation ukraine netflix doordash mcdonalds iban pdf pdfs imessage icloud facetime`),
  contractions: ENGLISH_CONTRACTIONS,
  replacements: ENGLISH_REPLACEMENTS,
  commonWords: ENGLISH_COMMON_WORDS,
  lookalikes: ENGLISH_LOOKALIKES,
  frames: ENGLISH_FRAMES,
  startPhrases: [
    ...HOW.map((pair) => ({ ...phrase(pair), unlessBefore: STATIVE_VERBS })),
    { ...phrase(['how to', 'how i']), unlessBefore: STATIVE_VERBS, unlessWith: GENERIC_PERSON },
    ...START_PHRASES.map(phrase),
  ],
  phrases: [
    ...sequences(RELATIONS).map((relation) => ({ from: ['the', ...relation], to: relation })),
    phrase(['waiting time', 'wait time']),
    phrase(['waiting times', 'wait times']),
  ],
  emptyAuxiliaries: wordSet('do'),
  adverbialQuestionWords: wordSet('how when where why'),
  nominalQuestionWords: wordSet('what which who'),
  measures: wordSet('much long often far soon fast quickly big old'),
  wordOrder: ENGLISH_WORD_ORDER,
};
