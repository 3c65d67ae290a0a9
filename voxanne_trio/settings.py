"""Every knob of Voxanne: one frozen class, built once from the environment.

Each field is one setting; its metadata says which variable names it, its unit, its bounds and what
it does. `docs/settings.md` is generated from this class. Secrets never show in its `repr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import attrs

from .environment import read_env_file, read_values, variable
from .errors import ConfigurationError


class InvalidSettings(ConfigurationError):
    """Settings that cannot be used; `problems` has one line for each, the message all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def _setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    env: str = "",
    secret: bool = False,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: tuple[str, ...] = (),
    origin: bool = False,
    can_be_empty: bool = False,
) -> Any:
    """One setting: `env` is its variable where that is not `VOXANNE_` and its name. An `origin` is
    an http or https URL without a path. An empty variable means the default, save where the
    setting `can_be_empty`."""
    metadata = {
        "help": help,
        "unit": unit,
        "env": env,
        "secret": secret,
        "at_least": at_least,
        "at_most": at_most,
        "choices": choices,
        "origin": origin,
        "can_be_empty": can_be_empty,
    }
    return attrs.field(default=default, metadata=metadata, repr=not secret)


@attrs.frozen(kw_only=True)
class Settings:
    """The configuration of a process; see `docs/settings.md`."""

    # Vendors
    deepgram_api_key: str = _setting("", "Deepgram API key", env="DEEPGRAM_API_KEY", secret=True)
    deepgram_base_url: str = _setting(
        "https://api.deepgram.com", "Deepgram's origin", env="DEEPGRAM_BASE_URL", origin=True
    )
    groq_api_key: str = _setting("", "Groq API key", env="GROQ_API_KEY", secret=True)
    groq_base_url: str = _setting(
        "https://api.groq.com",
        "origin of an OpenAI-compatible server; `/openai/v1/chat/completions` is added",
        env="GROQ_BASE_URL",
        origin=True,
    )
    twilio_account_sid: str = _setting("", "Twilio account sid", env="TWILIO_ACCOUNT_SID")
    twilio_auth_tokens: tuple[str, ...] = _setting(
        (),
        "Twilio auth token; several, separated by commas, while rotating",
        env="TWILIO_AUTH_TOKEN",
        secret=True,
    )
    twilio_base_url: str = _setting(
        "https://api.twilio.com", "Twilio's REST origin", env="TWILIO_BASE_URL", origin=True
    )
    # Server
    public_url: str = _setting(
        "", "the https origin Twilio reaches us at; http for local use", origin=True
    )
    host: str = _setting("0.0.0.0", "address to listen on")  # noqa: S104 - a server's default
    port: int = _setting(8000, "port to listen on", at_least=0, at_most=65_535)
    operator_token: str = _setting(
        "", "bearer token for call data; unset: loopback only", secret=True
    )
    max_calls: int = _setting(
        100, "calls at once; more are refused politely", unit="calls", at_least=1
    )
    ticket_seconds: int = _setting(60, "how long a stream ticket is valid", unit="s", at_least=1)
    drain_seconds: int = _setting(600, "how long a stopping server waits for its calls", unit="s")
    clinic: str = _setting(
        "", "a clinic profile (TOML); empty: the sample clinic", can_be_empty=True
    )
    cache_dir: str = _setting(
        ".voxanne-cache", "where cached phrases are kept; empty: memory only", can_be_empty=True
    )
    database_url: str = _setting(
        "sqlite:///voxanne.db",
        "where calls are kept: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`; "
        "empty: in memory, until the server ends",
        secret=True,
        can_be_empty=True,
    )
    # Hearing
    stt: str = _setting("flux", "recogniser: `flux` or `nova`", choices=("flux", "nova"))
    stt_model: str = _setting("", "recogniser model; empty: the recogniser's default")
    stt_batch_ms: int = _setting(80, "audio per message to the recogniser", unit="ms", at_least=1)
    eot_threshold: float = _setting(
        0.7, "Flux's end-of-turn confidence, 0.5 to 1", at_least=0.5, at_most=1
    )
    eager_eot_threshold: float = _setting(
        0.4, "Flux's eager end-of-turn confidence; 0: off", at_least=0, at_most=1
    )
    eot_timeout_ms: int = _setting(5_000, "Flux ends a turn after this silence", unit="ms")
    endpointing_ms: int = _setting(300, "nova-3 ends speech after this silence", unit="ms")
    hearing_mute_ms: int = _setting(
        1_500, "caller's voice without an event: the recogniser is mute", unit="ms", at_least=200
    )
    hearing_limit_ms: int = _setting(
        4_000, "recogniser unreachable for this long: the call is ended politely", unit="ms"
    )
    # Thinking
    llm_models: tuple[str, ...] = _setting(
        ("openai/gpt-oss-20b", "openai/gpt-oss-120b"), "language models, best first"
    )
    llm_first_token_ms: int = _setting(1_500, "first content, then the next model", unit="ms")
    llm_max_completion_tokens: int = _setting(512, "bound of one reply", unit="tokens", at_least=1)
    llm_temperature: float = _setting(0.4, "sampling temperature", at_least=0, at_most=2)
    history_tokens: int = _setting(2_000, "budget for the past exchanges", unit="tokens")
    # Speaking
    voice: str = _setting("aura-2-thalia-en", "Deepgram voice")
    tts_first_byte_ms: int = _setting(1_500, "first audio, then the HTTP way", unit="ms")
    speak_warm_sockets: int = _setting(
        2,
        "speak sockets kept ready; more of them while many replies begin",
        unit="sockets",
        at_least=0,
    )
    speak_max_sockets: int = _setting(40, "speak sockets at once", unit="sockets", at_least=1)
    sentence_pause_ms: int = _setting(100, "between separately synthesised sentences", unit="ms")
    # Playback
    lead_ms: int = _setting(
        300, "audio sent ahead of real time", unit="ms", at_least=20, at_most=10_000
    )
    start_buffer_ms: int = _setting(
        60, "audio in hand before speech starts", unit="ms", at_least=20, at_most=10_000
    )
    mark_every_ms: int = _setting(
        200, "distance between marks", unit="ms", at_least=20, at_most=10_000
    )
    low_water_ms: int = _setting(1_500, "unplayed audio below which more is synthesised", unit="ms")
    resume_rewind_ms: int = _setting(500, "how far back speech resumes after a pause", unit="ms")
    # Turns
    hangup_grace_ms: int = _setting(400, "for the phone's own buffer, before we hang up", unit="ms")
    end_of_turn_cap_ms: int = _setting(
        500, "silence after which we end a turn ourselves", unit="ms", at_least=100
    )
    unfinished_cap_ms: int = _setting(
        1_500, "the same, when the caller has probably not finished", unit="ms", at_least=100
    )
    hold_confirm_ms: int = _setting(
        400, "after a voice without words that silenced us: then we go on", unit="ms"
    )
    nova_hold_confirm_ms: int = _setting(
        1_000, "the same with nova-3, whose words come later", unit="ms"
    )
    hold_max_ms: int = _setting(
        1_500, "longest silence for a voice without words; words without an end of turn", unit="ms"
    )
    interrupt_words: int = _setting(
        2, "words that take the floor while we speak", unit="words", at_least=1
    )
    speculations: int = _setting(
        3, "replies begun in a turn before it has surely ended; 0: none", unit="replies"
    )
    idle_seconds: tuple[float, ...] = _setting(
        (8.0, 8.0),
        "silence before each prompt; after the last, once more, goodbye",
        unit="s",
        at_least=1,
    )
    wait_seconds: int = _setting(60, "the same, when the caller asked us to wait", unit="s")
    unanswered_voice_ms: int = _setting(
        4_000, "voice that yields no words: the caller is asked to say it again", unit="ms"
    )
    max_call_seconds: int = _setting(1_800, "longest call", unit="s", at_least=1)
    # Logs
    log_file: str = _setting(
        "logs/voxanne.log", "log file; empty: standard output only", can_be_empty=True
    )
    log_format: str = _setting("console", "`console` or `json`", choices=("console", "json"))
    log_level: str = _setting(
        "info",
        "`debug`, `info`, `warning` or `error`",
        choices=("debug", "info", "warning", "error"),
    )
    log_words: bool = _setting(True, "whether callers' and our words are logged")
    tape_dir: str = _setting(
        "", "where each call's events are kept, to run it again; empty: nowhere"
    )
    tape_words: bool = _setting(False, "whether tapes hold callers' words, or only their number")

    # Budgets a turn is held against; medians, total and barge-in at P95
    budget_stt_ms: int = _setting(300, "end of turn, median", unit="ms")
    budget_llm_ms: int = _setting(150, "first content of the model, median", unit="ms")
    budget_tts_ms: int = _setting(200, "first byte of speech, median", unit="ms")
    budget_total_ms: int = _setting(500, "turn decided to answer on the wire, P95", unit="ms")

    @classmethod
    def load(cls, environ: Mapping[str, str], env_file: Path | None = Path(".env")) -> Settings:
        """Read the settings; the environment wins over the file. Raises `InvalidSettings`."""
        sources = (environ, read_env_file(env_file))
        values, problems = read_values(attrs.fields(cls), get_type_hints(cls), sources)
        if problems:
            raise InvalidSettings(problems)
        return cls(**values)

    def missing_for_serve(self) -> tuple[str, ...]:
        """The variables without which no call can be answered.

        A server that listens on loopback alone needs no public URL: it is its own.
        """
        needed = ["deepgram_api_key", "groq_api_key", "twilio_account_sid", "twilio_auth_tokens"]
        if not self.is_local:
            needed.append("public_url")
        fields = attrs.fields_dict(type(self))
        return tuple(variable(fields[name]) for name in needed if not getattr(self, name))

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")
