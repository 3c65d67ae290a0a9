"""What a reply is: its number, its speech, its timeline, and the scope that ends it.

A value that the stages of a reply share. How it is produced is in `producing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import trio

from ..events import ReplyFailed, ReplyProduced
from ..humanizer import PLAIN, Manner, SentenceStream, Step
from ..observe.narration import Narrator
from ..observe.timeline import Moment, Timeline
from ..speaking import Speaker
from ..telephony.playback import Playback
from ..telephony.speech import Speech
from ..thinking import Ways as ThinkingWays


@attrs.frozen(kw_only=True)
class Ways:
    """What a reply is made with; the same for every reply of a call. Milliseconds."""

    thinking: ThinkingWays
    speakers: Sequence[Speaker]
    playback: Playback
    first_token_ms: int
    model_stall_ms: int
    first_byte_ms: int
    voice_stall_ms: int
    low_water_ms: int
    pause_ms: int


@attrs.define(eq=False, kw_only=True)
class Reply:
    """One reply, from the caller's words (or a text of ours) to audio handed to playback."""

    number: int
    speech: Speech
    ways: Ways
    log: Narrator
    tell: Callable[[ReplyProduced | ReplyFailed], None]
    timeline: Timeline = attrs.field(factory=Timeline)
    manner: Manner = PLAIN
    speed: float = 1.0
    """Of the voice; 1 is its own."""
    is_aside: bool = False
    """Whether it is a word between the answers: nobody would want to hear it again."""
    has_asked_tools: bool = False
    """Whether a tool was asked for it: then the caller's words have been acted on."""
    tools_running: int = 0
    """How many of them are being waited for."""
    is_timed: bool = True
    """Whether its stages are: not where cached audio is heard before the voice is asked."""
    committed: trio.Event = attrs.field(factory=trio.Event)
    """Set once the caller's turn is known to be over: before that, nothing may act."""
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    def sentences(self) -> SentenceStream:
        """Cuts what the reply is to say into sentences, humanised in its manner."""
        return SentenceStream(self.manner, note=self._explain if self.log.tells_steps else None)

    def _explain(self, step: Step) -> None:
        self.log.debug("%s: %s -> %s", step.rule, step.before, step.after)

    def stamp(self, moment: Moment) -> bool:
        return self.is_timed and self.timeline.stamp(moment, trio.current_time())
