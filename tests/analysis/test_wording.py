"""How a sentence begins."""

import pytest

from analysis.judgement.wording import sentence


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("the log holds no row", "The log holds no row"),
        ("return-risk has no version v9", "return-risk has no version v9"),
        ("orders.csv is empty", "orders.csv is empty"),
        ("past_return_rate: it moved", "past_return_rate: it moved"),
        ("recall, for the north", "Recall, for the north"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_but_a_name_keeps_its_case(said: str, written: str) -> None:
    assert sentence(said) == written
