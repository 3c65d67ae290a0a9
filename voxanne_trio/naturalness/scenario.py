"""Caller scripts: the one YAML format in which a caller's side of a conversation is written.

A file is a list of scripts:

    - name: BBL Inquiry
      patient: Sarah            # optional: the caller's name, as the practice has it
      turns:
        - Do you do BBL?        # said when the agent has finished
        - say: Thank you, goodbye.
          brief: goodbye        # why a word or two are enough for an answer
          expect: [goodbye]     # what has to be in the spoken answer; `never`: what must not be
        - interrupt: Wait, on Friday?   # said into the answer before it, after `after_ms`
          after_ms: 1500
        - silence: 8            # seconds in which the caller says nothing
        - press: "0"            # keys

Refuses to know what becomes of it: the naturalness run, a simulated phone and a demo all read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import attrs

_ACTS: Final = ("say", "interrupt", "silence", "press")
_TURN_KEYS: Final = frozenset({*_ACTS, "brief", "expect", "never", "after_ms"})
_SCRIPT_KEYS: Final = frozenset({"name", "patient", "turns"})
AFTER_MS: Final = 1_500


class ScenarioError(ValueError):
    """A script that cannot be used; the message is one line."""


@attrs.frozen(kw_only=True)
class Turn:
    """One thing the caller does, and what is expected of the answer."""

    say: str = ""
    interrupts: bool = False
    after_ms: float = AFTER_MS
    silence: float = 0.0
    press: str = ""
    brief: str = ""
    expect: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The turn as a reader of reports sees it."""
        if self.silence:
            return f"(silent for {self.silence:g} seconds)"
        return self.say or f"(presses {self.press})"

    def steps(self) -> list[Any]:
        """What a scripted caller does for this turn, as the sandbox takes it (JSON)."""
        if self.silence:
            return [{"stay_silent": self.silence}]
        if self.press:
            return [{"press": self.press}]
        if self.interrupts:
            return [{"interrupt": self.say, "after_ms": self.after_ms}]
        return ["listen", {"say": self.say}]


@attrs.frozen(kw_only=True)
class Scenario:
    """A caller's script."""

    name: str
    turns: tuple[Turn, ...]
    patient: str = ""


def shipped() -> list[Scenario]:
    """The scripts that come with the package, a clinic's day first."""
    folder = files(__package__) / "scenarios"
    pages = [page for page in folder.iterdir() if page.name.endswith(".yaml")]
    return _unique(
        scenario for page in sorted(pages, key=lambda page: page.name) for scenario in _read(page)
    )


def from_files(paths: Iterable[Path]) -> list[Scenario]:
    """The scripts of some files, in order. Raises `ScenarioError`."""
    return _unique(scenario for path in paths for scenario in _read(path))


def parse(text: str, source: str = "script") -> list[Scenario]:
    """The scripts of one YAML text. Raises `ScenarioError` with a line that says what is wrong."""
    import yaml  # only a reader of scripts needs it

    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{source}: {' '.join(str(error).split())}") from error
    if not isinstance(rows, list) or not rows:
        raise ScenarioError(f"{source}: must be a list of scripts")
    return [_scenario(row, source) for row in rows]


def _read(path: Path | Traversable) -> list[Scenario]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read ({error})") from error
    return parse(text, path.name)


def _unique(scenarios: Iterable[Scenario]) -> list[Scenario]:
    by_name: dict[str, Scenario] = {}
    for scenario in scenarios:
        if scenario.name in by_name:
            raise ScenarioError(f"{scenario.name!r} is the name of two scripts")
        by_name[scenario.name] = scenario
    return list(by_name.values())


def _scenario(row: Any, source: str) -> Scenario:
    if not isinstance(row, Mapping) or not _is_text(row.get("name")):
        raise ScenarioError(f"{source}: a script has no name")
    where = f"{source}: {row['name']}"
    _refuse_unknown(row, _SCRIPT_KEYS, where)
    turns = row.get("turns")
    if not isinstance(turns, list) or not turns:
        raise ScenarioError(f"{where}: no turns")
    if not isinstance(row.get("patient", ""), str):
        raise ScenarioError(f"{where}: patient must be a name")
    return Scenario(
        name=row["name"],
        patient=row.get("patient", ""),
        turns=tuple(_turn(turn, f"{where}, turn {n}") for n, turn in enumerate(turns, 1)),
    )


def _turn(row: Any, where: str) -> Turn:
    if _is_text(row):
        return Turn(say=row)
    if not isinstance(row, Mapping):
        raise ScenarioError(f"{where}: must be what is said, or a mapping")
    _refuse_unknown(row, _TURN_KEYS, where)
    acts = [act for act in _ACTS if act in row]
    if len(acts) != 1:
        raise ScenarioError(f"{where}: must have one of {', '.join(_ACTS)}")
    act = acts[0]
    if act != "silence" and not _is_text(row[act]):
        raise ScenarioError(f"{where}: {act} must be a text")
    return Turn(
        say=row[act] if act in {"say", "interrupt"} else "",
        interrupts=act == "interrupt",
        after_ms=_positive(row, "after_ms", where) if "after_ms" in row else AFTER_MS,
        silence=_positive(row, "silence", where) if act == "silence" else 0.0,
        press=row[act] if act == "press" else "",
        brief=_text(row, "brief", where),
        expect=_texts(row, "expect", where),
        never=_texts(row, "never", where),
    )


def _refuse_unknown(row: Mapping[Any, Any], known: frozenset[str], where: str) -> None:
    if unknown := [key for key in row if key not in known]:
        raise ScenarioError(f"{where}: {unknown[0]!r} is not known")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise ScenarioError(f"{where}: {key} must be a text")
    return value


def _texts(row: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ScenarioError(f"{where}: {key} must be a list of texts")
    return tuple(value)


def _positive(row: Mapping[str, Any], key: str, where: str) -> float:
    value = row[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ScenarioError(f"{where}: {key} must be more than 0")
    return float(value)
