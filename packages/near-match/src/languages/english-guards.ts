import type { GuardLanguage } from '../guards/guard-language.ts';
import { wordList, wordMap, wordSet } from '../language.ts';

/** Words with opposite senses. */
const OPPOSITES = wordList(`
enable/disable activate/deactivate open/close open/shut on/off in/out add/remove add/delete increase/decrease
raise/lower up/down upgrade/downgrade subscribe/unsubscribe accept/decline accept/reject approve/reject allow/block
allow/forbid allow/deny start/stop begin/end start/end start/finish buy/sell deposit/withdraw include/exclude
safe/unsafe safe/dangerous legal/illegal lawful/unlawful min/max minimum/maximum lowest/highest low/high least/most
less/more fewer/more fewest/most cheap/expensive cheapest/priciest best/worst good/bad early/late earliest/latest
earlier/later before/after first/last oldest/newest old/new sent/received send/receive lend/borrow import/export
encode/decode encrypt/decrypt compress/decompress zip/unzip lock/unlock install/uninstall login/logout hide/show
mute/unmute pause/resume join/leave arrive/depart arrival/departure inbound/outbound domestic/international eat/avoid
gain/lose win/lose profit/loss credit/debit employer/employee buyer/seller landlord/tenant lender/borrower
parent/child adult/child male/female man/woman men/women pro/con pros/cons advantage/disadvantage
advantages/disadvantages benefit/risk benefits/risks symptom/cause symptoms/causes cause/effect causes/effects
left/right north/south east/west inside/outside internal/external public/private paid/free new/used new/existing
single/return hot/cold wet/dry with/without true/false success/failure pass/fail valid/invalid possible/impossible
taxable/exempt refundable/nonrefundable part/full ascending/descending smallest/largest small/large short/long
fast/slow rise/fall push/pull read/write input/output upload/download client/server source/target attach/detach
merge/split love/hate like/dislike agree/disagree qualify/disqualify eligible/ineligible keep/cancel renew/cancel
owe/own mandatory/optional required/optional give/take give/get employed/unemployed
`).map((pair) => pair.split('/') as [string, string]);

/** Returns the opposites of each word of the pairs. */
function oppositesOf(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [one, other] of pairs) {
    found.set(one, [...(found.get(one) ?? []), other]);
    found.set(other, [...(found.get(other) ?? []), one]);
  }
  return found;
}

/** What the guards know of English. */
export const englishGuards: GuardLanguage = {
  numbers: wordMap(`
zero:0 one:1 two:2 three:3 four:4 five:5 six:6 seven:7 eight:8 nine:9 ten:10 eleven:11 twelve:12 thirteen:13
fourteen:14 fifteen:15 sixteen:16 seventeen:17 eighteen:18 nineteen:19 twenty:20 thirty:30 forty:40 fifty:50 sixty:60
seventy:70 eighty:80 ninety:90 hundred:100 thousand:1000 million:1000000 first:1 second:2 third:3 fourth:4 fifth:5
once:1 twice:2 half:0.5 quarter:0.25 single:1 double:2 triple:3 dozen:12
`),
  units: wordMap(`
kg:kg kgs:kg kilo:kg kilos:kg kilogram:kg kilograms:kg g:g grams:g lb:lb lbs:lb pounds:lb oz:oz km:km kilometres:km
kilometers:km miles:mi mile:mi m:m metres:m meters:m cm:cm mm:mm inch:in inches:in feet:ft foot:ft celsius:C
fahrenheit:F usd:usd dollars:usd dollar:usd eur:eur euros:eur euro:eur gbp:gbp mb:mb gb:gb tb:tb kb:kb ms:ms
seconds:s minutes:min minute:min mins:min hours:h hour:h hrs:h days:d day:d weeks:w week:w months:mo month:mo years:y
year:y
`),
  months: wordList('january february march april may june july august september october november december'),
  weekdays: wordList('monday tuesday wednesday thursday friday saturday sunday'),
  /** "may" and "sun" are words too. */
  ambiguousDates: wordSet('may mar sun sat'),
  times: wordSet(
    'today tomorrow yesterday tonight weekday weekdays weekend weekends morning afternoon evening night annual annually yearly monthly weekly daily hourly',
  ),
  negations: wordSet(`
not no never none nothing nobody neither nor without except excluding cannot cant dont doesnt didnt isnt arent wasnt
werent wont wouldnt shouldnt couldnt hasnt havent hadnt aint unless avoid stop lack fail refuse
`),
  opposites: oppositesOf(OPPOSITES),
  /** Opposites that are mostly used in another sense. */
  weakOpposites: wordSet('in on with like out get give more right'),
  negativePrefixes: wordList('un in im il ir dis non de mis'),
  directions: wordSet('from to into onto than before after over versus vs minus by instead through between'),
  synonyms: [
    wordList('change switch swap'),
    wordList('cost price charge fee pay'),
    wordList('cancel terminate'),
    wordList('buy purchase'),
    wordList('delete remove erase'),
    wordList('order parcel package'),
    wordList('fix repair'),
    wordList('photo picture image'),
    wordList('phone mobile'),
    wordList('mail email'),
    wordList('reset recover'),
    wordList('create make generate set'),
    wordList('begin start'),
    wordList('big large'),
    wordList('shop store'),
    wordList('film movie'),
    wordList('holiday vacation'),
    wordList('sign log'),
    wordList('contact reach'),
    wordList('find locate'),
    wordList('return refund'),
    wordList('get obtain receive'),
    wordList('start begin open'),
    wordList('need require'),
    wordList('child kid'),
    wordList('car vehicle'),
    wordList('house home'),
    wordList('job work'),
    wordList('error fault'),
    wordList('quick fast'),
    wordList('update refresh'),
    wordList('check see view'),
    wordList('send ship'),
    wordList('dispute challenge'),
    wordList('offer provide do sell'),
    wordList('available stock'),
    wordList('apply request'),
  ],
  empty: wordSet(`
a an the and or of to at for by as is are was were be been being am do does did doing have has had having i im ive id
me my mine we our ours us you your yours he she it its they them their this that these those there here what whats
which who whom whose when where wheres why how hows can could might must shall should will would please pls thanks
thank hi hello hey yeah yes ok okay um uh er well so just quick quickly one question wondering wonder know tell let
lets say help need want like got able possible way ways any some about if then also too very really actually exactly
right kind sort thing things something someone anyone anything much many lot wouldt ill anybody theres cheers sorry
wanted trying try looking look explain figure mind idea process steps step guide advice info information details
detail mate dear team guys folks ta kindly asap currently now again
`),
};
