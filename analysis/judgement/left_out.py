"""Which rows are in no number of performance: those without a score or without a label."""

from __future__ import annotations

from analysis.card import ModelCard
from analysis.judgement.wording import listed, percent
from analysis.measure_table import MeasureTable
from analysis.values import Result


def left_out(card: ModelCard, result: Result) -> str:
    """`10% of rows have no score and 16.7% no label: the numbers of performance leave them out.`; nothing where every
    row has both, or where none has a label, which each number gives as its reason."""
    table = MeasureTable(result.measures, version=result.version, against=result.against)
    shares = []
    for column, words in _said(card, result.version).items():
        missing = table.find("missing_rate", feature=column)
        if missing is not None and missing.value is not None and 0 < missing.value < 1:
            shares.append((percent(missing.value), words))
    if not shares:
        return ""
    (first, words), *rest = shares
    told = listed([f"{first} of rows have no {words}", *(f"{share} no {words}" for share, words in rest)])
    return f"{told}: the numbers of performance leave them out."


def _said(card: ModelCard, version: str) -> dict[str, str]:
    own = next((v for v in card.versions if v.name == version), None)
    score = own.score if own is not None and own.score is not None else card.columns.score
    columns = {score: "score"} if isinstance(score, str) else {c: f"score of {k}" for k, c in (score or {}).items()}
    if not columns and card.columns.prediction is not None:
        columns = {card.columns.prediction: "prediction"}
    return columns if card.columns.label is None else columns | {card.columns.label: "label"}
