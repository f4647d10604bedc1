"""Which rows are in no number of performance, without a score or a label, and which in no period, without a time."""

from __future__ import annotations

from analysis.card import ModelCard
from analysis.judgement.wording import listed, percent
from analysis.measure_table import MeasureTable
from analysis.values import Result


def left_out(card: ModelCard, result: Result) -> str:
    """`10% of rows have no score and 16.7% no label: the numbers of performance leave them out.`, or why none has a
    label, and how many have no time; nothing where every row has all of them."""
    table = MeasureTable(result.measures, version=result.version, against=result.against)
    told = (_no_label(card, table) or _no_number(card, table, result.version), _no_time(card, table))
    return " ".join(sentence for sentence in told if sentence)


def _no_number(card: ModelCard, table: MeasureTable, version: str) -> str:
    shares = []
    for column, words in _said(card, version).items():
        missing = table.find("missing_rate", feature=column)
        if missing is not None and missing.value is not None and 0 < missing.value < 1:
            shares.append((percent(missing.value), words))
    if not shares:
        return ""
    (first, words), *rest = shares
    told = listed([f"{first} of rows have no {words}", *(f"{share} no {words}" for share, words in rest)])
    return f"{told}: the numbers of performance leave them out."


def _no_time(card: ModelCard, table: MeasureTable) -> str:
    """How many rows no period holds, where periods are of time."""
    rows = table.rows_of(None)
    if not rows or not isinstance(card.periods, str):
        return ""
    without = rows - sum(table.rows_of(period) or 0.0 for period in table.periods())
    if without >= rows:
        return f'No row has a time, since "{card.columns.timestamp}" is empty: nothing is told by {card.periods}.'
    return f"{percent(without / rows)} of rows have no time, so no {card.periods} holds them." if without > 0 else ""


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
