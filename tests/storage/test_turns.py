"""A lock that goes to whoever waits longest."""

import threading
from itertools import pairwise

from storage.turns import Turns
from tests.threads import at_once


def waiting_is(turns: Turns, number: int) -> bool:
    for _ in range(2000):
        if len(turns._urgent) + len(turns._others) == number:
            return True
        threading.Event().wait(0.005)
    return False


def test_turns_come_in_the_order_of_asking() -> None:
    turns = Turns()
    assert turns.take(seconds=0)
    came: list[int] = []

    def ask(number: int) -> None:
        assert waiting_is(turns, number)
        assert turns.take(seconds=20)
        came.append(number)
        turns.give_back()

    def let_them_ask(number: int) -> None:
        if number < 5:
            ask(number)
        else:
            assert waiting_is(turns, 5)
            turns.give_back()

    at_once(6, let_them_ask)
    assert came == [0, 1, 2, 3, 4]


def test_urgent_turns_come_first_and_one_other_between_two_of_them() -> None:
    turns = Turns()
    assert turns.take(seconds=0)
    came: list[str] = []
    asks = ["other 1", "other 2", "urgent 1", "other 3", "urgent 2"]

    def let_them_ask(number: int) -> None:
        assert waiting_is(turns, number)
        if number == len(asks):
            turns.give_back()
            return
        assert turns.take(seconds=20, urgent="urgent" in asks[number])
        came.append(asks[number])
        turns.give_back()

    at_once(len(asks) + 1, let_them_ask)
    assert came == ["urgent 1", "other 1", "urgent 2", "other 2", "other 3"]


def test_who_waited_too_long_is_forgotten() -> None:
    turns = Turns()
    assert turns.take(seconds=0)
    assert not turns.take(seconds=0.01)
    assert not turns.take(seconds=0)
    turns.give_back()
    assert turns.take(seconds=0)


def test_one_at_a_time() -> None:
    turns = Turns()
    inside: list[str] = []

    def work(number: int) -> None:
        for _ in range(50):
            assert turns.take(seconds=20)
            inside.extend((f"in {number}", f"out {number}"))
            turns.give_back()

    at_once(6, work)
    assert len(inside) == 600
    assert all(a[3:] == b[4:] for a, b in list(pairwise(inside))[::2])
