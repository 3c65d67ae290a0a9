"""The doctor against stand-ins in virtual time: what it finds, and that it finds nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import attrs
import httpx
import pytest
import trio
from trio.testing import MockClock

from voxanne_trio import cli
from voxanne_trio.doctor import Finding, Patient, examine, fallback_document
from voxanne_trio.sandbox import memory
from voxanne_trio.settings import Settings
from voxanne_trio.simulation.world import PUBLIC, SETTINGS, TOKEN, wall, world
from voxanne_trio.web.composition import Outside

NUMBERS = f"http://twilio.test/2010-04-01/Accounts/{SETTINGS.twilio_account_sid}/"
NUMBERS += "IncomingPhoneNumbers"
WELL = {
    "PhoneNumber": "+15005550006",
    "VoiceUrl": PUBLIC + "/twiml",
    "VoiceFallbackUrl": "https://handler.twilio.com/twiml/EH1",
    "StatusCallback": PUBLIC + "/twilio/status",
}


@asynccontextmanager
async def patient(cache_dir: Path, *numbers: dict[str, str]) -> AsyncIterator[Patient]:
    """A server that runs, in a world where Twilio has these numbers."""
    async with world(cache_dir=str(cache_dir), host="127.0.0.1") as here:
        await trio.sleep(20)  # for the phrases
        here.network.listen("twilio.test", here.sandbox.handler)
        transport = memory.http_transport(here.network.dial)
        async with httpx.AsyncClient(
            transport=transport, auth=(SETTINGS.twilio_account_sid, TOKEN)
        ) as twilio:
            for number in numbers:
                (await twilio.post(f"{NUMBERS}.json", data=number)).raise_for_status()
        settings = attrs.evolve(here.composition.settings, twilio_base_url="http://twilio.test")
        outside = attrs.evolve(here.composition.outside, http_transport=transport)
        yield Patient(settings, outside, wall)


async def ailing(patient: Patient) -> dict[str, Finding]:
    return {finding.name: finding for finding in await examine(patient) if not finding.ok}


async def test_all_is_well(autojump_clock: MockClock, tmp_path: Path) -> None:
    other = {"PhoneNumber": "+15005550009", "VoiceUrl": "https://elsewhere.example.com"}
    async with patient(tmp_path, *[other] * 250, WELL) as well:  # on the second page
        findings = await examine(well)
    assert [finding for finding in findings if not finding.ok] == []
    assert [finding.name for finding in findings] == [
        *("settings", "clinic", "deepgram", "groq", "twilio", "public_url"),
        *("number", "fallback", "status_callback", "clock", "database", "phrases"),
    ]
    assert not [finding for finding in findings if finding.fix]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"VoiceUrl": "https://old.example.com/twiml"}, ["number"]),
        ({"VoiceMethod": "GET"}, ["number"]),
        ({"VoiceApplicationSid": "AP1"}, ["number"]),
        ({"VoiceFallbackUrl": ""}, ["fallback"]),
        ({"VoiceFallbackUrl": PUBLIC + "/fallback"}, ["fallback"]),
        ({"StatusCallback": "https://old.example.com"}, ["status_callback"]),
        ({"VoiceUrl": PUBLIC + "/twiml?clinic=1"}, []),
    ],
)
async def test_how_a_number_is_set(
    changes: dict[str, str], names: list[str], autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with patient(tmp_path, WELL | changes) as examined:
        found = await ailing(examined)
    assert list(found) == names
    assert all(finding.fix for finding in found.values())


def changed(**settings: Any) -> Callable[[Patient], None]:
    def change(patient: Patient) -> None:
        patient.settings = attrs.evolve(patient.settings, **settings)

    return change


def late(patient: Patient) -> None:
    patient.wall_clock = lambda: wall() + 7


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (changed(groq_api_key=""), ["settings", "groq"]),
        (changed(deepgram_api_key="wrong"), ["deepgram"]),
        (changed(groq_base_url="http://nowhere.test"), ["groq"]),
        (changed(clinic="nowhere.toml"), ["clinic", "vendors", "phrases"]),
        (changed(twilio_auth_tokens=("other",)), ["twilio", "number", "clock"]),
        (changed(twilio_auth_tokens=(TOKEN, "old")), ["twilio"]),
        (changed(twilio_auth_tokens=()), ["settings", "twilio", "number", "clock"]),
        (changed(public_url=""), ["public_url", "number"]),
        (changed(public_url="http://deepgram.test"), ["public_url", "number"]),
        (changed(host="0.0.0.0"), ["public_url"]),  # and no https
        (changed(cache_dir=""), ["phrases"]),
        (changed(database_url="sqlite:////nowhere/at/all.db"), ["database"]),
        (changed(database_url="sqlite:////etc/hostname"), ["database"]),
        (changed(database_url="mysql://x"), ["vendors", "database", "phrases"]),
        (changed(voice="aura-2-andromeda-en"), ["phrases"]),
        (late, ["clock"]),
    ],
)
async def test_what_ails_it(
    change: Callable[[Patient], None], names: list[str], autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with patient(tmp_path, WELL) as examined:
        change(examined)
        found = await ailing(examined)
    assert list(found) == names
    assert all(finding.fix for finding in found.values())
    assert TOKEN not in str(found)


async def test_a_check_that_hangs_or_fails_is_a_finding(autojump_clock: MockClock) -> None:
    async def hangs(patient: Patient) -> list[Finding]:
        await trio.sleep_forever()
        return []

    async def fails(patient: Patient) -> list[Finding]:
        raise RuntimeError("a bug")

    async def holds(patient: Patient) -> list[Finding]:
        return [Finding("holds", True, "")]

    examined = Patient(Settings(), await nothing_outside())
    checks = [("hangs", hangs), ("fails", fails), ("holds", holds)]
    findings = await examine(examined, checks)
    assert [(finding.name, finding.ok) for finding in findings] == [
        ("hangs", False),
        ("fails", False),
        ("holds", True),
    ]


async def nothing_outside() -> Outside:
    async with world() as here:
        return here.composition.outside


def test_what_a_caller_hears_when_nothing_answers() -> None:
    response = ET.fromstring(fallback_document("Bone & Joint", "+1 (500) 555-0007"))
    verbs = [verb.tag for verb in response]
    assert verbs == ["Say", "Dial", "Say", "Hangup"]
    said = ["".join(verb.itertext()) for verb in response]
    assert "connecting you to Bone & Joint" in said[0]
    assert said[1] == "+15005550007"
    assert "5 0 0, 5 5 5, 0 0 0 7" in said[2]
    without = ET.fromstring(fallback_document("Bone & Joint", ""))
    assert [verb.tag for verb in without] == ["Say", "Say", "Hangup"]


def test_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a network at all: every check says so, and the document is there all the same."""
    monkeypatch.setattr("os.environ", {"VOXANNE_STT": "nova", "VOXANNE_CACHE_DIR": ""})
    monkeypatch.chdir(tmp_path)

    async def examined(settings: Settings) -> list[Finding]:
        return [Finding("settings", True, "complete"), Finding("clock", False, "late", "Set it.")]

    monkeypatch.setattr("voxanne_trio.cli.doctor._examined", examined)
    assert cli.main(["doctor", "--fallback-twiml"]) == 0
    document = capsys.readouterr().out
    assert document.startswith("<?xml")
    assert cli.main(["doctor", "--json"]) == 2  # the settings are not complete
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["checks"][1]) == (
        False,
        {"name": "clock", "ok": False, "detail": "late", "fix": "Set it."},
    )
    keys = "DEEPGRAM_API_KEY GROQ_API_KEY TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN VOXANNE_PUBLIC_URL"
    monkeypatch.setattr("os.environ", dict.fromkeys(keys.split(), "https://x.example.com"))
    assert cli.main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "FAIL  clock" in shown
    assert document in shown
    monkeypatch.setattr("os.environ", {"VOXANNE_PORT": "many"})
    assert cli.main(["doctor", "--json"]) == 2
    assert "VOXANNE_PORT" in json.loads(capsys.readouterr().out)["checks"][0]["detail"]
