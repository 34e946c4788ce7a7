"""Given names that are hardly ever another word, in lower case, from many countries."""

from __future__ import annotations

from functools import cache
from typing import Final

from milo_bench.guards.packs.read import read_pack, words

GIVEN_NAMES: Final = frozenset(
    """
    aaron abdul abigail adam adrian agnes ahmed aisha alan albert alejandro alex alexander alexandra alexis
    alfred ali alice alicia alison allison amanda amelia amina amir amy ana andrea andreas andrew andrzej angela
    anil anita ann anna anne annette anthony antonio arjun arthur asha ashley astrid audrey barbara beatrice ben
    benjamin bernard beth bethany bianca brandon brenda brian bridget bruce bruno camila carla carlos carmen
    carol caroline catherine cecilia charles charlotte chen chloe chris christian christina christine
    christopher ciaran claire clara claudia colin connor craig cynthia daniel daniela darren david deborah
    declan deepak denise dennis derek diana diego dieter dmitri dominic donald donna dorothy douglas duncan
    dylan eddie edith edward eileen elaine eleanor elena elizabeth ellen emily emma eric erica erik ernest
    esther ethan eva evelyn fatima felicity felix fernando fiona florence frances francesca francis francois
    fredrik gareth gary geoffrey george georgia gerald gillian giovanni giulia gloria gordon graham greg gregory
    greta guillermo gustavo hamid hannah hans harold harriet harry hassan heather hector heinrich helen helena
    henry hilda hiroshi hugo iain ian ibrahim idris igor imran ingrid irene isaac isabel isabella ivan jack
    jacob jacqueline james jamie jan jane janet janice jason javier jean jeffrey jennifer jeremy jessica jill
    jim joan joanna joanne joe joel johan johanna john jonathan jorge jose joseph joshua joyce juan judith julia
    julian julie juliet karen karl katarzyna kate katherine kathleen kathryn katie keith kelly kenneth kevin
    khalid kimberly klaus kofi krishna kristin kumar kwame lars laura lauren laurence leah leila leo leon
    leonard leroy leslie lewis li liam lidia lillian linda lisa lorraine louis louise luca lucas lucia lucy luis
    luke lydia magdalena mahmoud malcolm manuel marcel marcia marco marcus margaret maria mariam marian marie
    marilyn mario marion marjorie marta martha martin martina mary mateo matthew maureen maurice maya megan
    mehmet mei melanie melissa michael michelle miguel mohamed mohammad mohammed moira monica muhammad nadia
    nancy naomi natalia natalie natasha nathan neil nicholas nicola nicole nigel nikhil nina nisha noah noel
    nora norman olga oliver olivia olu omar oscar osman otto owen pablo pamela patricia patrick paul paula
    pauline pedro peggy penelope peter petra philip philippa phillip phyllis pierre piotr pranav priya rachel
    rafael raj rajesh ralph ramon rashid raymond rebecca renata ricardo richard rita robert roberto robin
    rodrigo roger rohan ronald rosa rosemary roy rupert russell ruth ryan sabrina sally salma salvatore sam
    samantha samir samuel sana sandra sanjay sara sarah scott sean sebastian sergei shannon sharon sheila
    shirley siddharth simon siobhan sofia sonia sophia sophie stacey stanley stefan stella stephanie stephen
    steve steven stewart stuart sunita susan suzanne sven svetlana sylvia takeshi tamara tanya tariq terence
    teresa thabo theodore theresa thomas timothy tina tobias tom tomasz tony tracey tracy trevor valerie vanessa
    vera veronica victor victoria vijay vikram vincent virginia vivian vladimir walter wanda wei wendy william
    xavier yasmin yolanda yuki yusuf yvonne zachary zainab zara zoe
    """.split()  # noqa: SIM905  a word list reads better unquoted
)

# Given names that are also common words: believed only with a family name behind them.
WORDS_AND_NAMES: Final = frozenset(
    """
    amber bill daisy dean dawn faith frank grace hazel heath hope iris ivy jade jasmine joy mark olive pearl pat rich
    rose ruby violet
    """.split()  # noqa: SIM905  as above
)


def is_given_name(word: str, language: str = "") -> bool:
    """Whether ``word`` is a given name that is hardly ever another word, of any country or of ``language``'s."""
    plain = word.casefold()
    own = words("personal", language, "given_names") if language else frozenset()
    return plain in GIVEN_NAMES or plain in own


def is_form_of_given_name(word: str, language: str) -> bool:
    """Whether ``word`` is a form of a given name of ``language`` other than the one in its list: "Piotrem" of Piotr."""
    plain, own = word.casefold(), words("personal", language, "given_names")
    return any(
        plain.endswith(ending) and plain[: len(plain) - len(ending)] + instead in own
        for ending, instead in _endings(language)
    )


@cache
def _endings(language: str) -> tuple[tuple[str, str], ...]:
    """How a form ends, and what the name ends with instead."""
    pairs = (said.partition("=") for said in read_pack("personal", language).get("given_endings", "").split())
    return tuple((ending, instead) for ending, _, instead in pairs)
