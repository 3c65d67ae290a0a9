"""Twilio's webhooks: what a call does first, what it does next, and what is only told us.

Every request is signed by Twilio or refused; the URL that was signed is built from the public one
in the settings, never from what a proxy says. Answers are quick and the handlers idempotent, since
Twilio repeats requests and does not keep their order. Refuses to know what happens on a call.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import re
from typing import Any, Final
from urllib.parse import parse_qsl

from quart import Quart, Response, jsonify, request
from quart_trio.wrappers import TrioResponse

from ..observe.logs import CallLog, Seldom
from ..telephony import twiml
from ..telephony.signature import SETTINGS_HEADER, SIGNATURE_HEADER, is_signed
from . import outcomes
from .after import AFTER_PATH, RECORDING_PATH, STREAM_STATUS_PATH, WHISPER_PATH, After, found
from .desk import Desk
from .media import PATH as STREAM_PATH
from .requests import only_waits

log = logging.getLogger("voxanne.web")

ANSWER_PATH: Final = "/twiml"
STATUS_PATH: Final = "/twilio/status"

MAX_FIELDS: Final = 200
MOST_OF_URL: Final = 300
_CALL_SID: Final = re.compile(r"CA[0-9a-zA-Z]{1,62}")
_PASSED_ON: Final = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Cf-Connecting-Ip", "Via")

Form = dict[str, str]


class NotSigned(Exception):
    """A webhook that Twilio did not make."""


def add_webhooks(app: Quart, desk: Desk) -> None:
    """Put Twilio's webhooks and the call data on an application."""
    hooks = Webhooks(desk)
    for path, view in (
        (ANSWER_PATH, hooks.answer),
        (AFTER_PATH, hooks.after),
        (STATUS_PATH, hooks.call_status),
        (STREAM_STATUS_PATH, hooks.stream_status),
        (WHISPER_PATH, hooks.whisper),
        (RECORDING_PATH, hooks.recording_status),
    ):
        app.add_url_rule(path, endpoint=path, view_func=view, methods=["POST"])
    app.add_url_rule("/calls/<call_sid>", view_func=hooks.call_data, methods=["GET"])
    app.register_error_handler(NotSigned, hooks.refused)


class Webhooks:
    """The request handlers, one each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._after = After(desk)
        self._strangers = Seldom(log)

    async def answer(self) -> Response:
        """A call rings: connect it to a stream of ours, or say politely that we cannot."""
        form = await self._form()
        composition, call_sid = self._desk.composition, form.get("CallSid", "")
        if composition is None:
            return TrioResponse("starting", 503, content_type="text/plain")
        if not _CALL_SID.fullmatch(call_sid):
            return TrioResponse("no CallSid", 400, content_type="text/plain")
        if self._desk.draining:  # for another replica, or the number's fallback
            CallLog(call_sid).warning("Draining: call refused")
            return TrioResponse("draining", 503, content_type="text/plain")
        if self._desk.is_booked_up:
            CallLog(call_sid).warning(
                "All %d lines busy: call refused", self._desk.settings.max_calls
            )
            return _twiml(twiml.busy(composition.clinic.name))
        if not composition.can_speak:  # so Twilio's own voice says it, at once
            CallLog(call_sid).warning("There is no voice: call refused")
            return _twiml(twiml.apology(composition.clinic.name, composition.clinic.phone))
        CallLog(call_sid).info("Call rings")
        ticket = self._desk.tickets.issue(call_sid)
        return _twiml(
            twiml.answer(
                stream_url=self._desk.stream_url(STREAM_PATH + ticket),
                action_url=self._desk.url(AFTER_PATH),
                status_url=self._desk.url(STREAM_STATUS_PATH),
            )
        )

    async def after(self) -> Response:
        """A stream of ours is over, or what came after it: what the call does next. Any replica
        can tell; answered whatever state this one is in."""
        form = await self._form()
        call_sid = form.get("CallSid", "")
        self._desk.rescue.heard_of(call_sid)
        if not _CALL_SID.fullmatch(call_sid):
            return _twiml(twiml.apology("", ""))
        try:
            return _twiml(await self._after.document(form, request.args))
        except Exception:  # noqa: BLE001 - whatever it is, the caller hears an apology
            CallLog(call_sid).exception("What the call does next cannot be told")
            return _twiml(self._apology())

    async def whisper(self) -> Response:
        """A person has answered a dialled call: who it is, before they are joined."""
        await self._form()
        call_sid = request.args.get("call", "")
        return _twiml(await self._after.whisper(call_sid, self._desk.composition))

    async def call_status(self) -> Response:
        """How a call went on, as Twilio saw it."""
        form = await self._form()
        call_sid, duration = form.get("CallSid", ""), form.get("CallDuration", "")
        if form.get("CallStatus") in outcomes.OVER:
            self._desk.rescue.heard_of(call_sid)
        if (composition := self._desk.composition) is not None:
            record = await found(call_sid, composition.records)
            outcomes.call_is_over(composition.records, record, form)
        CallLog(call_sid).info(
            "Twilio: call %s%s",
            form.get("CallStatus", "status"),
            f" after {duration} s" if duration else "",
        )
        return TrioResponse(status=204)

    async def stream_status(self) -> Response:
        """What became of a stream; the only notice of one that never reached us."""
        form = await self._form()
        call_sid = form.get("CallSid", "")
        call_log = CallLog(call_sid)
        if form.get("StreamEvent") == "stream-error":
            call_log.warning("Twilio: stream error: %s", form.get("StreamError", "no reason given"))
            if _CALL_SID.fullmatch(call_sid):
                query = request.args.to_dict()
                self._desk.rescue.stream_failed(call_sid, form.get("StreamSid", ""), query)
        else:
            call_log.debug("Twilio: %s", form.get("StreamEvent", "stream event"))
        return TrioResponse(status=204)

    async def recording_status(self) -> Response:
        """What became of a voicemail."""
        form = await self._form()
        if (composition := self._desk.composition) is not None:
            record = await found(form.get("CallSid", ""), composition.records)
            outcomes.voicemail_left(composition.records, record, form)
        return TrioResponse(status=204)

    async def refused(self, error: NotSigned) -> Response:
        """A request that Twilio did not make."""
        self._strangers.warning(
            "Webhook refused: %s (is VOXANNE_PUBLIC_URL what Twilio calls?)", error
        )
        return TrioResponse("not signed by Twilio", 403, content_type="text/plain")

    def _apology(self) -> str:
        if (composition := self._desk.composition) is None:
            return twiml.apology("", "")
        return twiml.apology(composition.clinic.name, composition.clinic.phone)

    async def call_data(self, call_sid: str) -> Response:
        """A call's record, for the operator: with the token, or from this machine itself."""
        if not self._is_operator():
            return TrioResponse("not for you", 403, content_type="text/plain")
        composition = self._desk.composition
        record = await composition.records.find(call_sid) if composition is not None else None
        if record is None:
            return TrioResponse("no such call", 404, content_type="text/plain")
        return jsonify(record.as_json())

    async def _form(self) -> Form:
        """The request's form, once its signature is proven. Raises `NotSigned`."""
        body = await request.get_data(as_text=False)
        assert isinstance(body, bytes)
        try:
            pairs = parse_qsl(
                body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS
            )
        except ValueError:
            raise NotSigned("too many fields") from None
        url = self._desk.url(_target(request.scope))
        if not is_signed(
            request.headers.get(SIGNATURE_HEADER, ""),
            url,
            pairs,
            keys=self._desk.settings.twilio_auth_tokens,
            settings=request.headers.get(SETTINGS_HEADER, ""),
            body=body,
        ):
            raise NotSigned(f"not signed by Twilio for {url[:MOST_OF_URL]}")
        only_waits(request.scope)
        return dict(pairs)

    def _is_operator(self) -> bool:
        token = self._desk.settings.operator_token
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if token and scheme.lower() == "bearer":
            return hmac.compare_digest(given.strip().encode(), token.encode())
        return _is_from_here()


def _is_from_here() -> bool:
    """Whether the client is on this machine and speaks to us directly: a tunnel or proxy beside us
    comes from here as well, so a passed-on request, or one for another host's name, does not count.
    """
    host = request.host.rsplit(":", 1)[0].strip("[]") if request.host else ""
    return (
        _is_loopback(request.remote_addr or "")
        and (host == "localhost" or _is_loopback(host))
        and not any(name in request.headers for name in _PASSED_ON)
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _target(scope: Any) -> str:
    """Path and query as they were on the wire."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    query: bytes = scope.get("query_string") or b""
    return (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def _twiml(document: str) -> Response:
    return TrioResponse(document, content_type=twiml.CONTENT_TYPE)
