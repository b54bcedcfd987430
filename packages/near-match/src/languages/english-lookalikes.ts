import { wordSet } from '../language.ts';

/**
 * Words and names that are one typing error from a common word, so that they are not corrected: "casual" and "causal".
 * docs/near-match.md names the word lists that they were found with.
 */
export const ENGLISH_LOOKALIKES: ReadonlySet<string> = wordSet(`
  acces actie addressees adresses affet affoord agrement agrements airlie albus allery alterative alums amont amunt animas
  annal annul anser anther appal appel appling arline arras artice artiles assistans autentic autors avantage avantages babes
  backet backets backus bacup bagage bagages bages baies baket balck ballance bands baner banket bankets bansk bards bateries
  battey beginnes behavior behaviors belive berak beter bilder biler binging blankest blankt blocs bloks boars bocks boiles
  boken boking bokos boler booing bordes bords borer borers borken botte bottes bowser bowsers brach braches brads branchs
  brans brining broder broen brower browers browses budges buess buget buildr bulit bunde bundel bundels bundes busse busses
  buton caches cahir callendar campain cancelation cancelations canceled canceling candidats canel cange capter caracter carer
  carers caret carets carrer carries carts cases categorise cedit cental centraal cerate cerated ceratin certificats chagres
  chais changde chaptes chare chares chari charis chars chatr chats chepa chiar chocolats chose chruch clams clases clint
  clints clods clour clours clous coachees cobine coches cocks coeds collet colleted colleting color colors comand combien
  commet compete competed compie complains compleet compliant complint compre compter compters comptible computes coner
  conferrence conferrences connet contactor contactors contacts contat contine contrat contrats cooke cookis coover copes
  coppies corect corer corers cornes corps corse corses corts cosed cosing cosins counties county coure coures cours couse
  coussin couts covert coves crate crated crating creer crete croner curch curches curent curse curses curts daler dealy debts
  deducible deffer degre deice deices deign deigned delas delee deleing deler deloy delte delver demans dependences descrie
  desin desined detali detil developes devies devlop diable diest digitaal diner diners directos diretor dites diver divers
  dolar doman domani domin doros dosses drier driers drives earing earings eduction eductions eevning eevnings efect effet
  effets elemet elment employe employes energise enginer enginers engins enine ensue entier entires entre enure erring errings
  erros estimats eternal evens evets exclue exert exerts exiting exits expires expry faction factions factores factorise
  factos falut famer farer farers faser fator fauls fauts favorite feeback feeze feezing feild feilds fidge fidges fiend
  fiends fight fights figue figues filed fileds filer filers filles filling filtr filtre filtres finer finers fingre fining
  finnish flexibel flexile flies fling floder floer floro floros flors foder forat formaat formated fotball fower framer
  framers freeing freign frend fried friedly friges froward fults funcions futurs gaden gades gammes gants garde gardes garen
  garges garph gasse gasses geder gendre gener geren gests gettig gifst gitar globl gradate graden grads grage grannt grans
  grats grene greta grups gudes guess guiar guids guies guittar gusts handbok haris hater haters heathy heter hight hights
  histoires historial historis holliday hommes horus hoses hottel iland imediate impot incudes individul inflaation injures
  insection insections instal installment installments instrutor interess internationaal internes internt interset invitees
  isses issus isuse jaket jurney keping kette kettel kettes kilometer kilometers lagre lanch langage langages larning lases
  lauch lawer layer layers leally leaning learing legaal legla leses leter letteer lettre lettres leves libraires licencees
  liens loger loggin lonas loner macchine macine magazins maing manages managr manal manaul mange manger mangers manging manul
  manuls maret markes markt marktes marred masure materiaal materias maximus medial mediation mediations meers meeter meeters
  melas membre membres memoires memorise mentaal mesure metal meteer metes methos meting metod metre metres metter metters
  milage milages minimus minium miniums minte minuet minuets minuts mitake mobie mobiel mobies moble mobles modells moden
  modes modesl momment monts moors moring mortgagees moths motos moule moules museus nationaal neighbor neighbors nighs noice
  normaal notie objet objets offie offies oficial oline oners operaation orage orages orangs ordes ordre ordres organisaation
  orignal owers ownes pacel paces paient pains paneel panells panes pants papes papper parametre parcells parel parels paret
  parets paries paring parmeter parrent parter parters partes partis pasport passord patent patents patern pates paties patint
  patry patten pattens patters payent payer payers pease pensin penson pensons perfet permis peron persoon persson pervious
  phons phots pinter pints plaer plaers planeet planes plante plantes plats platte plattform plese plyer plyers pofile polices
  pollicies pollicy polos pones poplar posible positie positon positons potos practics praks praties praty prefect preform
  prent prents presons prevening prevet previos pries principe principes printd printr printre probleem procesor procesors
  processos profesional proffit profiel profils profis programms projet projets provides provine provines pubic queres querry
  quicky rading radis rados rages raidos raios rally ranes rangs rason readding recept recepts reding redue reents reest regin
  regino registr registre reinders reister relace relaced relacing repot repots resole ressource ressources restating reste
  restring retore retuned retuning revies riase riers rives rodas rolles romos roter routes routr rsolve runing ruter sadow
  safley sages salaires salares salaris salay salles salse samle samles sampe sampel sanding sarch sared saring sason
  satelliet scedule sceduled scedules scheule schol screes scrips scure searcing securitise seeds selfs seling senor senors
  serer serice serios serius serous serves servie sessin seure sever severs shaer shard shirs shits shoer shoers shool shools
  shorer showes shred sigle signaal siling sills simpel sinal singe singel siple sipped sippet sippets sipping slaes socal
  sociaal solen sopped sopping sorage sorages sorce sores sorter souce souces soure sower sowers spaes sparate speakes
  speciaal spede spedes spees staart stags stanard standaard staning stared staring stated statin stating statins staton stats
  statues statuss stdio steam steaming steeps stellite stellites stepps sties sting stings stoen stoer stollen stoln stong
  stoped stoping storge storges strage stram strat strategis strategise strem stres strig strigs stroe strog strom subit
  suficient summarise supermarkt suport suports suppler supplies surace swith symtom systeem tabel tabes tabet tacking tains
  tales talet talets tarin tavel teaches teatre teatres technologise tecnologies tehnician televisioon temas tenat tennant
  teories terminas theater theaters theorise thier tiems tigger tiket tiles timmes titel titels tittle tittles toiles topis
  totaal tracing trail trails trani trans translatte trasport traveler travelers traveling travl travle trias trins
  troubleshot turist umbrela undre unist uppload urent vaccinees vaccins valdi vales valeu variabel varios versin versins
  versioon verson vides viedo viisas viitor villae virsu visile vissa visti volums vouches walles waning wanings waring
  warrantise waser wases washes wasts wates watrs watter watters weding weels weighs wether wethers widow widows wiers wight
  wights winer witing witten woking wolds words worksop worts wries yeary yerly
`);
