"""From settings to what the rooms of a call are tuned by: pacing, rules, ways of making a reply."""

from __future__ import annotations

from collections.abc import Sequence

from .reply import Ways
from .settings import Settings
from .speaking import Speaker
from .telephony.playback import Pacing, Playback
from .thinking import Ways as ThinkingWays
from .turns import Rules


def rules_of(settings: Settings) -> Rules:
    """The figures that the floor decides by."""
    is_nova = settings.stt == "nova"
    return Rules(
        interrupt_words=settings.interrupt_words,
        end_of_turn_cap_ms=settings.end_of_turn_cap_ms,
        unfinished_cap_ms=settings.unfinished_cap_ms,
        hold_confirm_ms=settings.nova_hold_confirm_ms if is_nova else settings.hold_confirm_ms,
        hold_max_ms=settings.hold_max_ms,
        unanswered_voice_ms=settings.unanswered_voice_ms,
        idle_seconds=settings.idle_seconds,
        wait_seconds=settings.wait_seconds,
        hangup_grace_ms=settings.hangup_grace_ms,
        max_call_seconds=settings.max_call_seconds,
        speculations=settings.speculations,
        filler_after_ms=settings.filler_after_ms,
        dead_air_ms=settings.dead_air_ms,
        tool_air_ms=settings.tool_air_ms,
    )


def ways_of(
    settings: Settings, thinking: ThinkingWays, speakers: Sequence[Speaker], playback: Playback
) -> Ways:
    """What the replies of a call are made with."""
    return Ways(
        thinking=thinking,
        speakers=speakers,
        playback=playback,
        first_token_ms=settings.llm_first_token_ms,
        model_stall_ms=settings.llm_stall_ms,
        first_byte_ms=settings.tts_first_byte_ms,
        voice_stall_ms=settings.tts_hedge_ms,
        low_water_ms=settings.low_water_ms,
        pause_ms=settings.sentence_pause_ms,
    )


def pacing_of(settings: Settings) -> Pacing:
    """How playback paces what it sends."""
    return Pacing(
        lead_ms=settings.lead_ms,
        start_buffer_ms=settings.start_buffer_ms,
        mark_every_ms=settings.mark_every_ms,
        resume_rewind_ms=settings.resume_rewind_ms,
    )
