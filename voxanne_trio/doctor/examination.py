"""The examination: each check asks one thing, and says what it found and what would mend it.

A check is a function of the patient in the table `CHECKS`; it returns its findings, one or more.
They run side by side, each within `CHECK_SECONDS`; one that fails by a fault of its own, or takes
too long, is a finding too. Nothing is changed anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import attrs
import httpx
import trio

from ..clinic import ClinicProfileError, load_clinic
from ..errors import ConfigurationError, PermanentVendorError, VendorError, VoxanneError
from ..settings import Settings
from ..web.composition import Composition, Outside
from ..web.webhooks import ANSWER_PATH, STATUS_PATH
from .account import Account, Number
from .database import look_at_database

CHECK_SECONDS: Final = 15.0
SKEW_SECONDS: Final = 5.0
"""Twilio tells whole seconds, and its answer takes a while."""


@attrs.frozen
class Finding:
    """What one check found: `fix` is what to do about it, empty where nothing is wrong."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


@attrs.define
class Patient:
    """What is examined: the settings, and the outside as they name it."""

    settings: Settings
    outside: Outside
    wall_clock: Callable[[], float] = time.time
    _composition: Composition | None = None

    @property
    def client(self) -> httpx.AsyncClient:
        """A client over the outside's transport; it has nothing of its own to close."""
        return httpx.AsyncClient(transport=self.outside.http_transport, timeout=CHECK_SECONDS)

    @property
    def composition(self) -> Composition:
        """The server's own parts. Raises `ConfigurationError`."""
        if self._composition is None:
            settings = attrs.evolve(
                self.settings,  # a key of some kind: without one nothing can even be asked
                deepgram_api_key=self.settings.deepgram_api_key or "missing",
                groq_api_key=self.settings.groq_api_key or "missing",
            )
            self._composition = Composition(settings, self.outside)
        return self._composition

    def account(self, token: int = 0) -> Account:
        """Twilio's account, asked with one of its tokens."""
        settings = self.settings
        return Account(
            self.client,
            settings.twilio_base_url,
            settings.twilio_account_sid,
            settings.twilio_auth_tokens[token],
        )


Check = Callable[[Patient], Awaitable[Sequence[Finding]]]


async def examine(patient: Patient, checks: Sequence[tuple[str, Check]] = ()) -> list[Finding]:
    """All findings, in the order of the table; `checks` in place of `CHECKS`."""
    table = tuple(checks) or CHECKS
    found: dict[str, Sequence[Finding]] = {}

    async def run(name: str, check: Check) -> None:
        found[name] = await _outcome(name, check, patient)

    async with trio.open_nursery() as nursery:
        for name, check in table:
            nursery.start_soon(run, name, check)
    return [finding for name, _ in table for finding in found[name]]


async def _outcome(name: str, check: Check, patient: Patient) -> Sequence[Finding]:
    try:
        with trio.fail_after(CHECK_SECONDS):
            return await check(patient)
    except trio.TooSlowError:
        return [Finding(name, False, f"no answer within {CHECK_SECONDS:g} s", "Try again.")]
    except (ConfigurationError, VendorError) as error:
        return [Finding(name, False, str(error), _mend(error))]
    except Exception as error:  # noqa: BLE001 - one check's boundary: the others are told
        return [Finding(name, False, f"the check itself failed: {error!r}", "Report this.")]


def _mend(error: Exception) -> str:
    if isinstance(error, PermanentVendorError):
        return "Correct the account's credentials in the settings."
    if isinstance(error, VendorError):
        return "Check the network from here, and the vendor's status page."
    return "Correct the setting."


async def settings_complete(patient: Patient) -> list[Finding]:
    missing = patient.settings.missing_for_serve()
    if missing:
        fix = "Set them in the environment or in .env; see docs/settings.md."
        return [Finding("settings", False, f"missing: {', '.join(missing)}", fix)]
    return [Finding("settings", True, "complete")]


async def clinic_loads(patient: Patient) -> list[Finding]:
    source = patient.settings.clinic or "the sample clinic"
    try:
        clinic = load_clinic(patient.settings.clinic)
    except ClinicProfileError as error:
        return [Finding("clinic", False, str(error), "Correct VOXANNE_CLINIC, or the profile.")]
    if not clinic.phone:
        fix = "Add `phone` to the clinic's profile: callers are sent there when we cannot help."
        return [Finding("clinic", False, f"{clinic.name} ({source}) has no phone", fix)]
    return [Finding("clinic", True, f"{clinic.name} ({source}), {clinic.phone}")]


async def vendors_answer(patient: Patient) -> list[Finding]:
    """Each vendor's own probe, as at the start of the server."""
    probed = await patient.composition.probe()
    unset = {
        name
        for name in ("deepgram", "groq")
        if not getattr(patient.settings, f"{name}_api_key", "")
    }
    findings = []
    for name, error in sorted(probed.items()):
        if name in unset:
            fix = f"Set {name.upper()}_API_KEY."
            findings.append(Finding(name, False, "no API key", fix))
        elif error is not None:
            findings.append(Finding(name, False, str(error), _mend(error)))
        else:
            findings.append(Finding(name, True, "answers, and takes the key"))
    return findings


async def account_answers(patient: Patient) -> list[Finding]:
    settings = patient.settings
    if not settings.twilio_account_sid or not settings.twilio_auth_tokens:
        fix = "Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."
        return [Finding("twilio", False, "no account", fix)]
    for index in range(len(settings.twilio_auth_tokens)):
        try:
            status = await patient.account(index).status()
        except PermanentVendorError as error:
            fix = "Correct TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."
            if index:
                fix = "Take tokens that are no longer valid out of TWILIO_AUTH_TOKEN."
            return [Finding("twilio", False, f"token {index + 1}: {error}", fix)]
        if status != "active":
            fix = "See the account in Twilio's console: it takes no calls like this."
            return [Finding("twilio", False, f"the account is {status or 'not told'}", fix)]
    return [Finding("twilio", True, "the account is active, and takes the token")]


async def public_url_is_us(patient: Patient) -> list[Finding]:
    settings = patient.settings
    url = settings.public_url
    if not url:
        fix = "Set VOXANNE_PUBLIC_URL to the https origin at which Twilio reaches the server."
        return [Finding("public_url", False, "not set: Twilio cannot reach us", fix)]
    if not url.startswith("https://") and not settings.is_local:
        fix = "Put the server behind a proxy with a certificate: Twilio streams over wss alone."
        return [Finding("public_url", False, f"{url} is not https", fix)]
    fix = "Start the server, and see that the proxy or tunnel leads to it."
    try:
        answer = await patient.client.get(f"{url}/healthz")
        body = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError) as error:
        return [Finding("public_url", False, f"{url}/healthz: {error!r}", fix)]
    if not isinstance(body, dict) or body.get("service") != "voxanne":
        detail = f"{url}/healthz answers {answer.status_code}, and not as Voxanne"
        return [Finding("public_url", False, detail, fix)]
    return [Finding("public_url", True, f"{url} is us")]


async def numbers_are_set(patient: Patient) -> list[Finding]:
    """Of each number that leads to us: how it calls us, whom it calls when we do not answer."""
    settings = patient.settings
    voice_url = settings.public_url + ANSWER_PATH
    if not (settings.public_url and settings.twilio_account_sid and settings.twilio_auth_tokens):
        fix = "Complete the settings first."
        return [Finding("number", False, "cannot be asked for: settings are missing", fix)]
    numbers = await patient.account().numbers()
    ours = [each for each in numbers if _is_same(each.voice_url, voice_url) and not each.taken_over]
    if not ours:
        detail = f"none of {len(numbers)} numbers leads to {voice_url}{_taken_over(numbers)}"
        fix = f"Set a number's voice URL (A call comes in) to {voice_url}, by POST."
        return [Finding("number", False, detail, fix)]
    status_url = settings.public_url + STATUS_PATH
    return [
        _of_each(
            "number",
            ours,
            lambda number: number.voice_method in {"", "POST"},
            "leads to us by POST",
            "Set the method of the number's voice URL to POST.",
        ),
        _of_each(
            "fallback",
            ours,
            lambda number: _is_elsewhere(number.voice_fallback_url, settings.public_url),
            "has a fallback URL that is not ours",
            "Host the document of `voxanne doctor --fallback-twiml` elsewhere, a TwiML Bin for"
            " one, and set the number's fallback URL (Primary handler fails) to it.",
        ),
        _of_each(
            "status_callback",
            ours,
            lambda number: _is_same(number.status_callback, status_url),
            "tells us how calls end",
            f"Set the number's status callback (Call status changes) to {status_url}.",
        ),
    ]


async def clock_is_right(patient: Patient) -> list[Finding]:
    if not patient.settings.twilio_account_sid or not patient.settings.twilio_auth_tokens:
        return [Finding("clock", False, "nobody to compare with", "Complete the settings first.")]
    there, here = await patient.account().now(), patient.wall_clock()
    if there is None:
        return [Finding("clock", False, "Twilio does not tell its time", "Try again.")]
    skew = here - there
    if abs(skew) > SKEW_SECONDS:
        fix = "Synchronise this machine's clock (NTP): tickets and certificates expire by it."
        return [Finding("clock", False, f"{skew:+.0f} s off Twilio's", fix)]
    return [Finding("clock", True, f"within {SKEW_SECONDS:g} s of Twilio's")]


async def database_answers(patient: Patient) -> list[Finding]:
    url = patient.settings.database_url
    if not url:
        return [Finding("database", True, "none: calls are kept in memory alone")]
    try:
        detail = await patient.outside.run_sync(partial(look_at_database, url))
    except ConfigurationError as error:
        fix = "Start the server once, which makes what is missing, or correct VOXANNE_DATABASE_URL."
        return [Finding("database", False, str(error), fix)]
    except VoxanneError as error:
        fix = "See that the database runs, and that it takes connections from here."
        return [Finding("database", False, str(error), fix)]
    return [Finding("database", True, detail)]


async def phrases_are_cached(patient: Patient) -> list[Finding]:
    directory = patient.settings.cache_dir
    if not directory:
        fix = "Set VOXANNE_CACHE_DIR: greeting and apologies then need no vendor after a start."
        return [Finding("phrases", False, "kept in memory alone", fix)]
    missing, of = patient.composition.missing_phrases()
    if missing:
        fix = "Start the server once where Deepgram answers: it synthesises and keeps them."
        return [Finding("phrases", False, f"{missing} of {of} are not in {directory}", fix)]
    return [Finding("phrases", True, f"all {of} are in {directory}")]


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("settings", settings_complete),
    ("clinic", clinic_loads),
    ("vendors", vendors_answer),
    ("twilio", account_answers),
    ("public_url", public_url_is_us),
    ("number", numbers_are_set),
    ("clock", clock_is_right),
    ("database", database_answers),
    ("phrases", phrases_are_cached),
)


def _of_each(
    name: str, numbers: Sequence[Number], holds: Callable[[Number], bool], what: str, fix: str
) -> Finding:
    wrong = [number.phone_number for number in numbers if not holds(number)]
    if wrong:
        return Finding(name, False, f"not so: {', '.join(wrong)} {what}", fix)
    return Finding(name, True, f"{', '.join(each.phone_number for each in numbers)} {what}")


def _is_same(url: str, ours: str) -> bool:
    return url.partition("#")[0].partition("?")[0].rstrip("/") == ours


def _is_elsewhere(url: str, public_url: str) -> bool:
    host, own = urlsplit(url).hostname, urlsplit(public_url).hostname
    return host not in {None, own}


def _taken_over(numbers: Sequence[Number]) -> str:
    taken = [f"{each.phone_number} ({each.taken_over})" for each in numbers if each.taken_over]
    return f"; an application or trunk answers {', '.join(taken)}" if taken else ""
