"""What the parts of a model card demand of each other: the columns that a task needs, a timestamp for periods of time.

Needed beside `model`, `task` and `log.source`: for binary and multiclass a score or a prediction, for regression a
score, for ranking a query, an item, and a rank or a score. A label is never required: without one there is no realized
performance, and that is a fact about the data, not a mistake in the model card.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from analysis.card import ModelCard
from analysis.card_fields import Section
from analysis.errors import UserError
from analysis.near_names import listed
from analysis.windows import parse_window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def complain_where_parts_disagree(card: ModelCard, top: Section, *, columns_line: int, columns_read: bool) -> None:
    if columns_read:
        for sentence in (*_missing_columns(card), *_wrong_columns(card)):
            top.field.complaints.add(columns_line, sentence)
        for key, sentence in _needs_a_timestamp(card):
            top.field.complaints.add(top.line_of(key), sentence)


def with_the_score_in_its_place(card: ModelCard) -> ModelCard:
    """For regression the prediction is the score, whichever of the two names the model card uses."""
    columns = card.columns
    if card.task != "regression":
        return card
    if columns.score is None and columns.prediction is not None:
        columns = replace(columns, score=columns.prediction, prediction=None)
    versions = tuple(
        replace(v, score=v.prediction, prediction=None) if v.score is None and v.prediction is not None else v
        for v in card.versions
    )
    return replace(card, columns=columns, versions=versions)


def _missing_columns(card: ModelCard) -> Iterator[str]:
    columns, task = card.columns, card.task
    needed = f"a {task} model needs"
    if task == "ranking":
        if columns.query is None:
            yield f"{needed} log.columns.query, the column that says which rows belong to one ranking"
        if columns.item is None:
            yield f"{needed} log.columns.item, the column that names what is ranked"
        if columns.rank is None and columns.score is None and any(not v.has_own_columns for v in card.versions):
            yield f"{needed} log.columns.rank (1 is first) or log.columns.score (higher is earlier)"
    elif columns.score is None and columns.prediction is None:
        bare = [v.name for v in card.versions if not v.has_own_columns]
        if bare:
            what = "the column with the prediction" if task == "regression" else "or log.columns.prediction"
            yield f"{needed} log.columns.score, {what}"
    by_rows = [v.name for v in card.versions if not v.has_own_columns]
    if len(by_rows) > 1 and columns.version is None:
        yield (
            f"the versions {listed(by_rows)} have no columns of their own, so log.columns.version must name the column "
            "that says which version a row belongs to"
        )


def _wrong_columns(card: ModelCard) -> Iterator[str]:
    scores = [("log.columns.score", card.columns.score)]
    scores += [(f"versions.{v.name}.score", v.score) for v in card.versions]
    for place, score in scores:
        if card.task == "multiclass" and isinstance(score, str):
            yield f"{place}: a multiclass model has a score for each class; write {{class: column}}"
        if card.task != "multiclass" and isinstance(score, Mapping):
            yield f"{place}: a {card.task} model has one score; name one column"
    if card.labels is not None and card.columns.label is None:
        yield "log.labels gives a source for the labels, so log.columns.label must name the label's column in it"
    both = sorted(set(card.features or ()) & set(card.exclude))
    if both:
        yield f"{listed(both)} is named in log.features and in log.exclude; take it out of one of them"


def _needs_a_timestamp(card: ModelCard) -> Iterator[tuple[str, str]]:
    if card.columns.timestamp is not None:
        return
    remedy = "needs log.columns.timestamp; name the column, or use rows"
    if isinstance(card.periods, str):
        yield "periods", f"periods: {card.periods} {remedy}: {{rows: 5000}}"
    if card.reference is not None and card.reference.before is not None:
        yield "reference", f"reference.before {remedy}: {{window: rows 0..50000}}"
    if card.reference is not None and card.reference.window is not None and _is_time(card.reference.window):
        yield "reference", f"reference.window: {card.reference.window} {remedy}: {{window: rows 0..50000}}"


def _is_time(words: str) -> bool:
    try:
        return parse_window(words, now=_EPOCH).by_time
    except UserError:
        return False
