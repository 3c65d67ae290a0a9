"""From variables to typed values: how a process's settings are read, without knowing any of them.

A variable counts in this order: the environment's `NAME`, its `NAME_FILE` (a file that holds the
value, as container secrets come), then the same two of the `.env` file. Every problem becomes one
line that names the variable and never shows a secret.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
from dotenv import dotenv_values

Problem = str

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


def variable(field: attrs.Attribute[Any]) -> str:
    """The variable that names a setting."""
    return str(field.metadata["env"] or f"VOXANNE_{field.name.upper()}")


def read_env_file(path: Path | None) -> dict[str, str]:
    """The variables of a `.env` file; none when there is no such file."""
    if path is None or not path.is_file():
        return {}
    return {
        name: value
        for name, value in dotenv_values(path, interpolate=False, encoding="utf-8").items()
        if value is not None
    }


def read_values(
    fields: tuple[attrs.Attribute[Any], ...],
    types: Mapping[str, Any],
    sources: tuple[Mapping[str, str], ...],
) -> tuple[dict[str, Any], list[Problem]]:
    """The values that the sources give, by field name, and what is wrong with the others."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in fields:
        name = variable(field)
        try:
            text = _text(name, sources)
            if text is None or (not text and not field.metadata["can_be_empty"]):
                continue
            values[field.name] = _checked(_PARSERS[types[field.name]](text), field)
        except ValueError as error:
            problems.append(f"{name}: {error}")
    return values, problems


def _text(name: str, sources: tuple[Mapping[str, str], ...]) -> str | None:
    for source in sources:
        value, path = source.get(name), source.get(f"{name}_FILE")
        if value and path:
            raise ValueError(f"{name}_FILE is set as well; keep one of them")
        if path:
            return _file_text(path)
        if value is not None:
            return value.strip()
    return None


def _file_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ValueError(f"file {path} cannot be read ({reason})") from error


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a whole number") from None


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]!r} is not a number")
    return number


def _switch(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(f"{text[:40]!r} is neither true nor false")


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in (part.strip() for part in text.split(",")) if part)


def _numbers(text: str) -> tuple[float, ...]:
    if not (parts := _list(text)):
        raise ValueError(f"{text[:40]!r} holds no number")
    return tuple(map(_number, parts))


_PARSERS: Final[Mapping[Any, Callable[[str], Any]]] = {
    str: str,
    int: _integer,
    float: _number,
    bool: _switch,
    tuple[str, ...]: _list,
    tuple[float, ...]: _numbers,
}


def _checked(value: Any, field: attrs.Attribute[Any]) -> Any:
    about = field.metadata
    if about["origin"]:
        return _origin(value)
    if about["url"]:
        return _url(value)
    if about["choices"] and value not in about["choices"]:
        raise ValueError(f"{value!r} is not one of {', '.join(about['choices'])}")
    for number in value if isinstance(value, tuple) else (value,):
        _check_bounds(number, about["at_least"] or 0, about["at_most"])
    return value


def _check_bounds(value: Any, least: float, most: float | None) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if value < least or (most is not None and value > most):
        wanted = f"at least {least:g}" if most is None else f"from {least:g} to {most:g}"
        raise ValueError(f"{value:g} is not {wanted}")


def _url(text: str) -> str:
    """`https://host[:port][/path]`, without the slash at its end."""
    parts = urlsplit(text)
    return _origin(f"{parts.scheme}://{parts.netloc}") + parts.path.rstrip("/")


def _origin(text: str) -> str:
    """`https://host[:port]`, without the slash at its end."""
    try:
        parts = urlsplit(text)
        wrong = parts.port == 0
    except ValueError:
        raise ValueError(f"{text!r} is not a URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or wrong:
        raise ValueError(f"{text!r} does not start with https:// and a host")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{text!r} is more than an origin: leave out what follows the host")
    return f"{parts.scheme}://{parts.netloc}"
