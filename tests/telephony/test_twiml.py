"""TwiML documents, exactly, and as XML parsers read them."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.telephony import twiml

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def test_the_answer() -> None:
    document = twiml.answer(
        stream_url="wss://voice.example.com/ws/media-stream/abc-_9",
        action_url="https://voice.example.com/twiml/after",
        status_url="https://voice.example.com/twilio/stream",
    )
    assert document == (
        f"{HEAD}<Response>"
        '<Connect action="https://voice.example.com/twiml/after" method="POST">'
        '<Stream url="wss://voice.example.com/ws/media-stream/abc-_9"'
        ' statusCallback="https://voice.example.com/twilio/stream" statusCallbackMethod="POST"/>'
        "</Connect></Response>"
    )
    (connect,) = ET.fromstring(document)
    assert connect.tag == "Connect"
    assert [child.tag for child in connect] == ["Stream"]


def test_hang_up() -> None:
    assert twiml.hang_up() == f"{HEAD}<Response><Hangup/></Response>"


def test_the_apology_names_the_clinic_and_its_number() -> None:
    assert twiml.apology("Bone & Joint <West>", "+1 500 555 0007") == (
        f"{HEAD}<Response><Say>I'm sorry, something went wrong on our side.</Say>"
        "<Say>Please call Bone &amp; Joint &lt;West&gt; at one, five zero zero, "
        "five five five, zero zero zero seven.</Say>"
        "<Say>Goodbye.</Say><Hangup/></Response>"
    )
    assert "again in a few minutes" in twiml.apology("Bone", "")


def test_busy_ends_the_call_politely() -> None:
    spoken = list(ET.fromstring(twiml.busy("Bone & Joint")))
    assert [verb.tag for verb in spoken] == ["Say", "Say", "Hangup"]
    assert spoken[0].text == "Thank you for calling Bone & Joint. All our lines are busy right now."


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_what_goes_in_comes_out(text: str) -> None:
    kept = text.replace("\ufffe", "").replace("\uffff", "")
    (say, _) = ET.fromstring(twiml.say_and_hang_up(text))
    assert (say.text or "") == kept
    (connect,) = ET.fromstring(twiml.answer(stream_url=text, action_url=text, status_url=text))
    assert connect.get("action") == connect[0].get("url") == kept


@given(st.text())
def test_always_well_formed(text: str) -> None:
    ET.fromstring(twiml.say_and_hang_up(text).encode("utf-8"))
