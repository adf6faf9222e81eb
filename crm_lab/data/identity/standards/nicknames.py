"""Short and pet forms of given names: which formal names a form may stand for."""

from __future__ import annotations

from functools import cache
from typing import Final

_FORMS: Final = """
abigail:abby,gail agatha:aggie albert:al,bert,bertie alexander:alex,alec,sandy,sasha,xander,lex
alexandra:alex,sandra,sandy,sasha,lexi,alexa alfred:al,alf,alfie,fred alison:ali,allie amanda:mandy
amelia:amy,millie andrea:andy,drea andrew:andy,drew angela:angie,angel anna:annie,nan,anya anne:annie,nan,nancy
anthony:tony,ant antonia:toni,tonya archibald:archie arnold:arnie arthur:art,artie augustus:gus
barbara:barb,barbie,babs,bobbie bartholomew:bart beatrice:bea,trixie benedict:ben benjamin:ben,benji,benny
bernard:bernie bernadette:bernie,detta bradley:brad brenda:bren bridget:biddy,bridie calvin:cal cameron:cam
caroline:carrie,caro,lina catherine:cathy,cat,kate,katie,kitty,kathy cecilia:cece,cissy
charles:charlie,chuck,chas,chaz charlotte:charlie,lottie,char chester:chet christian:chris
christina:chris,chrissy,tina,christy christine:chris,chrissy,tina,christy christopher:chris,kit,topher
clarence:clare clifford:cliff clinton:clint cornelius:neil,con constance:connie cynthia:cindy,cyndi
daniel:dan,danny danielle:dani,ella david:dave,davy,davey deborah:deb,debbie,debby,debra dennis:den,denny
diana:di desmond:des dominic:dom,nic,nick donald:don,donny,donnie dorothy:dot,dottie,dolly,dora
douglas:doug,dougie edgar:ed,eddie edith:edie edmund:ed,eddie,ned,ted edward:ed,eddie,ned,ted,teddy
edwin:ed,eddie eileen:lena eleanor:ellie,nell,nellie,nora,lenore,ella
elizabeth:liz,lizzie,beth,betty,betsy,bess,eliza,lisa,libby,elsie emily:em,emmy,millie emma:em,emmy ernest:ernie
esther:essie,hetty eugene:gene evelyn:eve,evie ferdinand:ferdie florence:flo,flossie
frances:fran,frankie,fanny,francie francis:frank,fran,frankie franklin:frank frederick:fred,freddy,freddie,fritz
gabriel:gabe gabrielle:gabby,gaby,ella geoffrey:geoff george:georgie gerald:gerry,jerry geraldine:gerry,jerry
gilbert:gil,bert gordon:gord,gordie grace:gracie gregory:greg,gregg gwendolyn:gwen harold:hal,harry
harriet:hattie,hetty harrison:harry helen:nell,nellie,lena,ellen henrietta:hetty,etta,hattie
henry:harry,hank,hal herbert:herb,bert,bertie howard:howie hubert:hugh,bert ian:iain ignatius:iggy irene:rene
isaac:ike,zac isabella:bella,izzy,belle,izzie isabel:bella,izzy,belle jacob:jake,jay jacqueline:jackie,jacqui
james:jim,jimmy,jamie,jem janet:jan,jenny jasmine:jas jeffrey:jeff jennifer:jen,jenny,jenna jeremy:jerry,jem
jerome:jerry jessica:jess,jessie joan:joanie joanna:jo,joan joanne:jo john:jack,johnny,jon,jock
jonathan:jon,jonny,nathan joseph:joe,joey,jos josephine:jo,josie,fina joshua:josh joyce:joy judith:judy,jude
julia:julie,jules julian:jules juliet:julie karen:kaz katherine:kate,katie,kathy,kat,kay,kitty,kit
kathleen:kathy,kate,kath,kay kenneth:ken,kenny kimberly:kim kevin:kev kristen:kris kristina:kris,tina
lawrence:larry,laurie,lars leonard:len,lenny,leo leopold:leo leslie:les lewis:lew,lou lillian:lil,lily,lilly
linda:lin,lindy louis:lou,louie louise:lou,lulu lucille:lucy,lu lucas:luke lydia:liddy mabel:may
madeleine:maddie,maddy margaret:maggie,meg,peggy,marge,margie,greta,daisy,madge,rita marian:mary,may
marilyn:mary martha:marty,mattie,patty martin:marty mary:molly,polly,mamie,may,mae matilda:tilly,mattie
matthew:matt,matty maureen:mo maurice:mo,morrie maximilian:max maxwell:max melanie:mel melinda:mel,mindy
melissa:mel,missy,lissa michael:mike,mick,mickey,micky,mikey michelle:shelly,chelle,shell mildred:millie,milly
mitchell:mitch montgomery:monty nancy:nan natalie:nat,nattie nathan:nat,nate nathaniel:nat,nate,nathan
nicholas:nick,nicky,nico,nic,klaus nicole:nicky,nikki,nic norman:norm olive:ollie oliver:ollie,noll
olivia:liv,livvy,libby,ollie oscar:ossie oswald:oz,ozzie pamela:pam,pammy
patricia:pat,patty,tricia,trish,patsy,trisha patrick:pat,paddy,rick,ricky paul:pauly pauline:polly,paula
penelope:penny,pen percival:percy peter:pete philip:phil,pip phillip:phil,pip philippa:pippa,pip phyllis:phyl
prudence:pru rachel:rae,shelly ralph:rafe randolph:randy,rand raymond:ray rebecca:becky,becca,bex
reginald:reg,reggie,rex richard:dick,rick,ricky,rich,richie,rico robert:bob,bobby,rob,robbie,bert,robin,bobbie
roberta:bobbie,robbie,bert roderick:rod,roddy rodney:rod roger:rodge roland:rollie ronald:ron,ronnie,ronny
rosalind:roz,ros rosemary:rose,rosie,romy rose:rosie rudolph:rudy,rolf rupert:rup russell:russ,rusty ruth:ruthie
samantha:sam,sammy,manda samuel:sam,sammy sandra:sandy sarah:sally,sadie,sal sebastian:seb,bastian sharon:shari
shirley:shirl sidney:sid simon:si solomon:sol stanley:stan stella:ella stephanie:steph,stevie,annie
stephen:steve,stevie,steph steven:steve,stevie stuart:stu,stew susan:sue,susie,suzy,suzie
susannah:sue,susie,anna sylvester:sly,syl sylvia:syl terence:terry,tel thaddeus:thad,tad
theodora:dora,thea,teddy theodore:ted,teddy,theo theresa:terry,tess,tessa,tracy,terri,resa thomas:tom,tommy
timothy:tim,timmy tobias:toby ursula:ursie valentine:val valerie:val vanessa:nessa,van vera:vee
veronica:ronnie,vera,nica victor:vic vickie:vic victoria:vicky,vicki,tori,vic,vickie vincent:vince,vinny,vin
violet:vi virginia:ginny,ginger,gina vivian:viv wallace:wally walter:walt,wally wendell:wen wilfred:wilf,fred
wilhelmina:mina,billie,willa william:bill,billy,will,willy,willie,liam winifred:winnie,freda winston:win
yvonne:vonnie zachary:zach,zac,zack maria:mia,mary johannes:hans,jo johann:hans joachim:jochen,jo
friedrich:fritz,fred heinrich:heinz,heiner ulrich:uli,uwe wolfgang:wolf matthias:matze andreas:andi
sebastien:seb francisco:paco,pancho jose:pepe guadalupe:lupe antonio:tono,toni enrique:quique ignacio:nacho
manuel:manolo,manny alejandro:alex,ale giuseppe:beppe,pino giovanni:gianni,vanni aleksandr:sasha dmitri:dima
vladimir:vova,volodya ekaterina:katya mikhail:misha nikolai:kolya
"""


@cache
def _formal() -> dict[str, frozenset[str]]:
    """Form -> the formal names it may stand for; a formal name stands for itself, too."""
    out: dict[str, set[str]] = {}
    for entry in _FORMS.split():
        formal, _, forms = entry.partition(":")
        for form in (formal, *forms.split(",")):
            out.setdefault(form, {form}).add(formal)
    return {form: frozenset(names) for form, names in out.items()}


def formal_names(given: str) -> str | None:
    """The names that a given name may be a form of, itself among them, parted by blanks; ``None`` for other names.

    >>> formal_names("bob"), formal_names("terry"), formal_names("xiaoming")
    ('bob robert', 'terence terry theresa', None)

    Args:
        given: In its standard form; a second given name does not count.
    """
    known = _formal()
    names = known.get(given) or known.get(given.split(" ", maxsplit=1)[0] if given else "")
    return " ".join(sorted(names)) if names else None
