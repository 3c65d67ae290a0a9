"""`X-Twilio-Signature`: whether a request was made by Twilio; pure.

The signed text is the URL as Twilio was told it (scheme to query, no fragment), then each distinct
form parameter in code-point order of name and value, decoded, without separators. The key is the
account's auth token and the digest SHA-1; with a shared key (a header names it and its algorithm)
the key is that key's secret and the digest SHA-256. A JSON request carries the digest of its body
in the URL and no parameters. Twilio's own validators accept the URL with and without a port, as
its back end is inconsistent there; so do we, and 443 for `wss` too, which they forget. A signature
has no time in it: the same request can be replayed, so what must happen once needs a ticket.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import parse_qs

SIGNATURE_HEADER: Final = "X-Twilio-Signature"
SETTINGS_HEADER: Final = "X-Twilio-Webhooks-Signature-Settings"

Parameters = Iterable[tuple[str, str]]

_DIGESTS: Final = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
_DEFAULT_PORTS: Final = {"https": (443,), "http": (80,), "wss": (443, 80), "ws": (80, 443)}
_URL: Final = re.compile(r"(?P<scheme>[a-z]+)://(?P<host>[^/?#]*?)(?::\d+)?(?P<rest>[/?][^#]*)?")


def sign(key: str, url: str, parameters: Parameters = (), *, algorithm: str = "HMAC_SHA1") -> str:
    """The signature of a request, base64; `KeyError` for an unknown algorithm."""
    signed = url + "".join(name + value for name, value in sorted(set(parameters)))
    mac = hmac.new(_bytes(key), _bytes(signed), _DIGESTS[algorithm])
    return b64encode(mac.digest()).decode("ascii")


def is_signed(
    signature: str,
    url: str,
    parameters: Parameters = (),
    *,
    keys: Sequence[str],
    settings: str = "",
    body: bytes = b"",
) -> bool:
    """Whether one of the `keys` made this signature for the request.

    `keys` are the auth tokens, several while rotating, and the secrets of shared keys. `settings`
    is the value of `SETTINGS_HEADER`, empty when absent. `body` is only looked at when the URL
    carries `bodySHA256`. Compares in constant time.
    """
    algorithm = _algorithm(settings)
    if not signature or algorithm not in _DIGESTS:
        return False
    hashes = parse_qs(url.partition("#")[0].partition("?")[2]).get("bodySHA256")
    if hashes is not None:
        if not _same(hashlib.sha256(body).hexdigest(), hashes[0]):
            return False
        parameters = ()
    pairs = tuple(parameters)
    return any(
        _same(sign(key, candidate, pairs, algorithm=algorithm), signature)
        for key in keys
        if key
        for candidate in _spellings(url)
    )


def _spellings(url: str) -> tuple[str, ...]:
    """The URL as it is, without a port, and with the default ports of its scheme."""
    plain = url.partition("#")[0]
    parts = _URL.fullmatch(plain)
    if parts is None:
        return (plain,)
    scheme, host, rest = parts["scheme"], parts["host"], parts["rest"] or ""
    origins = [
        f"{scheme}://{host}",
        *(f"{scheme}://{host}:{port}" for port in _DEFAULT_PORTS.get(scheme, ())),
    ]
    return tuple(dict.fromkeys([plain, *(origin + rest for origin in origins)]))


def _algorithm(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(_bytes(ours), _bytes(theirs))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
