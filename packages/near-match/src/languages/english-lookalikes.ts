import { wordSet } from '../language.ts';

/**
 * Words and names that are one typing error from a common word, so that they are not corrected: "casual" and "causal".
 * docs/near-match.md names the word lists that they were found with.
 */
export const ENGLISH_LOOKALIKES: ReadonlySet<string> = wordSet(`
  acces actie addressees affet affoord agrement agrements airlie albus allery alterative alums amont amunt animas annal annul
  anser anther appal appel appling arline arras artice artiles autors avantage avantages babes backet backets backus bacup
  bagage bages balck ballance bands baner banket bankets bansk bards battey beginnes behavior behaviors belive beter bilder
  biler binging blankest blankt blocs boars bocks boiles boken boking bokos boler booing bordes bords borer borers borken
  botte bottes bowser bowsers brach braches brads branchs brans brining broder broen brower browers browses budges buess buget
  buildr bulit bunde bundel bundes busse busses buton caches cahir callendar campain cancelation cancelations canceled
  canceling candidats canel cange caracter carer carers caret carets carrer carries carts cases categorise cental centraal
  cerate cerated ceratin chagres chais changde chaptes chare chares chari charis chars chatr chats chiar chose chruch clams
  clases clint clints clods clour clours clous coachees cobine coches cocks coeds collet colleted colleting color colors
  comand combien compete competed compie complains compleet compliant compre compter compters comptible computes coner
  conferrence conferrences connet contactor contactors contacts contrat contrats cooke cookis coover copes coppies corect
  corer corers cornes corps corse corses corts cosed cosing counties county coure coures cours couse couts covert coves crate
  crated crating creer crete croner curch curches curent curse curses curts dealy debts deducible deffer degre deice deices
  deign deigned delas delee deleing deler deloy delte delver demans dependences descrie desined developes devies devlop diable
  diest digitaal diner diners directos diretor dites diver divers dolar doman domani domin doros dosses drier driers drives
  earing earings eduction eductions eevning eevnings efect effet effets elment employe employes energise enginer enginers
  ensue entier entires entre enure erring errings erros estimats eternal evens evets exert exerts exiting exits expires expry
  faction factions factores factorise farer farers fator fauls fauts favorite feeback feeze feezing feild feilds fidge fidges
  fiend fiends fight fights figue filed fileds filer filers filles filling filtr filtre finer finers fingre fining finnish
  flexile flies fling floer floro floros flors foder forat formated fotball fower framer framers freeing freign frend fried
  friedly friges froward fults funcions futurs gaden gades gammes gants garde gardes garen garges garph gasse gasses gener
  geren gests gettig gitar globl gradate graden grads grage grans grats grene greta grups gudes guess guids guies guittar
  gusts haris hater haters heathy heter hight hights histoires historial holliday hommes hoses hottel iland impot incudes
  injures insection insections instal installment installments interess internationaal internes internt interset invitees
  issus jaket jurney keping kette kettel kettes kilometer kilometers lagre lanch langage larning lases lauch lawer layer
  layers leally leaning learing legaal leses leter letteer lettre lettres leves libraires licencees liens loggin lonas loner
  macchine macine maing manages managr manal manaul mange manger mangers manging manul manuls maret markes markt marred masure
  materiaal materias maximus medial mediation mediations meers meeter meeters melas membre membres memorise mesure metal
  meteer metes methos meting metod metre metres metter metters milage milages minimus minium miniums minte minuet minuets
  minuts mitake mobie mobiel mobies moble mobles moden modes modesl momment monts moors moring mortgagees moths motos moule
  museus nationaal neighbor neighbors nighs noice normaal notie objet objets offie offies oficial oline oners operaation
  orangs ordes ordre ordres organisaation orignal owers ownes paces pains panes pants papes papper parametre parcells paret
  parets paries paring parmeter parrent parter parters partes partis pasport passord patent patents patern pates paties patint
  patry patten pattens patters payer payers pease penson perfet permis peron persoon persson pervious phons phots pinter pints
  plaer planeet planes plante plantes plats platte plattform plese plyer plyers pofile polices pollicies pollicy polos pones
  poplar posible positie positon positons potos practics praties praty prefect preform prent prents presons prevening prevet
  pries principe principes printd printr printre probleem procesor processos profesional proffit profiel profils profis projet
  projets provides provine provines pubic queres querry quicky rading radis rados rages raidos raios rally ranes rangs rason
  readding recept recepts reding redue reents reest regin regino registre reinders reister relace relaced relacing repot
  repots resole ressources restating reste restring retore retuned retuning revies riase riers rives rodas rolles romos roter
  routes routr rsolve runing ruter sadow safley sages salaires salares salaris salay salles salse samle samles sampe sampel
  sanding sarch sared saring sason satelliet scedule sceduled scedules scheule schol screes scrips searcing securitise seeds
  selfs seling senor senors serer serice serios serius serous serves servie sessin seure sever severs shaer shard shirs shits
  shoer shoers shool shools shorer showes shred signaal siling sills simpel sinal singe singel siple sipped sippet sippets
  sipping slaes sociaal solen sopped sopping sorage sorages sorce sores sorter souce souces soure sower sowers spaes speakes
  speciaal spedes spees staart stags stanard standaard staning stared staring stated statin stating statins staton stats
  statues statuss stdio steam steaming steeps stellite stellites stepps sties sting stings stoen stoer stollen stoln stong
  stoped stoping storge storges strage stram strat strategis strategise strem stres strig strigs stroe strom subit suficient
  summarise supermarkt suport suports suppler supplies surace swith systeem tabel tabes tabet tacking tains tales talet talets
  tarin tavel teaches teatre technologise tecnologies temas tennant teories terminas theater theaters theorise thier tiems
  tiket tiles titel titels tittle tittles toiles topis totaal tracing trail trails trani trans translatte trasport traveler
  travelers traveling travl trias trins troubleshot turist undre unist uppload urent vaccinees valdi vales valeu variabel
  varios versin versins verson vides viisas viitor villae virsu visile vissa visti vouches walles waning wanings waring
  warrantise waser wases washes wasts wates watrs watter watters weding weels weighs wether wethers widow widows wiers wight
  wights winer witing witten woking wolds words worksop worts wries yeary yerly
`);
