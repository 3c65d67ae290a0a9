"""What callers bring up beside prices and appointments, and what the stand-in says to it.

A table: words that give a topic away, and the answer as a model writes it, with the clinic's own
names and figures put in. Nothing here is medical advice, and no fact is made up: where the clinic's
profile holds none, a call back is offered. Refuses to know in which order topics and wishes count.
"""

from __future__ import annotations

import re
from typing import Final

from . import wording
from .wording import Talk

SILENCE: Final = "(silence)"
"""The words of a caller who says none."""

_TOPICS: Final[tuple[tuple[str, str], ...]] = (
    (
        r"ignore (?:all |your |the )*(?:previous |prior )?instructions|system prompt",
        "I am here to help with questions about **{clinic}**, and I cannot change how I work."
        " What would you like to know about our treatments?",
    ),
    (
        r"(?:i'm|i am|s?he is|s?he's|daughter is|son is) (?:only )?1[0-7]\b|under 18"
        r"|a minor|(?:is|i'm|am) (?:thir|four|fif|six|seven)teen",
        "For anyone under 18 I cannot answer that myself, so I would like our team to call a"
        " parent. The number to reach us is **{phone}**. Would that be okay?",
    ),
    (
        r"hola|habla|hablo|espanol|spanish",
        "I am sorry, I only speak English at the moment. I do not know who speaks Spanish today,"
        " but our team can tell you at **{phone}**. Would you like a call back?",
    ),
    (
        r"wrong number|pizza|taxi|is this the (?:bank|post office)",
        "You have reached {clinic}, so I think this is the wrong number. No harm done, and have a"
        " **great** day!",
    ),
    (
        r"complaint|complain|rude|unacceptable|treated me badly",
        "I am very sorry to hear that, and I will pass it on today. {Person} can call you back, or"
        " you can reach us at **{phone}**.",
    ),
    (
        r"ridiculous|nobody (?:ever )?calls|fed up|waste of time|terrible service|angry",
        "I understand that you are upset, and I am sorry nobody has called. You do not have to"
        " wait any longer: the direct number is **{phone}**. What can I sort out for you now?",
    ),
    (
        r"refill|prescription",
        "I cannot order medication, but I will ask our team to call you about it. If it is urgent,"
        " please call **{phone}**. Is there anything else they should know?",
    ),
    (
        r"aspirin|ibuprofen|medications?|blood thinners?|stop taking",
        "That is a question for your surgeon, and I cannot give medical advice. Please do not stop"
        " anything on your own. Would you like a call back from our team at **{phone}**?",
    ),
    (
        r"fever|infected|infection|pus|chills",
        "A fever after surgery should be looked at today, and I cannot do that over the phone."
        " Please call our team at **{phone}** right now. If you feel worse before that, call"
        " **{emergency}**.",
    ),
    (
        r"swell(?:ing|en)|swollen|bruis(?:e|es|ing)|numb|is this (?:much )?normal",
        "I am sorry you are worried, but I cannot judge symptoms over the phone. The best thing is"
        " to call our team at **{phone}** right away. How many days ago was your surgery?",
    ),
    (
        r"hurts?|pain|painful|sore",
        "That does not sound comfortable, and I would like our team to hear about it. If it gets"
        " worse or you feel faint, please call **{emergency}**. Shall I ask them to call you?",
    ),
    (
        r"pregnant|breastfeeding|nursing",
        "Congratulations! I do not know whether that is possible, so please ask {surgeon} first."
        " A consultation is **{consultation}** and takes about 45 minutes.",
    ),
    (
        r"smok(?:e|er|ing)|vap(?:e|ing)|nicotine",
        "Thank you for telling me, and {surgeon} will need to know that. I cannot say yes or no"
        " over the phone, but a consultation is only **{consultation}**.",
    ),
    (
        r"weight|bmi|too heavy|overweight|pounds",
        "I do not have a weight limit here, so {surgeon} will look at that with you. The"
        " consultation is **{consultation}**. Would you like to come in?",
    ),
    (
        r"scars?|scarring",
        "Every surgery leaves some scar, and how it fades is different for everyone. {Surgeon} can"
        " show you where it would be. Would you like a consultation for **{consultation}**?",
    ),
    (
        r"scared|nervous|afraid|anxious|anesthesia",
        "It is completely normal to be nervous, and many callers tell me the same. {Surgeon} will"
        " take **all** the time you need. What is it that worries you most?",
    ),
    (
        r"drive (?:myself )?home|drive after|need a ride",
        "After general anesthesia you cannot drive, so please bring someone who can take you home."
        " Does that work for you?",
    ),
    (
        r"exercise|work out|gym|running again|fly|flight|alcohol|swim",
        "Your surgeon has to clear you for that, and it is different for every patient. Please do"
        " not start before then. Our number for questions like this is **{phone}**.",
    ),
    (
        r"before and after|photos|pictures|instagram",
        "We do not send photos over the phone, but {surgeon} will show you some at the"
        " consultation. It is **{consultation}** and takes about 45 minutes. Shall I find a time?",
    ),
    (
        r"discounts?|specials?|promotions?|coupons?|cheaper|too expensive",
        "I do not know of a special offer right now, but we have payment plans from **{monthly}**."
        " {Person} can tell you more at {phone}. Would that help?",
    ),
    (
        r"deposit",
        "I do not have the deposit in front of me, and I would not want to guess. The consultation"
        " is **{consultation}**, and it is credited to your procedure.",
    ),
    (
        r"medicare|medicaid|blue cross|aetna|hmo",
        "I am afraid cosmetic surgery is usually not covered, and that includes most plans. We do"
        " have financing from **{monthly}**. Would you like to hear how it works?",
    ),
    (
        r"when (?:is )?my (?:wife|husband|daughter|son|mother|father|sister|brother|friend)(?:'s)?",
        "I am not able to share another patient's appointments, because they are private. They are"
        " welcome to call us at **{phone}**. Is there anything else I can do for you?",
    ),
    (
        r"cancel(?:ing|ling|led)?",
        "I am sorry you cannot make it, and I will pass that on. Would you like to **move** it"
        " instead? I have {slot} open.",
    ),
    (
        r"(?:running|be|i'm) (?:\w+ )?(?:minutes? )?late|stuck in traffic",
        "Thank you for letting us know, and please drive safely. I will tell the front desk. If it"
        " is more than **30 minutes**, they are at {phone}.",
    ),
    (
        r"video|virtual|online|out of state|another state|zoom",
        "I do not know whether we can do that by video, but I can find out. A consultation here"
        " takes about **45 minutes**. May I have a number where we can call you?",
    ),
    (
        r"e ?mail|text me",
        "I cannot send e-mail from this call, but our team can. They are at **{phone}**, or I can"
        " have them write to you. Which do you prefer?",
    ),
    (
        r"how early|arrive early|check in",
        "Please come **10-15 minutes** early, and we will do the forms together. Do you know"
        " the way?",
    ),
    (
        r"hiring|job openings?|apply for a job|career|resume",
        "Thank you for your interest in working with us! I do not have a list of open positions,"
        " but the office does at **{phone}**. Is there anything else?",
    ),
    (
        r"great deal|office supplies|offer you|sponsor|marketing|partnership",
        "Thank you, but I cannot take sales calls on this line. The office manager is the right"
        " person, at **{phone}**. Have a great day!",
    ),
)

_COMPILED: Final = tuple((re.compile(rf"\b(?:{words})\b"), answer) for words, answer in _TOPICS)

_DIGIT_WORDS: Final = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_PHONE_ASKED: Final = "is that correct"


def comes_up(talk: Talk) -> bool:
    """Whether one of the topics does."""
    return any(words.search(talk.text) for words, _ in _COMPILED)


def answer(talk: Talk) -> str:
    """What is said to the first topic that comes up."""
    text = next(text for words, text in _COMPILED if words.search(talk.text))
    return text.format_map(_facts(talk))


def _facts(talk: Talk) -> dict[str, str]:
    clinic = talk.clinic
    people = {person.role.rpartition(" ")[2]: person.name for person in reversed(clinic.people)}
    surgeon = people.get("surgeon", "the doctor")
    person = people.get("coordinator", "somebody from our team")
    consultation = next((s.price for s in clinic.services if s.name == "consultation"), "free")
    monthly = next(iter(re.findall(r"\$[\d,]+/month", " ".join(q.answer for q in clinic.faq))), "")
    return {
        "clinic": clinic.name,
        "phone": wording.phone(talk),
        "emergency": clinic.emergency_number,
        "surgeon": surgeon,
        "Surgeon": surgeon[0].upper() + surgeon[1:],
        "Person": person[0].upper() + person[1:],
        "consultation": consultation.partition(",")[0],
        "monthly": monthly or "your bank",
        "slot": talk.slot or "another day",
    }


# Silence, telephone numbers, how long it takes.


def silence(talk: Talk) -> str:
    """To nothing, once and again."""
    if "still there" in talk.last:
        return (
            "I cannot hear you, so I will let you go for now."
            f" Please call us again at **{wording.phone(talk)}**. Goodbye!"
        )
    return "Are you still there? I am happy to wait if you need a moment."


def number_in(talk: Talk) -> str:
    """The ten figures of a telephone number in the caller's words; nothing where there are none."""
    figures = "".join(_DIGIT_WORDS.get(word, word) for word in talk.text.split())
    found = re.search(r"(?<!\d)1?(\d{10})(?!\d)", figures)
    return found[1] if found else ""


def read_back(talk: Talk) -> str:
    """The number, to be confirmed."""
    n = number_in(talk)
    return f"Let me read that back: **({n[:3]}) {n[3:6]}-{n[6:]}**. Is that correct?"


def confirms_number(talk: Talk) -> bool:
    """Whether the number we read back is right."""
    says_yes = re.search(r"\b(?:yes|yeah|yep|correct|right)\b", talk.text) is not None
    return says_yes and _PHONE_ASKED in talk.last


def number_confirmed(talk: Talk) -> str:
    """What happens with it."""
    del talk
    return "Perfect, somebody from our team will call you at that number. Is there anything else?"


def asks_duration(talk: Talk) -> bool:
    """Whether it is about how long something takes."""
    asks = re.search(r"\bhow long (?:does|do|is|will|are)\b(?!.*\brecover)", talk.text)
    return asks is not None and talk.service is not None and bool(talk.service.detail)


def duration(talk: Talk) -> str:
    """From what the clinic says about it."""
    assert talk.service is not None
    return f"{talk.service.detail} Would you like me to look for a **time**?"
