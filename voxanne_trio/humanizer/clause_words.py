"""Words by which a clause is known: who begins one, and what its verb may be. Data."""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

from typing import Final

AUXILIARIES: Final = frozenset(
    (
        "am is are was were be has have had do does did will would can could may might must "
        "shall should won't can't don't doesn't didn't isn't aren't wasn't weren't hasn't haven't "
        "hadn't wouldn't couldn't shouldn't mustn't cannot"
    ).split()
)
BEING: Final = frozenset("is are was were has isn't aren't".split())
MODALS: Final = frozenset("will would can could may might must shall should won't can't".split())
BASE: Final = frozenset(
    (
        "accept add agree allow answer apply appreciate arrange arrive ask avoid be become begin "
        "believe bill book bring build call cancel care change charge check choose clean clear "
        "close come confirm consider contact continue cost cover create decide depend describe "
        "discuss do drink drive drop eat email enjoy ensure enter examine expect explain explore "
        "fast feel fill find finish follow forward get give go handle happen have head heal hear "
        "help hold hope include keep know last lay leave let like listen look love make mean meet "
        "mention move need note notice offer open order park pass pay perform pick plan prefer "
        "prepare prescribe provide put raise reach read recommend recover refer remain remember "
        "remove repeat reply request require reschedule reserve rest return review run save say "
        "schedule see seem send set shower share show sign sit sleep speak spend start stay stop "
        "suggest take talk tell text thank think transfer treat try turn understand update use "
        "visit wait walk want watch wear work wonder worry write skip switch compare complete "
        "upload download browse"
    ).split()
)
_IRREGULAR: Final = {"have": "has", "do": "does", "go": "goes", "be": "is"}


def _third(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith(("s", "x", "ch", "sh")):
        return f"{verb}es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"


THIRD: Final = frozenset(_third(verb) for verb in BASE)
PAST: Final = frozenset(
    "said told asked called sent got came went made took gave found saw".split()
)
VERBS: Final = AUXILIARIES | BASE | THIRD | PAST

SURE_SUBJECTS: Final = frozenset("i we he she they".split())
SUBJECTS: Final = SURE_SUBJECTS | frozenset(
    (
        "you it that this there these those everyone everything someone somebody anyone nobody "
        "nothing most some many"
    ).split()
)
DETERMINERS: Final = frozenset(
    (
        "a an the my your our their his her its this that these those each every most some many "
        "all another both any no"
    ).split()
)
SUBORDINATORS: Final = frozenset(
    (
        "if when whenever while because since although though after before until unless once as "
        "where wherever whether that who whom whose which what how why"
    ).split()
)
LEADING: Final = SUBORDINATORS - {"that", "who", "whom", "whose", "which", "what", "how", "why"}
"""Those that begin a clause before the main one: "If you like, …"."""

PREPOSITIONS: Final = frozenset("before after until since as once".split())
"""Those that may also stand before a mere thing: "before your visit"."""

PAIRED: Final = frozenset("either neither whether between".split())
"""What they begin is not whole without its second half."""

ADVERBS: Final = frozenset(
    (
        "then also usually always never still just now often sometimes only even typically "
        "generally normally probably really please maybe perhaps actually already"
    ).split()
)
NO_NOUNS: Final = (
    SUBORDINATORS
    | ADVERBS
    | DETERMINERS
    | frozenset("to at on in for with about by from of or and not me us him them".split())
)
"""What is no subject on its own."""

NOT_BECAUSE: Final = frozenset(
    "not just only simply partly mainly mostly isn't aren't don't doesn't didn't wasn't".split()
)
ASKING: Final = frozenset("what where when who which how why".split())
"""What a question may begin with, beside a helper verb."""

AFTER_VERB: Final = frozenset(
    (
        "me us you him her it them to at on in for with about up out off back by from directly "
        "online today tomorrow ahead there here what when how"
    ).split()
)
"""What shows that the word before it is a verb and no noun."""
