"""Figures of a reply's naturalness."""

from voxanne_trio.humanizer import Manner, Sentence, recited
from voxanne_trio.humanizer.humanize import sentences_of
from voxanne_trio.observe.quality import Quality, quality_of, total


def test_a_humanised_reply_has_all_its_numbers_in_words_and_is_contracted() -> None:
    figures = quality_of(recited("I am here until 5 PM. It is $40. You can call.")).figures()
    assert figures == {
        "sentences_per_reply": 3.0,
        "filler_rate": 0.0,
        "contraction_rate": 1.0,
        "number_accuracy": 1.0,
    }


def test_what_was_not_humanised_shows() -> None:
    quality = quality_of([Sentence.verbatim("I am here until 5 PM and it is $40 for you.")])
    assert quality.contraction_rate == 0.0
    assert quality.number_accuracy == 0.0


def test_nothing_to_measure_is_no_figure() -> None:
    assert set(quality_of(()).figures().values()) == {None}
    assert quality_of(recited("Yes.")).number_accuracy is None


def test_replies_add_up() -> None:
    text = "Yes. That is one of the treatments we offer here."
    replies = [quality_of(sentences_of(text, Manner(seed=seed))) for seed in range(60)]
    together = total(replies)
    assert together.sentences_per_reply == 2.0
    assert 0 < (together.filler_rate or 0) < 0.3
    assert total(()) == Quality()
