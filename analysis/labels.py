"""Whether the labels and predictions of a log fit each other and what the model card says about them.

One rule for every format: a model of classes has the classes that its labels, its predictions and the model card name,
and nothing else counts as one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from analysis.errors import DataError
from analysis.log_limits import Limits
from analysis.near_names import listed, quoted
from analysis.plan import Judged, Plan
from analysis.summaries.said import POSITIVE_BY_DEFAULT, binary_value, class_of, written
from analysis.summaries.spoken import Spoken
from analysis.summaries.summary import Summary

MOST_LISTED = 5
DECLARE = "put it right, or declare a word that means missing under log.format.missing, as in missing: [NA]"
_DEFAULTS = {"1", "0"}


def names_of_classes(plan: Plan, window: Summary, reference: Summary | None) -> tuple[str, str]:
    """What the positive and the negative label are called: as in the log, or `not 1` where no row has the other."""
    found = [written(value) for value in _every_value(plan, window, reference)]
    wanted = binary_value(plan.positive or POSITIVE_BY_DEFAULT)
    positive = next((v for v in found if binary_value(v) == wanted), written(plan.positive or POSITIVE_BY_DEFAULT))
    others = list(dict.fromkeys(v for v in found if binary_value(v) != wanted))
    return positive, others[0] if others else f"not {positive}"


def must_be_classes(plan: Plan, window: Summary, reference: Summary | None, limits: Limits) -> None:
    """Raises DataError where labels or predictions cannot be read as the classes of the model, or are too many."""
    if plan.task == "binary":
        for column, values in _by_column(plan, window, reference):
            _must_be_two(plan, column, values)
        _must_agree_on_two(plan, window, reference)
    elif plan.task == "multiclass":
        for column, values in _by_column(plan, window, reference):
            limits.must_hold_categories(len(values), f"the column {quoted(column)}")
        for version, spoken in _spoken(plan, window, reference):
            _must_have_scores(plan, version, spoken)
            _must_predict_in_the_words_of_labels(version, spoken)


def _must_be_two(plan: Plan, column: str, values: Collection[str]) -> None:
    different = sorted({binary_value(v): v for v in sorted(values, reverse=True)}.values())
    if len(different) > 2:
        role = "label" if column == plan.label else "prediction"
        raise DataError(
            f"the {role} column {quoted(column)} holds {len(different):,} different values "
            f"({listed(different, most=MOST_LISTED)}), and a binary model has two; {DECLARE}"
        )


def _must_agree_on_two(plan: Plan, window: Summary, reference: Summary | None) -> None:
    """The two values are the positive and another one; 1 and true are the positive only beside 0 and false."""
    by_column = dict(_by_column(plan, window, reference))
    every = _every_value(plan, window, reference)
    found = {binary_value(v) for v in every}
    labels = {binary_value(v) for v in by_column.get(plan.label or "", ())}
    positive = None if plan.positive is None else binary_value(plan.positive)
    named = _DEFAULTS if positive is None else {positive}
    settled = labels <= _DEFAULTS if positive is None else positive in found or labels | {positive} <= _DEFAULTS
    if settled and labels and len(found | named) > 2:
        other = next(c for c, values in by_column.items() if not {binary_value(v) for v in values} <= labels)
        raise DataError(
            f"the prediction column {quoted(other)} speaks in other words ({_listed(by_column[other])}) than the label "
            f"{quoted(plan.label or '')} ({_listed(by_column[plan.label or ''])}); write both in the same words"
        )
    columns = " and ".join(quoted(column) for column, values in by_column.items() if values)
    if found and positive is None and not found <= _DEFAULTS:
        raise DataError(
            f"I can't tell which class is positive: {columns} holds {_listed(every)}. Name the one that counts under "
            "positive: in the model card (only 1 beside 0, or true beside false, needs no word)"
        )
    if found and positive is not None and positive not in found and not found | {positive} <= _DEFAULTS:
        raise DataError(
            f"no value of {columns} is positive: {plan.positive}; it holds {_listed(every)}. Write positive: as the "
            "log does; if these rows are all negative, take a longer window"
        )


def _must_have_scores(plan: Plan, version: Judged, spoken: Spoken) -> None:
    names = [name or "" for name, _ in version.scores]
    without = [label for label in spoken.values.labels if class_of(label, names) not in names] if names else []
    if without:
        raise DataError(
            f"the label column {quoted(plan.label or '')} holds {_listed(without)}, and the model card names score "
            f"columns only for {_listed(names)}. Name a column for each class under log.columns.score, "
            "or declare a word that means missing under log.format.missing"
        )


def _must_predict_in_the_words_of_labels(version: Judged, spoken: Spoken) -> None:
    """With scores each prediction is a class that has one; without them some must be labels."""
    names = [name or "" for name, _ in version.scores]
    predictions = spoken.values.predictions
    labels = {class_of(label, names) for label in spoken.values.labels}
    known = labels | set(names)
    foreign = [p for p in predictions if class_of(p, names) not in known]
    other_words = len(foreign) == len(predictions) > 1 and len(labels) > 1
    if foreign and (names or other_words):
        raise DataError(
            f"the prediction column {quoted(version.prediction or '')} holds {_listed(foreign)}, "
            f"and the classes are {_listed(sorted(known))}; write predictions in the label's own words"
        )


def _spoken(plan: Plan, window: Summary, reference: Summary | None) -> Iterator[tuple[Judged, Spoken]]:
    yield plan.judged, window.judged
    if plan.against is not None and window.against is not None:
        yield plan.against, window.against
    if reference is not None:
        yield plan.judged, reference.judged


def _by_column(plan: Plan, window: Summary, reference: Summary | None) -> Iterator[tuple[str, list[str]]]:
    """Each column of labels or predictions, the label first, with its different values as they are written."""
    found: dict[str, set[str]] = {plan.label: set()} if plan.label is not None else {}
    for version, spoken in _spoken(plan, window, reference):
        if plan.label is not None:
            found[plan.label] |= set(spoken.values.labels)
        if version.prediction is not None:
            found.setdefault(version.prediction, set()).update(spoken.values.predictions)
    return ((column, sorted(values)) for column, values in found.items())


def _every_value(plan: Plan, window: Summary, reference: Summary | None) -> list[str]:
    """The labels first, so that a class is called as they call it."""
    return list(dict.fromkeys(v for _, values in _by_column(plan, window, reference) for v in values))


def _listed(values: Iterable[str]) -> str:
    return listed(list(values), most=MOST_LISTED)
