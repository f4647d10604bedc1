"""Opens the log of a model card, with the labels that arrive in a second source, and its reference."""

from __future__ import annotations

from datetime import datetime

from analysis.card import ModelCard, Sql
from analysis.groupings import with_known_columns
from analysis.log_columns import must_have_columns
from analysis.log_labels import LateLabels
from analysis.log_labels_opening import open_labels
from analysis.log_limits import DEFAULT_LIMITS, Limits
from analysis.log_reading import Log, must_have_a_timestamp
from analysis.log_roles import roles_of
from analysis.log_table import open_table
from analysis.windows import ALL, Window, parse_window, window_before


def open_log(
    card: ModelCard,
    *,
    window: Window = ALL,
    source: str | Sql | None = None,
    exclude: Window | None = None,
    limits: Limits = DEFAULT_LIMITS,
    labels: LateLabels | None = None,
) -> Log:
    """The log of a model card, for the rows of a window.

    ``source`` is read instead of the model card's own (for a reference that has one); rows in ``exclude`` are left out.
    ``labels`` are those of the model card's second source, where they have been read before.
    Raises UserError for a window of time where the log has no timestamp, DataError for files that can't be used.
    """
    must_have_a_timestamp(card, window)
    of_reference = source is not None
    table = open_table(
        source if source is not None else card.source,
        root=card.root,
        format_=card.format,
        roles=roles_of(card),
        must_have=lambda there, name: must_have_columns(card, there, name, needs_label=not of_reference),
        limits=limits,
        allowed=card.allowed,
    )
    card = with_known_columns(card, table.kinds)
    own_label = of_reference and card.columns.label in table.kinds
    if card.labels is None or own_label:
        labels = None
    elif labels is None:
        labels = open_labels(card, card.labels, limits)
    return Log(card, table, labels, limits).narrowed(window=window, exclude=exclude)


def open_with_reference(
    card: ModelCard, *, window: Window, now: datetime, limits: Limits = DEFAULT_LIMITS
) -> tuple[Log, Log | None]:
    """The log for a window without the reference's rows, and the reference, if the model card names one."""
    reference = card.reference
    if reference is None:
        return open_log(card, window=window, limits=limits), None
    if reference.source is not None:
        log = open_log(card, window=window, limits=limits)
        return log, open_log(card, window=ALL, source=reference.source, limits=limits, labels=log.labels)
    if reference.before is not None:
        rows = window_before(reference.before, zone=card.zone)
    else:
        rows = parse_window(reference.window or "all", now=now, zone=card.zone)
    log = open_log(card, window=window, exclude=rows, limits=limits)
    return log, log.narrowed(window=rows)
