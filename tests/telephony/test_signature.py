"""Twilio's signature against published vectors, with the official validator as witness."""

import json
from pathlib import Path
from typing import Any

import pytest

from voxanne_trio.telephony.signature import is_signed, sign

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "twilio_signature_vectors.json").read_text("utf-8")
)["vectors"]
GAP = "media_stream_ws_443_validator_gap"
TOKEN = "made_up_auth_token_0123456789abcd"


def pairs(vector: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in vector["params"]]


def checked(vector: dict[str, Any], *keys: str) -> bool:
    return is_signed(
        vector["signature"],
        vector["url_checked"],
        pairs(vector),
        keys=keys,
        settings=vector.get("signature_settings_header", ""),
        body=(vector["body"] or "").encode(),
    )


def test_there_are_32_vectors() -> None:
    assert len(VECTORS) == 32


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any]) -> None:
    expected = vector["official_validate_result"] or vector["name"] == GAP
    assert checked(vector, vector["auth_token"]) is expected
    assert checked(vector, "another", vector["auth_token"], "") is expected
    assert not checked(vector, "another")
    assert not checked(vector)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_official_validator_agrees(vector: dict[str, Any]) -> None:
    validator = pytest.importorskip("twilio.request_validator").RequestValidator
    official = validator(vector["auth_token"])
    ours = sign(
        vector["auth_token"], vector["url_signed"], pairs(vector), algorithm=vector["algorithm"]
    )
    if not {"repeated_param_multidict"} & {vector["name"]}:  # it wants a framework's multi-dict
        assert ours == official.compute_signature(
            vector["url_signed"], dict(vector["params"]), vector["algorithm"]
        )
    assert (ours == vector["signature"]) is (
        vector["name"] not in {"tampered_param", "dropped_param", "wrong_token"}
    )


@pytest.mark.parametrize("scheme", ["https", "wss", "http", "ws"])
@pytest.mark.parametrize("told", ["", ":443", ":80", ":8443"])
@pytest.mark.parametrize("host", ["voice.example.com", "[::1]"])
def test_ports(scheme: str, told: str, host: str) -> None:
    """Signed with or without a port: accepted where ours is that port, a default, or none."""
    defaults = {"https": {":443"}, "http": {":80"}}.get(scheme, {":443", ":80"})
    for ours in ("", ":443", ":80", ":8443"):
        signature = sign(TOKEN, f"{scheme}://{host}{told}/path?x=1")
        accepted = is_signed(signature, f"{scheme}://{host}{ours}/path?x=1", keys=[TOKEN])
        assert accepted is (told in {"", ours} | defaults)


def test_a_fragment_is_not_signed() -> None:
    signature = sign(TOKEN, "https://voice.example.com/twiml")
    assert is_signed(signature, "https://voice.example.com/twiml#rc=2&rp=5xx", keys=[TOKEN])


@pytest.mark.parametrize("signature", ["", "é", "\ud800", "=" * 9_999])
def test_nonsense_is_refused_quietly(signature: str) -> None:
    for url in ("https://voice.example.com/", "not a url", "", "https://[::1", "HTTPS://x:y/"):
        assert not is_signed(signature, url, [("a", "\ud800")], keys=[TOKEN])


def test_unknown_algorithms_are_refused() -> None:
    url = "https://voice.example.com/twiml"
    settings = "key=k,algorithm=HMAC_MD5"
    assert not is_signed(sign(TOKEN, url), url, keys=[TOKEN], settings=settings)
