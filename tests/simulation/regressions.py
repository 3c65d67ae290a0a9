"""Seeds that found something, each with what it was: they are run again by `test_calls`."""

from __future__ import annotations

from typing import Final

from voxanne_trio.simulation.faults import NAMES
from voxanne_trio.simulation.plan import Options

ALL: Final = Options(faults=NAMES)
SHORT: Final = Options(faults=NAMES, seconds=15.0)
BRIEF: Final = Options(faults=NAMES, seconds=20.0)
NONE: Final = Options()

SEEDS: Final[tuple[tuple[int, Options, str], ...]] = (
    (18, NONE, "the call's end overtook a supposed reply: its words are recorded, undecided"),
    (411, ALL, "two replies with the same text, one of them never heard"),
    (506, ALL, "a phone that was gone without a word was told to have heard a whole answer"),
    (564, ALL, "half a frame written to a connection that was closed already (the stand-in's)"),
    (306, ALL, "two calls, a fault on the second: the first suffers nothing"),
    (1056, SHORT, "audio broken off before its first word belonged to a sentence not there"),
    (10161, ALL, "a turn that went on when the caller hung up was in the record twice"),
    (10329, ALL, "what a half-open recogniser was given was neither said again nor counted"),
    (10437, ALL, "the same, with a socket that took no more"),
    (1146, SHORT, "a replay to a new recogniser began in the middle of a frame"),
    (10445, ALL, "a second SIGTERM cut the call while it spoke (the law waited for the floor)"),
    (70800, BRIEF, "a stream lost as it began was still played to"),
    (70644, BRIEF, "what a lost stream's ring had counted as dropped was forgotten (the law's)"),
    (70994, BRIEF, "a line that never brought a frame: nobody was heard (a false alarm of law 5)"),
    (70910, BRIEF, "a filler that was due in a hold waited 1.2 s after the noise that held it"),
    (72212, BRIEF, "a television held a filler back for 1.5 s from its own beginning"),
    (73465, BRIEF, "a cough put off what was owed to a voice without words"),
    (74171, BRIEF, "short noises put the first filler off"),
    (75634, BRIEF, "a voice that broke in a hold took away what had been heard"),
    (74110, BRIEF, "a false alarm: words of others counted as sent"),
    (81025, BRIEF, "a television that had brought no word held the answer back from its beginning"),
    (82560, BRIEF, "a second noise before the answer had a word's time again"),
    (81302, BRIEF, "a false alarm: what an answer cut off was given after its record (law 4)"),
    (625, ALL, "a phrase that was synthesised late is played after a barge-in"),
)
"""The draw may change under them; what they found has a test of its own where it was the product's:
`tests/turns`, `tests/telephony`."""
