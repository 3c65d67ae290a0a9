"""Every knob of Voxanne: one frozen class, built once from the environment.

Each field is one setting; its metadata says which variable names it, its unit and what it does.
`docs/settings.md` is generated from this class. Secrets never show in its `repr`.
"""

from __future__ import annotations

from typing import Any

import attrs


def _setting(
    default: Any, help: str, *, unit: str = "", env: str = "", secret: bool = False
) -> Any:
    """One setting: `env` is its variable where that is not `VOXANNE_` and its name."""
    metadata = {"help": help, "unit": unit, "env": env, "secret": secret}
    return attrs.field(default=default, metadata=metadata, repr=not secret)


@attrs.frozen(kw_only=True)
class Settings:
    """The configuration of a process; see `docs/settings.md`."""

    # Vendors
    deepgram_api_key: str = _setting("", "Deepgram API key", env="DEEPGRAM_API_KEY", secret=True)
    deepgram_base_url: str = _setting(
        "https://api.deepgram.com", "Deepgram's origin", env="DEEPGRAM_BASE_URL"
    )
    groq_api_key: str = _setting("", "Groq API key", env="GROQ_API_KEY", secret=True)
    groq_base_url: str = _setting(
        "https://api.groq.com",
        "origin of an OpenAI-compatible server; `/openai/v1/chat/completions` is added",
        env="GROQ_BASE_URL",
    )
    twilio_account_sid: str = _setting("", "Twilio account sid", env="TWILIO_ACCOUNT_SID")
    twilio_auth_tokens: tuple[str, ...] = _setting(
        (),
        "Twilio auth token; several, separated by commas, while rotating",
        env="TWILIO_AUTH_TOKEN",
        secret=True,
    )
    twilio_base_url: str = _setting(
        "https://api.twilio.com", "Twilio's REST origin", env="TWILIO_BASE_URL"
    )
    # Server
    public_url: str = _setting("", "the https origin Twilio reaches us at; http for local use")
    host: str = _setting("0.0.0.0", "address to listen on")  # noqa: S104 - a server's default
    port: int = _setting(8000, "port to listen on")
    operator_token: str = _setting(
        "", "bearer token for call data; unset: loopback only", secret=True
    )
    max_calls: int = _setting(100, "calls at once; more are refused politely", unit="calls")
    ticket_seconds: int = _setting(60, "how long a stream ticket is valid", unit="s")
    clinic: str = _setting("", "a clinic profile (TOML); empty: the sample clinic")
    cache_dir: str = _setting(".voxanne-cache", "where cached phrases are kept; empty: memory only")
    # Hearing
    stt: str = _setting("flux", "recogniser: `flux` or `nova`")
    stt_model: str = _setting("", "recogniser model; empty: the recogniser's default")
    stt_batch_ms: int = _setting(80, "audio per message to the recogniser", unit="ms")
    eot_threshold: float = _setting(0.7, "Flux's end-of-turn confidence, 0.5 to 1")
    eager_eot_threshold: float = _setting(0.4, "Flux's eager end-of-turn confidence; 0: off")
    eot_timeout_ms: int = _setting(5_000, "Flux ends a turn after this silence", unit="ms")
    endpointing_ms: int = _setting(300, "nova-3 ends speech after this silence", unit="ms")
    hearing_limit_ms: int = _setting(
        4_000, "recogniser unreachable for this long: the call is ended politely", unit="ms"
    )
    # Thinking
    llm_models: tuple[str, ...] = _setting(
        ("openai/gpt-oss-20b", "openai/gpt-oss-120b"), "language models, best first"
    )
    llm_first_token_ms: int = _setting(1_500, "first content, then the next model", unit="ms")
    llm_max_completion_tokens: int = _setting(512, "bound of one reply", unit="tokens")
    llm_temperature: float = _setting(0.4, "sampling temperature")
    history_tokens: int = _setting(2_000, "budget for the past exchanges", unit="tokens")
    # Speaking
    voice: str = _setting("aura-2-thalia-en", "Deepgram voice")
    tts_first_byte_ms: int = _setting(1_500, "first audio, then the HTTP way", unit="ms")
    speak_warm_sockets: int = _setting(2, "speak sockets kept ready", unit="sockets")
    speak_max_sockets: int = _setting(40, "speak sockets at once", unit="sockets")
    sentence_pause_ms: int = _setting(100, "between separately synthesised sentences", unit="ms")
    # Playback
    lead_ms: int = _setting(300, "audio sent ahead of real time", unit="ms")
    start_buffer_ms: int = _setting(60, "audio in hand before speech starts", unit="ms")
    mark_every_ms: int = _setting(200, "distance between marks", unit="ms")
    low_water_ms: int = _setting(1_500, "unplayed audio below which more is synthesised", unit="ms")
    resume_rewind_ms: int = _setting(500, "how far back speech resumes after a pause", unit="ms")
    # Turns
    hangup_grace_ms: int = _setting(400, "for the phone's own buffer, before we hang up", unit="ms")
    hold_max_ms: int = _setting(1_500, "words without an end of turn: then answered", unit="ms")
    max_call_seconds: int = _setting(1_800, "longest call", unit="s")
    # Logs
    log_file: str = _setting("logs/voxanne.log", "log file; empty: standard output only")
    log_format: str = _setting("console", "`console` or `json`")
    log_level: str = _setting("info", "`debug`, `info`, `warning` or `error`")
    log_words: bool = _setting(True, "whether callers' and our words are logged")

    # Budgets a turn is held against; medians, total and barge-in at P95
    budget_stt_ms: int = _setting(300, "end of turn, median", unit="ms")
    budget_llm_ms: int = _setting(150, "first content of the model, median", unit="ms")
    budget_tts_ms: int = _setting(200, "first byte of speech, median", unit="ms")
    budget_total_ms: int = _setting(500, "turn decided to answer on the wire, P95", unit="ms")
