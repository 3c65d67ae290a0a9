"""What a caller's script is made of: values, one for each thing a caller does.

In a text, `~1200` is a hesitation of 1,200 ms: `"five five five ~1200 zero one three four"`. Every
step that waits has a patience; whatever was waited for in vain is in the report, and the script
goes on.
"""

from __future__ import annotations

from typing import Final

import attrs

SILENCE_MS: Final = 900
"""The agent has finished when it has been quiet for so long; pauses between sentences are less."""

PATIENCE_SECONDS: Final = 20.0

SOUNDS: Final = ("cough", "hum", "throat", "door", "click")
"""What a caller's end makes beside words."""


@attrs.frozen
class Say:
    """Say something now, hesitations included."""

    text: str


@attrs.frozen
class Interrupt:
    """Say something when the agent's answer has been heard for `after_ms`, to be let speak."""

    text: str
    after_ms: float = 1_500
    patience: float = PATIENCE_SECONDS


@attrs.frozen
class TalkOver:
    """Begin `after_ms` after the agent has, and say it all.

    The caller does not care whether the agent gives way: somebody who answers the greeting while
    it is still being said. Unlike an interruption it is no complaint if the agent goes on.
    """

    text: str
    after_ms: float = 300
    patience: float = PATIENCE_SECONDS


@attrs.frozen
class Backchannel:
    """Say "mm-hm" when the agent's answer has been heard for `after_ms`, and listen on."""

    text: str = "mm-hm"
    after_ms: float = 2_000
    patience: float = PATIENCE_SECONDS


@attrs.frozen
class Sound:
    """Make a sound without words (one of `SOUNDS`), and listen on.

    With `after_ms` when the agent's answer has been heard for so long, else now.
    """

    name: str = "cough"
    after_ms: float | None = None
    patience: float = PATIENCE_SECONDS

    def __attrs_post_init__(self) -> None:
        if self.name not in SOUNDS:
            raise ValueError(f"no sound {self.name!r}: use {', '.join(SOUNDS)}")


@attrs.frozen
class Listen:
    """Wait until the agent has spoken and has been quiet for `silence_ms`."""

    silence_ms: float = SILENCE_MS
    patience: float = PATIENCE_SECONDS


@attrs.frozen
class StaySilent:
    """Say nothing for so long."""

    seconds: float


@attrs.frozen
class Press:
    """Press keys, one after the other. Some phones let the tone through: `audible`."""

    digits: str
    audible: bool = False


@attrs.frozen
class HangUp:
    """Hang up: now, or `after_ms` from now, whatever the steps that follow are doing then.

    `{"hang_up": null, "after_ms": 700}, {"say": "..."}` hangs up in mid-word. `while_heard` counts
    from the agent's next voice.
    """

    after_ms: float = 0.0
    while_heard: bool = False
    patience: float = PATIENCE_SECONDS


@attrs.frozen
class AwaitHangUp:
    """Wait for the other side to end the call."""

    patience: float = PATIENCE_SECONDS


Step = (
    Say
    | Interrupt
    | TalkOver
    | Backchannel
    | Sound
    | Listen
    | StaySilent
    | Press
    | HangUp
    | AwaitHangUp
)
