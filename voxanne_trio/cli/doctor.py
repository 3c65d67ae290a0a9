"""`voxanne doctor`: whether calls would be answered, and what to do where they would not.

Code 0 when all is well, 1 when something is not, 2 when the settings cannot be used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import trio

from ..clinic import ClinicProfileError, load_clinic
from ..errors import ConfigurationError
from ..settings import InvalidSettings, Settings
from . import DONE, FELL_SHORT, WRONG_USE

if TYPE_CHECKING:
    from ..doctor import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument("--json", action="store_true", help="print one object: ok, checks")
    parser.add_argument(
        "--fallback-twiml",
        action="store_true",
        help="print only the TwiML for the number's fallback URL, to be hosted elsewhere",
    )


def run(arguments: argparse.Namespace) -> int:
    """Examine, and print what was found."""
    if arguments.fallback_twiml:
        sys.stdout.write(_fallback(Settings.load(os.environ)))
        return DONE
    from ..doctor import Finding

    try:
        settings = Settings.load(os.environ)
    except InvalidSettings as error:
        fix = "Correct them; see docs/settings.md."
        _show([Finding("settings", False, "; ".join(error.problems), fix)], arguments.json)
        return WRONG_USE
    findings = trio.run(_examined, settings)
    _show(findings, arguments.json)
    if not arguments.json:
        _show_fallback(settings)
    if settings.missing_for_serve():
        return WRONG_USE
    return DONE if all(finding.ok for finding in findings) else FELL_SHORT


async def _examined(settings: Settings) -> list[Finding]:
    from ..doctor import Patient, examine
    from ..web.composition import Outside

    outside = Outside.real()
    async with outside.http_transport:
        return await examine(Patient(settings, outside))


def _show(findings: Sequence[Finding], as_json: bool) -> None:
    if as_json:
        checks = [attrs.asdict(finding) for finding in findings]
        print(json.dumps({"ok": all(finding.ok for finding in findings), "checks": checks}))
        return
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name:<16} {finding.detail}")
        if finding.fix:
            print(f"      {'':<16} {finding.fix}")


def _show_fallback(settings: Settings) -> None:
    try:
        document = _fallback(settings)
    except ConfigurationError:
        return  # a check has told
    print(f"\nFor the number's fallback URL, hosted by somebody else:\n\n{document}", end="")


def _fallback(settings: Settings) -> str:
    from ..doctor import fallback_document

    try:
        clinic = load_clinic(settings.clinic)
    except ClinicProfileError as error:
        raise ConfigurationError(f"VOXANNE_CLINIC: {error}") from error
    return fallback_document(clinic.name, clinic.phone)
