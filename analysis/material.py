"""What measures are made of: the plan, and the summaries of the window and of the reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from analysis.labels import names_of_classes
from analysis.periods import period_label
from analysis.plan import Plan
from analysis.summaries.features import Feature
from analysis.summaries.summary import OUT_OF_TIME, Summary
from analysis.summaries.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """``reference`` is None where there is none, or where it has no row of the judged version."""

    plan: Plan
    window: Summary
    reference: Summary | None
    now: datetime | None = None

    @property
    def classes(self) -> tuple[str, str]:
        """What a negative and a positive row are called, at the places of their codes."""
        positive, negative = names_of_classes(self.plan, self.window, self.reference)
        return negative, positive

    def period(self, number: int) -> str:
        return period_label(number, self.plan.periods or "day", rows=self.window.last_row)

    def reference_of(self, column: str) -> Feature | None:
        found = self.reference.features.by_name.get(column) if self.reference is not None else None
        return found if found is not None and found.rows else None

    def is_a_class(self, column: str) -> bool:
        """Whether a column's numbers are names: a label's 0 and 1."""
        return column in (self.plan.label, self.plan.judged.prediction) and self.plan.task in ("binary", "multiclass")


def rows_by_period(table: Table) -> dict[int, int]:
    """How many rows each period has, in the order of time; rows without a time are left out."""
    return {int(p): int(n) for p, n in zip(table.lanes, table.counts, strict=True) if int(p) != OUT_OF_TIME}
