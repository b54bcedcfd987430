import { wordList } from '../language.ts';

/** Nouns with a regular plural. */
const NOUNS = wordList(`
account address adapter adult advantage agreement airline airport alarm album allergy allowance amount animal answer antibiotic
apartment app appointment area argument array article assessment assignment assistant attachment attempt author baby backup
badge baggage balance bank banner basket bathroom battery bedroom beginner behaviour benefit bill birthday blanket block board boiler
booking book border bottle box branch brand bracket breakfast broadband browser budget bug builder building bundle bus
business button calculator calendar camera campaign cancellation candidate card career carpet carrier cash category
cell certificate chair chapter character charge charger chart checkout chemical chicken chocolate church citizen claim class
classroom client climate clinic clock cloud coach code coffee collection college colour column command comment commission
committee community company comparison competition complaint component computer concept condition conference connection
connector consequence contract contractor contribution controller conversation cookie copy corner council country coupon
course court cousin cover credit crop culture currency customer cycle damage dashboard database date daughter day deadline
deal dealer debit decision deductible degree delay delivery demand dentist department dependency deployment deposit description
designer desktop destination detail developer device diagram diet difference dimension dinner direction director disability
disadvantage discount discussion disease dishwasher display distance doctor document dollar domain door dosage dose download
drawback drawer driver drug duration earring edition editor education effect egg election electrician element elephant email
employee employer energy engine engineer entrance entry environment equation equipment error estimate evening event
exam example exception exchange excursion exercise exhibition expense experience expert expiry explanation extension eye
facility factor factory failure family farmer fault feature fee feedback field figure file filter finger flight floor flower
folder font food football forecast form formula fraction fridge friend function furniture future game garage garden gas
gateway gender generation gift glass government grade graph grandparent grant group guarantee guest guide guideline
guitar hair hall handbook headache heater height history holiday home hospital host hotel hour house household hydrogen
idea identity illness image impact income increase industry infection inflation influence ingredient injury innovation
input inspection instalment instance institution instruction instructor instrument insurance interest interface internet
interview introduction inventory investment invitation invite invoice island issue item jacket job journey kettle key keyboard
kilometre kitchen label lamp language laptop law lawyer lease lecture lesson letter level library licence light limit line
link list literature loan location lock luggage lunch machine magazine mailbox maintenance manager manual map market
material maximum meal measurement medication medicine meeting member membership memory menu merchant message meter method
microphone microwave middleware mileage minimum minute mirror mistake mobile model module moment monitor month morning mortgage
motor mountain movement museum nationality neighbour network newsletter night notebook notice notification nurse object
occupation office operation operator opinion opportunity option orange order organisation outcome output overdraft owner
package page paint panel paper paragraph parameter parcel parent park partner party passenger passport password path patient
pattern payment payslip penalty pension percentage performance period permission permit person pharmacy phone photo
photograph picture pipeline pizza place plan planet plant plastic plate platform player policy pool population
position postcode practice prediction prescription presentation president pressure price principle printer
prisoner privacy problem procedure process processor product production profile profit program project promotion property
proposal protocol provider province psychologist purchase purpose quality quantity query question queue radiator radio
railway range receipt recipe recommendation record recovery reference refund region registration relationship
reminder removal renewal rent repair replacement report repository request requirement reservation resident resolution
resource response restaurant result return review reward risk river road role roof room router rule safety salary sale sample
satellite schedule scholarship school science scientist screen screenshot script season seat section security sensor
sentence sequence server service session setting shadow share shelf shipment shipping shirt shop shower sibling signature
signal site size skill smartphone snippet society software solution source space speaker specification speed stage
standard station statistic status step storage store storm strategy street strength string structure student studio
subject subscription suggestion suitcase summary supermarket supplier support surface surgery survey symptom syndrome
system table tablet task tax taxi teacher team technician technique technology telephone television temperature template
tenancy tenant term terminal test theatre theory therapy ticket time timeline timetable title toilet tool topic total
tourist town traffic train transaction transfer transport traveller treatment trial trip umbrella unit universe university
update upgrade usage user vaccine vaccination vacuum value variable vehicle vendor version video village virus visa
visitor vitamin voicemail volume voucher walk wallet warning warranty washer waste watch water weather website wedding
week weekend weight wheel window winter wire workbook workflow workplace workspace worker workshop world year zone
`);

/** Verbs with their forms, adjectives and adverbs. */
const OTHERS = wordList(`
accept accepted accepting access accessing achieve activate activated active actually additional advanced affect affected afford
afternoon allow allowed already alternative amazing analyse annual another anything appeal apply applying approve approved arrange
attach attached authentic automatic automatically available average avoid avoiding basic because become becoming before
begin beginning believe better between biggest bigger black borrow break bring bringing broken build built buying calculate
calculated calculating cancel cancelled cancelling cannot central certain change changed changing cheap cheaper cheapest check
checked checking choose choosing clean cleaning clear clearing close closed closing collect collected collecting combine common
compare compared comparing compatible compile complete completed completely complex connect connected connecting contact
contacting contain contains continue convert converted converting correct correctly could create created creating critical current
currently daily dangerous deactivate default defer delete deleted deleting deliver delivered delivering deploy describe design
designed detect develop developed developing different difficult digital direct directly disable disabled dispute domestic
download downloaded downloading electric electrical electronic electricity eligible emergency enable enabled encrypt encrypted
english enough ensure entire especially essential estimated everything exactly excellent exclude exist existing expected expensive
expire expired explain explained export extend external extra faster fastest favourite filing final finally find finding finish
finished flexible follow following foreign forgot forgotten format formatted forward free frequently freeze freezing fresh friendly
generally generate generated generating getting global graduate great green happen happened happening happens healthy heavy
highest hidden historical human identify ignore immediate immediately implement implemented import important improve improved
improving include included includes including independent individual initial inside install installed installing internal
international invest investing involved joint keep keeping language large largest latest launch learn learning legal legally
likely limited living local login longer longest loose machine main maintain making manage managing manually married maximum
measure medical mental minimum mobile modern modify monthly multiple national natural necessary negative never normal normally
nuclear obtain office official often online only open opening operate original other otherwise outdoor outside overnight
overseas paid parallel parking paying perfect perform permanent permanently personal physical please popular positive possible
postpone postponed potential practical prepare prepared preparing prevent preventing previous primary print printed printing
private probably process processing produce professional properly protect protected protecting provide provided public publish
purchased quarterly quickly raise randomly reach reading really reason receive received receiving recent recently recognise
recommend recommended recover recovering recycle recycled red reduce reduced reducing refrigerate refundable register registered
registering regular regularly related release remember remind remotely remove removed removing renew renewed renewing repair
repaired repairing replace replaced replacing reply report reported reporting require required reschedule rescheduled reset
resetting resolve responsible restart restarting restore restored restoring retrieve return returned returning review running safe
safely schedule scheduled scientific search searching second secondary secure securely select selected selling send sending separate
separately serious several share shared sharing shipped shorter should simple single slow social someone something sometimes
special specific standing start started starting still stolen stopped stopping stream streaming strong student submit submitted
submitting subscribe subscribed successful successfully suddenly sufficient suitable support supported suspend swimming switch
switched switching temporary temporarily terminate terminated their themselves therefore together tomorrow tonight totally
track tracking traditional transfer transferred translate transparent travel travelling trigger troubleshoot turn typical
typically under understand understanding unlimited unlock unlocked unlocking unsubscribe update updated updating upgrade
upgraded upgrading upload uploaded uploading urgent useful using usually valid validate various vegetarian verify verified view visible
visit visiting waiting want washing wear weekly without withdraw withdrawal withdrawing wondering working worldwide worried
worst would write writing written wrong yearly yesterday yourself
`);

function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

/** Frequent words of questions to assistants. A typing error of another word is not corrected. */
export const ENGLISH_COMMON_WORDS: readonly string[] = [...NOUNS, ...NOUNS.map(plural), ...OTHERS];
