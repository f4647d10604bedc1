"""How a sentence begins, and how a number is laid beside the other version's."""

import pytest

from analysis.judgement.beside import beside_the_other
from analysis.judgement.wording import sentence
from analysis.values import Measure, Result, Rows


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


def result_with(*measures: Measure, against: str | None = "v1") -> Result:
    rows = Rows(start=None, end=None, rows=100)
    return Result(model="m", version="v2", against=against, window=rows, reference=None, measures=measures, checks=())


def beside(name: str, value: float, low: float | None, high: float | None, *, against: str | None = "v1") -> str:
    judged = Measure(measure=name, value=0.5, n=100, version="v2")
    apart = Measure(measure=name, value=value, low=low, high=high, n=100, version="v2", basis="difference")
    return beside_the_other(result_with(judged, apart, against=against), judged)


def test_a_number_is_laid_beside_the_other_versions_with_the_interval_of_the_pair() -> None:
    assert beside("accuracy", -0.019, -0.034, -0.006) == "1.9 points below v1 (-3.4 to -0.6 points)"
    assert beside("roc_auc", 0.02, 0.01, 0.03) == "0.020 above v1 (0.010 to 0.030)"
    assert beside("roc_auc", 0.02, -0.01, 0.05) == "not to be told from v1 (-0.010 to 0.050)"
    assert beside("roc_auc", 0.02, None, None) == "0.020 above v1"
    assert beside("roc_auc", 0.0, None, None) == "as v1"
    assert beside("roc_auc", 0.02, 0.01, 0.03, against=None) == ""


def test_where_the_difference_is_not_known_nothing_is_said() -> None:
    judged = Measure(measure="f1", value=0.5, n=100, version="v2")
    apart = Measure(measure="f1", value=None, n=0, version="v2", basis="difference", reason="no case")
    for measures in ((judged,), (judged, apart)):
        assert beside_the_other(result_with(*measures), judged) == ""
