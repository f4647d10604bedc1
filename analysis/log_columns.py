"""The columns that a model card names, which must be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from analysis.card import CheckSetting, ModelCard, Score
from analysis.errors import DataError
from analysis.groupings import SIGN, with_known_columns
from analysis.near_names import did_you_mean, listed, quoted


def must_have_columns(card: ModelCard, there: Collection[str], name: str, *, needs_label: bool) -> None:
    """Raises DataError that names every column that the model card means and the log lacks. The label may be absent
    where it comes from a second source or later."""
    card = with_known_columns(card, there)
    missing = {column: role for column, role in _meant(card, needs_label=needs_label) if column not in there}
    if not missing:
        return
    hints = {column: did_you_mean(column, there) for column in missing}
    lines = [f"{quoted(column)} ({role}){hints[column]}" for column, role in missing.items()]
    what = "a column" if len(lines) == 1 else "columns"
    later = card.columns.label is not None and set(missing) == {card.columns.label}
    remedy = " If there are no labels yet, write labels: later under log." if later else ""
    said = f"{name} lacks {what} that the model card names: {' '.join(_sentences(lines))}"
    raise DataError((said if all(hints.values()) else f"{said} {_what_is_there(there)}") + remedy)


def _sentences(lines: list[str]) -> list[str]:
    return [line if line.endswith("?") else f"{line}{'.' if line is lines[-1] else ','}" for line in lines]


def _what_is_there(there: Collection[str]) -> str:
    """A header that reads as one column is nearly always split by another delimiter."""
    names = list(there)
    signs = [sign for sign in ";\t|," if len(names) == 1 and sign in names[0]]
    if signs:
        return f"Its whole header reads as one column, so set log.format.delimiter, perhaps to {signs[0]!r}."
    return f"It has the columns {listed(names)}." if names else "It is empty."


def _meant(card: ModelCard, *, needs_label: bool) -> Iterator[tuple[str, str]]:
    columns = card.columns
    if columns.label is not None and needs_label and card.labels is None and not card.labels_later:
        yield columns.label, "log.columns.label"
    for role in ("id", "timestamp", "version", "query", "item", "rank", "weight", "prediction"):
        column = getattr(columns, role)
        if column is not None:
            yield column, f"log.columns.{role}"
    yield from _scores(columns.score, "log.columns.score")
    for version in card.versions:
        yield from _scores(version.score, f"versions.{version.name}.score")
        if version.prediction is not None:
            yield version.prediction, f"versions.{version.name}.prediction"
    for by in card.labels.by if card.labels else ():
        yield by, "log.labels.by"
    for feature in card.features or ():
        yield feature, "log.features"
    for column in card.exclude:
        yield column, "log.exclude"
    in_labels = {columns.label, *(card.labels.by if card.labels else ())} if card.labels or card.labels_later else set()
    yield from ((column, "log.types") for column in card.types if column not in in_labels)
    for role, groupings in (("protected", card.protected), ("slices", card.slices)):
        for grouping in groupings:
            yield from ((column, role) for column in grouping)
    for check in card.checks:
        yield from _features(check)
        yield from ((column, f"checks.{check.check}.slice") for column, _ in check.slice or ())


def _features(check: CheckSetting) -> Iterator[tuple[str, str]]:
    """A check's feature is a column, or a grouping whose columns are named under `protected`."""
    if check.feature is not None and SIGN not in check.feature:
        yield check.feature, f"checks.{check.check}.feature"


def _scores(score: Score | None, role: str) -> Iterator[tuple[str, str]]:
    if isinstance(score, Mapping):
        yield from ((column, f"{role}.{class_}") for class_, column in score.items())
    elif score is not None:
        yield score, role
