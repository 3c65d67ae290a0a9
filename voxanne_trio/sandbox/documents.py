"""How a call gets its documents: the server's, else the number's fallback, else Twilio's apology.

Knows redirects, what cannot be executed, and the URL that relative ones are relative to. Refuses to
know what a document does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urljoin

import attrs

from . import twiml
from .client import NoAnswer
from .journal import Journal
from .twiml import BadDocument, Verb
from .webhooks import Webhooks

APPLICATION_ERROR: Final = "We are sorry, an application error has occurred. Goodbye."
_MAX_REDIRECTS: Final = 10

Document = list[Verb]


@attrs.frozen
class Ask:
    """What is to be asked next: a URL, relative to the last, with what the verb adds."""

    url: str
    extra: Mapping[str, str] = attrs.field(factory=dict)
    method: str = "POST"


class Documents:
    """The documents of one call, or of a party it dials."""

    def __init__(
        self, webhooks: Webhooks, journal: Journal, parameters: Callable[[], Mapping[str, str]]
    ) -> None:
        self._webhooks = webhooks
        self._journal = journal
        self._parameters = parameters
        self.base = ""
        """Where the document that runs came from."""

    def url(self, reference: str) -> str:
        """A URL of the document that runs."""
        return urljoin(self.base, reference)

    async def fetch(self, ask: Ask, fallback: str = "") -> Document:
        """What is to be executed, whatever the server does."""
        try:
            return await self.get(ask)
        except (NoAnswer, BadDocument) as error:
            failed = {
                "ErrorUrl": self.url(ask.url),
                "ErrorCode": str(getattr(error, "code", 11200)),
            }
        if fallback and self.url(ask.url) != fallback:
            try:
                return await self.get(Ask(fallback, {**ask.extra, **failed}))
            except (NoAnswer, BadDocument):
                pass  # it is in the journal
        return [Verb("Say", {}, APPLICATION_ERROR)]

    async def get(self, ask: Ask) -> Document:
        """The document itself. Raises `NoAnswer` and `BadDocument`, written in the journal."""
        url = self.url(ask.url)
        try:
            return await self._get(url, ask)
        except (NoAnswer, BadDocument) as error:
            self._journal.note("document_failed", {"url": url, "error": str(error)})
            raise

    async def _get(self, url: str, ask: Ask) -> Document:
        for _ in range(_MAX_REDIRECTS + 1):
            parameters = {**self._parameters(), **ask.extra}
            response = await self._webhooks.ask(url, parameters, ask.method)
            if response.status not in {301, 302, 303, 307, 308}:
                break
            url = urljoin(url, response.headers.get("location", ""))
        else:
            raise BadDocument(11215, "too many redirects")
        if response.status >= 300:
            raise BadDocument(11200, f"status {response.status}")
        verbs = twiml.parse(response.body, response.headers.get("content-type", ""))
        text = response.body.decode("utf-8", "replace")
        self._journal.note("document", {"url": url, "body": text})
        self.base = url
        return verbs
