"""What the model is told of the past: whole exchanges, in order, within a budget."""

from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.events import Sensitive
from voxanne_trio.thinking import History, ToolCall
from voxanne_trio.thinking.history import STILL_RUNNING, estimated_tokens

PLENTY = 10_000


def history(*turns: str) -> History:
    """Turns `c:…` are the caller's, `a:…` ours."""
    made = History()
    for turn in turns:
        who, _, text = turn.partition(":")
        if who == "c":
            made.add_caller(Sensitive(text))
        else:
            made.add_agent(text)
    return made


def flat(made: History, budget: int = PLENTY) -> list[str]:
    return [f"{message['role'][0]}:{message['content']}" for message in made.messages(budget)]


def test_all_that_was_said_in_order() -> None:
    made = history("a:Hello.", "c:Do you do BBL?", "a:Yes.", "c:The price?")
    assert flat(made) == ["a:Hello.", "u:Do you do BBL?", "a:Yes.", "u:The price?"]


def test_turns_without_words_are_not_there() -> None:
    assert flat(history("c: ", "a: ", "c:Hi")) == ["u:Hi"]


def test_turns_in_a_row_are_one_message() -> None:
    assert flat(history("c:One", "c:two", "a:Three.", "a:Four.")) == ["u:One two", "a:Three. Four."]


def test_only_a_last_turn_is_taken_back() -> None:
    made = history("c:One", "a:Two", "c:Three")
    assert made.drop_last_caller() == Sensitive("Three")
    assert made.drop_last_caller() is None
    assert flat(made) == ["u:One", "a:Two"]


def test_the_budget_leaves_whole_exchanges() -> None:
    made = history("a:Hello.", *("c:aaaa", "a:bbbb") * 3, "c:cccc")
    last, pair = 5, 10
    assert flat(made, last - 1) == ["u:cccc"]
    assert flat(made, last) == ["u:cccc"]
    assert flat(made, last + pair - 1) == ["u:cccc"]
    assert flat(made, last + pair) == ["u:aaaa", "a:bbbb", "u:cccc"]
    assert len(flat(made)) == 8


def test_a_tool_result_stands_behind_its_call_whenever_it_comes() -> None:
    made = history("c:Any slot?")
    made.add_tool_call(ToolCall("t1", "find_slots", {"day": "Friday"}))
    made.add_agent("One moment.")
    made.add_caller(Sensitive("Hello?"))
    assert made.messages(PLENTY)[2]["content"] == STILL_RUNNING
    assert made.finish_tool("t1", "2:30 PM")
    assert not made.finish_tool("t1", "again")
    assert not made.finish_tool("t2", "what?")
    assert made.messages(PLENTY)[1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "find_slots", "arguments": '{"day": "Friday"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "2:30 PM"},
        {"role": "assistant", "content": "One moment."},
        {"role": "user", "content": "Hello?"},
    ]


def test_words_are_not_printed() -> None:
    made = history("c:my secret")
    made.add_tool_call(ToolCall("t", "f", {"name": "my secret"}))
    assert "secret" not in repr(made._entries)


turns = st.lists(st.builds("{}:{}".format, st.sampled_from("ca"), st.text("ab ", max_size=30)))


@given(turns, st.integers(-5, 200))
def test_what_is_chosen_is_an_end_of_all_and_fits(said: list[str], budget: int) -> None:
    made = history(*said)
    everything, chosen = made.messages(PLENTY), made.messages(budget)
    assert chosen == everything[len(everything) - len(chosen) :]
    callers = [index for index, message in enumerate(everything) if message["role"] == "user"]
    kept = len(everything) - callers[-1] if callers else len(everything)
    assert len(chosen) >= kept
    if len(chosen) > kept:
        assert sum(map(estimated_tokens, chosen)) <= budget
        assert chosen[0]["role"] == "user" or chosen == everything
