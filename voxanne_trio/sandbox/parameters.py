"""The query of a listen request, checked as strictly as the service does, or more.

v2 refuses what it does not know. v1 is strict here too, so that a misspelt parameter is found in a
test and not in production. Raises `Refusal` with the service's wording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs

from .refusals import Refusal, bad_parameter, no_such_model, undecodable

Query = Sequence[tuple[str, str]]
T = TypeVar("T")

DEFAULT_EOT: Final = 0.7
KEYTERM_TOKENS: Final = 500
_REPEATED: Final = frozenset({"keyterm", "tag", "language_hint", "redact", "keywords", "extra"})

_FLUX: Final = frozenset(
    {"model", "encoding", "sample_rate", "eot_threshold", "eager_eot_threshold", "eot_timeout_ms"}
    | {"keyterm", "language_hint", "profanity_filter", "numerals", "redact", "mip_opt_out", "tag"}
)
_NOVA: Final = frozenset(
    {"model", "encoding", "sample_rate", "channels", "multichannel", "language", "language_hint"}
    | {"interim_results", "endpointing", "utterance_end_ms", "vad_events", "smart_format"}
    | {"no_delay", "punctuate", "numerals", "profanity_filter", "dictation", "filler_words"}
    | {"keyterm", "keywords", "redact", "detect_entities", "diarize", "diarize_model", "replace"}
    | {"search", "version", "extra", "callback", "mip_opt_out", "tag"}
)


class _Parameters:
    """A query to take typed values from."""

    def __init__(self, query: Query, known: frozenset[str]) -> None:
        names = [name for name, _ in query]
        for name in names:
            if name not in known:
                raise undecodable(f"unknown field `{name}`")
            if name not in _REPEATED and names.count(name) > 1:
                raise undecodable(f"duplicate field `{name}`")
        self._one: Mapping[str, str] = dict(query)
        self._query = query

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self._query if key == name)

    def text(self, name: str, default: str = "") -> str:
        return self._one.get(name, default)

    def flag(self, name: str) -> bool:
        value = self.text(name, "false")
        if value not in {"true", "false"}:
            raise undecodable(f"{name} must be true or false")
        return value == "true"

    def number(self, name: str, kind: Callable[[str], T], default: T) -> T:
        if name not in self._one:
            return default
        try:
            return kind(self._one[name])
        except ValueError:
            raise undecodable(f"{name} must be a number") from None

    def check_audio(self) -> None:
        """Only what a telephone sends is understood here: mu-law at 8 kHz."""
        if self.text("encoding") != "mulaw":
            raise bad_parameter("Unsupported audio format: this stand-in hears `encoding=mulaw`")
        if self.number("sample_rate", int, 0) != 8_000:
            raise bad_parameter("Unsupported audio format: this stand-in hears `sample_rate=8000`")

    def keyterms(self) -> tuple[str, ...]:
        terms = self.all("keyterm")
        if too_many_tokens(terms):
            raise Refusal(
                400,
                "Bad Request",
                "Keyterm limit exceeded. "
                f"The maximum number of tokens across all keyterms is {KEYTERM_TOKENS}.",
            )
        return terms


def too_many_tokens(terms: Sequence[str]) -> bool:
    """Whether keyterms are over the limit, with a token for every started four letters."""
    return sum(-(-len(word) // 4) for term in terms for word in term.split()) > KEYTERM_TOKENS


@attrs.frozen(kw_only=True)
class Thresholds:
    """When a turn is over, as the client asked; `ValueError` where it may not ask so."""

    eot_threshold: float = DEFAULT_EOT
    eager_eot_threshold: float | None = None
    eot_timeout_ms: int = 5_000

    def __attrs_post_init__(self) -> None:
        eager = self.eager_eot_threshold
        if not 0.5 <= self.eot_threshold <= 1.0:
            raise ValueError("eot_threshold must be between 0.5 and 1.0")
        if eager is not None and not 0.3 <= eager <= 0.9:
            raise ValueError("eager_eot_threshold must be between 0.3 and 0.9")
        if eager is not None and eager > self.eot_threshold:
            raise ValueError("eager_eot_threshold must not be above eot_threshold")
        if not 500 <= self.eot_timeout_ms <= 60_000:
            raise ValueError("eot_timeout_ms must be between 500 and 60000")

    def changed(self, wanted: Mapping[str, Any]) -> Thresholds:
        """With the fields that a Configure names; `ValueError` for others or wrong values."""
        known = {"eot_threshold": float, "eager_eot_threshold": float, "eot_timeout_ms": int}
        if unknown := set(wanted) - set(known):
            raise ValueError(f"unknown threshold {min(unknown)}")
        try:
            return attrs.evolve(self, **{name: known[name](wanted[name]) for name in wanted})
        except TypeError as error:
            raise ValueError("thresholds must be numbers") from error


@attrs.frozen(kw_only=True)
class FluxSettings:
    """What a v2 stream was opened with."""

    thresholds: Thresholds
    keyterms: tuple[str, ...]
    numerals: bool
    tags: tuple[str, ...]


def flux_settings(query: Query) -> FluxSettings:
    """The settings of a v2 stream."""
    found = _Parameters(query, _FLUX)
    if found.text("model") not in {"flux-general-en", "flux-general-multi"}:
        raise no_such_model()
    found.check_audio()
    eager: float | None = found.number("eager_eot_threshold", float, -1.0)
    try:
        thresholds = Thresholds(
            eot_threshold=found.number("eot_threshold", float, DEFAULT_EOT),
            eager_eot_threshold=None if eager == -1.0 else eager,
            eot_timeout_ms=found.number("eot_timeout_ms", int, 5_000),
        )
    except ValueError as error:
        raise undecodable(str(error)) from error
    for name in ("profanity_filter", "mip_opt_out"):
        found.flag(name)
    return FluxSettings(
        thresholds=thresholds,
        keyterms=found.keyterms(),
        numerals=found.flag("numerals"),
        tags=found.all("tag"),
    )


@attrs.frozen(kw_only=True)
class NovaSettings:
    """What a v1 stream was opened with."""

    model: str
    interim_results: bool = False
    endpointing: float | None = 0.01
    """Seconds; None when the client switched it off."""
    utterance_end: float | None = None
    vad_events: bool = False
    punctuate: bool = False
    slow_entities: bool = False
    """`smart_format` without `no_delay`: a final that may end inside an entity is held back."""
    keyterms: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def nova_settings(query: Query) -> NovaSettings:
    """The settings of a v1 stream."""
    found = _Parameters(query, _NOVA)
    model = found.text("model")
    if model.partition("-")[0] != "nova" or not model.startswith(("nova-2", "nova-3")):
        raise no_such_model()
    found.check_audio()
    if found.number("channels", int, 1) != 1 or found.flag("multichannel"):
        raise bad_parameter("Unsupported audio format: this stand-in hears one channel")
    if found.all("keyterm") and not model.startswith("nova-3"):
        raise bad_parameter("Keyterm Prompting is only available with Nova-3")
    smart, interim = found.flag("smart_format"), found.flag("interim_results")
    return NovaSettings(
        model=model,
        interim_results=interim,
        endpointing=_endpointing(found),
        utterance_end=_utterance_end(found, interim=interim),
        vad_events=found.flag("vad_events"),
        punctuate=smart or found.flag("punctuate"),
        slow_entities=smart and not found.flag("no_delay"),
        keyterms=found.keyterms(),
        tags=found.all("tag"),
    )


def _endpointing(found: _Parameters) -> float | None:
    if found.text("endpointing") == "false":
        return None
    milliseconds = found.number("endpointing", int, 10)
    if milliseconds < 0:
        raise undecodable("endpointing must not be negative")
    return milliseconds / 1000


def _utterance_end(found: _Parameters, *, interim: bool) -> float | None:
    milliseconds: int = found.number("utterance_end_ms", int, 0)
    if not milliseconds:
        return None
    if not interim:
        raise bad_parameter("utterance_end_ms requires interim_results=true")
    if milliseconds < 1_000:
        raise bad_parameter("utterance_end_ms must be at least 1000")
    return milliseconds / 1000
