"""Words that tell a name from an ordinary word in a transcript without capitals. Data."""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

from typing import Final

GIVEN: Final = frozenset(
    """
    aaron abby abigail adam adriana ahmed aisha alan alba albert alejandra alejandro alex alexa
    alexander alexandra alexis ali alice alicia alison allison alma alyssa amanda amber amelia
    amir amy ana andrea andres andrew andy angel angela angelica anita ann anna anne annie
    anthony antonio april ariana arthur ashley audrey aurora ava barbara beatriz becky belinda
    ben benjamin bernice beth betty beverly bianca bill billy bob bobby bonnie brad bradley
    brandon brenda brian bridget brittany brooke bruce bryan caleb camila cameron carl carla
    carlos carmen carol carolina caroline carolyn carrie catherine cathy cecilia charles charlie
    charlotte chelsea cheryl chloe chris christian christina christine christopher cindy claire
    clara claudia colin connie corey courtney craig cristina crystal curtis cynthia daisy dan
    dana daniel daniela danielle danny darlene dave david dawn dean deborah debbie debra denise
    dennis derek diana diane diego dolores donald donna doris dorothy doug douglas dylan eddie
    edgar edith eduardo edward edwin eileen elaine elena eleanor eli elijah elizabeth ella ellen
    emily emma eric erica erik erin esther ethan eva evan evelyn fatima felicia fernando fiona
    florence frances francis francisco frank fred gabriel gabriela gail gary george gerald gina
    gladys gloria grace greg gregory guadalupe gustavo gwen hailey hannah harold harry heather
    hector heidi helen henry holly hope howard ian ibrahim ines irene iris isaac isabel isabella
    ivan jack jackie jackson jacob jacqueline jaime jake james jamie jan jane janet janice jared
    jasmine jason javier jay jean jeff jeffrey jen jenna jennifer jenny jeremy jerry jesse
    jessica jesus jill jim jimmy jo joan joann joanna jodi joe joel john johnny jon jonathan
    jordan jorge jose joseph josh joshua joy joyce juan juana juanita judith judy julia julian
    julie june justin kaitlyn karen karina karl kate katherine kathleen kathryn kathy katie
    kayla keith kelly ken kendra kenneth kevin kim kimberly kristen kristin kristina kurt kyle
    laura lauren laurie lawrence leah lee leo leon leslie leticia liam lillian lily linda lisa
    liz lois lopez lorena lori lorraine louis lucas lucia lucy luis luke luz lydia lynn madison
    manuel marc marcia marco marcus margaret maria mariah marie marilyn mario marisol marissa
    marjorie mark marlene marta martha martin marvin mary mason matt matthew maureen max maya
    megan melanie melinda melissa mercedes mia michael michelle miguel mike mildred miranda
    mohamed mohammed molly monica monique morgan muhammad nadia nancy naomi natalia natalie
    natasha nathan nathaniel neil nicholas nick nicole nina noah nora norma olga olivia omar
    oscar pablo paige pam pamela patricia patrick patty paul paula pauline pedro peggy penny
    peter phil philip phillip phyllis priscilla priya rachel rafael ralph ramon randy raquel
    raul ray raymond rebecca regina rene renee ricardo richard rick ricky rita robert roberta
    roberto robin rodney roger roland ron ronald rosa rosario rose rosemary ross roxanne roy
    ruben russell ruth ryan sabrina sally sam samantha samuel sandra sandy sara sarah savannah
    scott sean sebastian sergio seth shannon sharon shawn sheila shelly sherry shirley silvia
    simon sofia sonia sophia sophie stacey stacy stanley stella stephanie stephen steve steven
    stuart sue summer susan suzanne sylvia tamara tammy tanya tara tasha taylor ted teresa terri
    terry theresa thomas tiffany tim timothy tina todd tom tommy toni tony tonya tracey tracy
    travis trevor tricia troy tyler valentina valeria valerie vanessa vera veronica vicki vicky
    victor victoria vincent violet virginia vivian walter wanda wayne wendy wesley whitney wilma
    yesenia yolanda yvette yvonne zach zachary zoe
    """.split()
)
"""Given names common enough to be known without a capital."""

NOT_NAMES: Final = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may
    june july august september october november december english spanish french german chinese
    italian american mexican english speaking botox bbl tummy medicare medicaid aetna cigna
    christmas easter god jesus covid google yelp instagram facebook
    """.split()
) - {"april", "may", "june", "jesus"}
"""Written with a capital, and no caller."""

ORDINARY: Final = (
    frozenset(
        """
    a about able absolutely actually afraid after again ago all allergic almost alone along
    already alright also although always am an and angry another any anyone anything anyway
    anxious are around as asking at available away awesome awful back bad be bad because been
    before being best better bit bleeding booked both brilliant busy but by call called calling
    came can can't cancel care careful caller certain cheap clear close closed cold coming
    concerned confused confusing confirmed considering cool correct could crazy curious
    currently cute dead definitely depressed desperate did different difficult disappointed
    diabetic dizzy do doctor does doing don't done down driving due during early easy eight
    either eleven else emergency enough even ever every everybody everyone everything exactly
    excellent excited exhausted expensive experiencing extremely family far fat feeling few
    fifteen fifty fine first five following for forty four free friend from frustrated full fun
    funny getting girl giving glad go going gone gonna good got great guessing had half happy
    hard has hate have having he headed healthy heard hear hello help her here hers hey hi him
    his hoping horrible hot how however hungry hurt hurting husband i i'd i'll i'm i've if ill
    important impossible in incredible inside interested into is it it's its just kind know lady
    last late later leaving less let like likely listening literally little living located long
    looking lost lot lots loud love lovely low mad maybe me mean might mine missing mom moment
    more most mother moving much must my myself near need nervous never new next nice nine no
    nobody none normal not nothing now numb of off ok okay old on once one only open or other
    our ours out outside over overweight pain paid parking patient perfect person please pleased
    polite possible pregnant pretty probably problem proud quick quiet quite ready real really
    reason red regarding returning ridiculous right running sad safe said same satisfied say
    scared scheduled second see seeing seven several she shocked short should sick simple since
    single sir six sleepy slow so sober some somebody someone something sometimes somewhere soon
    sore sorry speaking starting still stop stressed strong stuck such super supposed sure
    surprised swollen talking tall ten terrible thank thanks that that's the their them then
    there these they thing thinking third thirsty thirty this those though three through
    thrilled tired to today together told tomorrow tonight too totally traveling true trying
    twelve twenty two uncomfortable under understand unable unfair unfortunately unhappy unsure
    until up upset urgent us using usually very waiting walking want wanted wanting was way we
    weak week weird welcome well went were what what's when where which while who whose why wife
    will with within without wonderful wondering worried worse would wrong yeah year years yes
    yesterday yet you your yours nurse nothing spelled spell surgeon manager mum dad daughter
    son sister brother father nobody's ma'am hours o'clock maam noon midnight minutes
    unacceptable amazing appalling outrageous insane important interesting
    """.split()
    )
    - GIVEN
)
"""What follows "I'm", "it's" or "this is" when it is no name."""
