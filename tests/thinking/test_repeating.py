"""What a model says again when it is to go on is left out, however its text is cut into tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.thinking import Unrepeated

SAID = ("Yes, we do!", "It starts at $8,000.", "And it takes about")


@pytest.mark.parametrize(
    ("text", "new"),
    [
        (" three hours.", "three hours."),
        ("Would you like to know more?", "Would you like to know more?"),
        ("And it takes about three hours.", "three hours."),
        ("and it takes about... three hours.", "three hours."),
        ("It starts at $8,000. And it takes about three hours.", "three hours."),
        ("Yes, we do! It starts at $8,000. And it takes about three hours.", "three hours."),
        ("**Yes**, we do! It starts at $8,000.", ""),
        ("Yes, we do! But it is expensive.", "But it is expensive."),
        ("Yes, we do it on Monday.", "Yes, we do it on Monday."),
        ("It starts at $9,000.", "It starts at $9,000."),
        ("And it", ""),
        ("", ""),
    ],
)
def test_what_was_said_is_dropped(text: str, new: str) -> None:
    unrepeated = Unrepeated(SAID)
    assert (unrepeated.feed(text) + unrepeated.flush()).strip() == new


@given(data=st.data())
def test_it_does_not_depend_on_how_the_text_is_cut(data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(["", *SAID, " ".join(SAID), SAID[0] + " " + SAID[1]]))
    text = f"{start} {data.draw(st.sampled_from(['three hours.', 'Yes, no.', 'and it takes']))}"
    whole = Unrepeated(SAID)
    expected = whole.feed(text) + whole.flush()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    cut = Unrepeated(SAID)
    assert "".join(map(cut.feed, pieces)) + cut.flush() == expected


def test_new_text_is_kept_back_no_longer_than_it_may_be_a_repetition() -> None:
    unrepeated = Unrepeated(SAID)
    assert unrepeated.feed("It starts") == ""
    assert unrepeated.feed(" early in") == "It starts early in"
    assert unrepeated.feed(" the morning") == " the morning"
