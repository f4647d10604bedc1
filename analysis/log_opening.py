"""Opens the log of a model card, with the labels that arrive in a second source, and its reference."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from analysis.card import Labels, ModelCard, Sql
from analysis.errors import DataError
from analysis.log_columns import identifiers, must_have_columns
from analysis.log_labels import LabelTable, joined_id, label_table
from analysis.log_limits import Limits
from analysis.log_reading import Log, must_have_a_timestamp
from analysis.log_table import open_table
from analysis.log_values import Kind
from analysis.near_names import did_you_mean, listed, quoted
from analysis.windows import ALL, Window, parse_window, window_before

DEFAULT_LIMITS = Limits()


def open_log(
    card: ModelCard,
    *,
    window: Window = ALL,
    source: str | Sql | None = None,
    exclude: Window | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Log:
    """The log of a model card, for the rows of a window.

    ``source`` is read instead of the model card's own (for a reference that has one); rows in ``exclude`` are left out.
    Raises UserError for a window of time where the log has no timestamp, DataError for files that can't be used.
    """
    must_have_a_timestamp(card, window)
    table = open_table(
        card.source if source is None else source,
        root=card.root,
        format_=card.format,
        as_text=identifiers(card),
        timestamp=card.columns.timestamp,
        must_have=lambda there, name: must_have_columns(card, there, name),
        limits=limits,
    )
    own_label = source is not None and card.columns.label in table.kinds
    labels = None if card.labels is None or own_label else _open_labels(card, card.labels, limits)
    return Log(card, table, labels).narrowed(window=window, exclude=exclude)


def open_with_reference(
    card: ModelCard, *, window: Window, now: datetime, limits: Limits = DEFAULT_LIMITS
) -> tuple[Log, Log | None]:
    """The log for a window without the reference's rows, and the reference, if the model card names one."""
    reference = card.reference
    if reference is None:
        return open_log(card, window=window, limits=limits), None
    if reference.source is not None:
        log = open_log(card, window=window, limits=limits)
        return log, open_log(card, window=ALL, source=reference.source, limits=limits)
    if reference.before is not None:
        rows = window_before(reference.before)
    else:
        rows = parse_window(reference.window or "all", now=now)
    log = open_log(card, window=window, exclude=rows, limits=limits)
    return log, log.narrowed(window=rows)


def _open_labels(card: ModelCard, labels: Labels, limits: Limits) -> LabelTable:
    """Reads all labels; only their ids, the label and how new they are."""
    label = card.columns.label
    if label is None:
        raise DataError("the labels have a source of their own, but log.columns.label names no column")
    wanted = list(dict.fromkeys([*labels.by, label, *([labels.latest] if labels.latest else [])]))

    def must_have(there: Collection[str], name: str) -> None:
        missing = [f"{quoted(c)}{did_you_mean(c, there)}" for c in wanted if c not in there]
        if missing:
            raise DataError(f"the labels in {name} lack {'; '.join(missing)}. They have {listed(list(there))}.")

    table = open_table(
        labels.source,
        root=card.root,
        format_=labels.format,
        as_text=labels.by,
        timestamp=None,
        must_have=must_have,
        limits=limits,
    )
    if any(table.kinds[c] is Kind.NESTED for c in wanted):
        raise DataError(f"the labels in {table.name} hold lists or mappings, which can't be compared")
    chunks = [(joined_id(found, labels.by), found) for _, found in table.read_all(wanted)]
    ids = pa.concat_arrays([pa.array([], pa.string()), *(i for i, _ in chunks)])
    values = _all_of(label, [found for _, found in chunks])
    age = _all_of(labels.latest, [found for _, found in chunks]) if labels.latest else None
    found = label_table(ids, values, age, name=table.name, latest=labels.latest or "")
    return replace(found, identity="\n".join(file.file.identity for file in table.files))


def _all_of(column: str, chunks: list[dict[str, pa.Array]]) -> pa.Array:
    return pa.concat_arrays([found[column] for found in chunks]) if chunks else pa.nulls(0)
