"""Which rows are in no number of performance: those without a score or without a label."""

from __future__ import annotations

from analysis.card import ModelCard
from analysis.judgement.wording import listed, percent
from analysis.measure_table import MeasureTable
from analysis.values import Result


def left_out(card: ModelCard, result: Result) -> str:
    """`10% of rows have no score and 16.7% no label: the numbers of performance leave them out.`, or why none has a
    label; nothing where every row has both."""
    table = MeasureTable(result.measures, version=result.version, against=result.against)
    if no_label := _no_label(card, table):
        return no_label
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


def _no_label(card: ModelCard, table: MeasureTable) -> str:
    """Why no row has a label, where the model card names one: the log lacks the column, or no id matches."""
    label = card.columns.label
    if label is None:
        return ""
    missing = table.find("missing_rate", feature=label)
    if missing is None:
        return f'The log has no column "{label}", so no row has a label: nothing is said of how right the model is.'
    if missing.value != 1 or card.labels is None:
        return ""
    keys = listed([f'"{key}"' for key in card.labels.by])
    return f"No label has the {keys} of one of these rows: look whether both are written alike, as text."


def _said(card: ModelCard, version: str) -> dict[str, str]:
    own = next((v for v in card.versions if v.name == version), None)
    score = own.score if own is not None and own.score is not None else card.columns.score
    columns = {score: "score"} if isinstance(score, str) else {c: f"score of {k}" for k, c in (score or {}).items()}
    if not columns and card.columns.prediction is not None:
        columns = {card.columns.prediction: "prediction"}
    return columns if card.columns.label is None else columns | {card.columns.label: "label"}
