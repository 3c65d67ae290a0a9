"""The rooms import one way, and importing is cheap.

Read from the source, imports inside of functions and for type checking included: a room that only
names another's types knows it all the same.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

import voxanne_trio

PACKAGE: Final = "voxanne_trio"
FOLDER: Final = Path(voxanne_trio.__file__).parent

SHARED: Final = {
    "at_once",
    "audio",
    "blocking",
    "clinic",
    "environment",
    "errors",
    "events",
    "health",
    "humanizer",
    "line",
    "settings",
    "upstream",
}
"""What any room may use."""

MAY_IMPORT: Final = {
    "telephony": SHARED,
    "hearing": SHARED,
    "thinking": SHARED,
    "speaking": SHARED,
    "humanizer": set[str](),
    "turns": {"errors", "events", "humanizer"},
    "clinic": {"errors"},
    "records": SHARED,
    "observe": SHARED,
    "sandbox": {"clinic"},
}
"""Beside itself; a room that is not named here composes others."""

PURE: Final = ("humanizer", "turns", "clinic", "events", "audio", "errors", "health")
"""They never wait, so they need nothing that does."""

FOR_A_PERSON: Final = {"cli", "demo", "naturalness", "simulation"}
"""What may bring the stand-ins in: commands, never the product that takes calls."""

WAITING: Final = {"trio", "httpx", "trio_websocket", "quart", "hypercorn", "asyncio", "threading"}


@cache
def imports() -> dict[str, set[tuple[str, str]]]:
    """For each room, or module at the top, what its files import: (file, full name)."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in sorted(FOLDER.rglob("*.py")):
        inside = path.relative_to(FOLDER)
        room = inside.parts[0].removesuffix(".py")
        tree = ast.parse(path.read_text("utf-8"))
        found.setdefault(room, set()).update(
            (str(inside), name) for name in _imported(tree, (PACKAGE, *inside.parent.parts))
        )
    return found


def _imported(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_imports(room: str) -> set[tuple[str, str]]:
    """Other rooms that this one imports: (file, room)."""
    parts = [(file, name.split(".")) for file, name in imports()[room]]
    return {(file, name[1]) for file, name in parts if name[0] == PACKAGE and name[1] != room}


def loaded_after(statement: str) -> set[str]:
    """Names of the modules that a fresh interpreter has loaded after the statement."""
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    return set(done.stdout.split())


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    outside = {(file, other) for file, other in own_imports(room) if other not in MAY_IMPORT[room]}
    assert not outside


def test_only_commands_bring_the_stand_ins_in() -> None:
    brought = {
        file
        for room in imports().keys() - FOR_A_PERSON - {"sandbox"}
        for file, other in own_imports(room)
        if other in {"sandbox", *FOR_A_PERSON}
    }
    assert not brought


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_names_nothing_that_waits(room: str) -> None:
    assert not {(file, name) for file, name in imports()[room] if name.split(".")[0] in WAITING}


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_loads_nothing_that_waits(room: str) -> None:
    loaded = loaded_after(f"import {PACKAGE}.{room}")
    assert not loaded & (WAITING - {"threading"})


def test_importing_the_package_is_cheap() -> None:
    loaded = loaded_after(f"import {PACKAGE}") - loaded_after("pass")
    ours = {name for name in loaded if name.partition(".")[0] == PACKAGE}
    assert ours == {PACKAGE}
    assert not {
        name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names
    } - {PACKAGE}


def test_the_command_line_loads_no_server_before_it_is_asked_for() -> None:
    loaded = loaded_after(f"import {PACKAGE}.cli")
    assert not loaded & {"trio", "quart", "hypercorn", "httpx", "groq", "deepgram"}
    assert f"{PACKAGE}.sandbox" not in loaded


def test_the_server_needs_no_stand_in() -> None:
    loaded = loaded_after(f"import {PACKAGE}.web.serving, {PACKAGE}.web.composition")
    assert not {name for name in loaded if name.startswith(f"{PACKAGE}.sandbox")}
    assert not loaded & {"numpy", "pocketsphinx", "espeakng_loader"}
