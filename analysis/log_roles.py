"""What the columns of a source are for, as far as it decides how their values are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.card import ModelCard, TimeFormat
from analysis.groupings import possible_columns
from analysis.log_values import Kind

DECLARED: dict[str, Kind] = {"text": Kind.TEXT, "number": Kind.FRACTION, "time": Kind.TIME, "boolean": Kind.SWITCH}
"""The words under `log.types`."""
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """``ids`` and ``names`` are compared as text; a program may have written whole ids as fractions (1000.0). The
    values of ``classes`` (labels and predictions) and ``groups`` tell rows apart: no two of them may become one.
    ``types`` are those that the model card declares; ``time`` says how the ``timestamp`` is written."""

    ids: frozenset[str] = _NOTHING
    names: frozenset[str] = _NOTHING
    classes: frozenset[str] = _NOTHING
    groups: frozenset[str] = _NOTHING
    timestamp: str | None = None
    time: TimeFormat | None = None
    types: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def texts(self) -> frozenset[str]:
        """Columns that are text, whatever their values look like."""
        return self.ids | self.names | {c for c, kind in self.types.items() if kind is Kind.TEXT}

    @property
    def exact(self) -> frozenset[str]:
        return (self.classes | self.groups) - self.texts - self.types.keys()

    @property
    def as_written(self) -> frozenset[str]:
        """Columns in which a word such as NA is a value like any other."""
        return self.ids | self.names | self.classes


def roles_of(card: ModelCard) -> Roles:
    """The roles of a log's columns."""
    columns = card.columns
    ids = {columns.id, columns.query, columns.item, *(card.labels.by if card.labels else ())}
    return Roles(
        ids=frozenset(c for c in ids if c is not None),
        names=frozenset([columns.version] if columns.version is not None else []),
        classes=_classes(card),
        groups=possible_columns(card),
        timestamp=columns.timestamp,
        time=card.time,
        types={column: DECLARED[word] for column, word in card.types.items()},
    )


def roles_of_labels(card: ModelCard) -> Roles:
    """The roles of the columns in the labels' own source."""
    assert card.labels is not None  # noqa: S101 -- there are no such columns otherwise
    label = card.columns.label
    classes = _classes(card) & {label} if label is not None else _NOTHING
    types = {column: DECLARED[word] for column, word in card.types.items()}
    return Roles(ids=frozenset(card.labels.by), classes=classes, types=types)


def _classes(card: ModelCard) -> frozenset[str]:
    """Labels and predictions of a model of classes; those of a regression are numbers."""
    if card.task not in ("binary", "multiclass"):
        return _NOTHING
    predictions = [card.columns.prediction, *(version.prediction for version in card.versions)]
    return frozenset(c for c in (card.columns.label, *predictions) if c is not None)
