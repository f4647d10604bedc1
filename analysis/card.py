"""The model card as a frozen value: what a model is, where its log lies, what is to be checked.

``analysis.card_reading`` makes it from YAML and refuses what is wrong, all at once and with line numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analysis.values import Slice

if TYPE_CHECKING:
    from analysis.log_allowed import Allowed

Task = Literal["binary", "multiclass", "regression", "ranking"]
Role = Literal["champion", "challenger", "retired"]
Score = str | Mapping[str, str]
"""A column, or for multiclass {class: column}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of the model: rows of its own (model_version = name), or columns of its own in the same rows."""

    name: str
    role: Role
    score: Score | None = None
    prediction: str | None = None

    @property
    def has_own_columns(self) -> bool:
        return self.score is not None or self.prediction is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the text of files is written. ``missing`` are the words that mean a missing value; None: those that programs
    write into a CSV."""

    delimiter: str | None = None
    columns: tuple[str, ...] | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormat:
    """How timestamps are written: ``format`` as strptime has it, or the unit of a number since 1970 (`seconds`,
    `milliseconds`, `microseconds`, `nanoseconds`); ``zone`` is that of times without one, and of periods and
    windows."""

    format: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """One statement that reads, and where: ``url`` is the name of an environment variable, as ``env:NAME``."""

    sql: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels that arrive in a second source, joined to the log by id (compared as text)."""

    source: str | Sql
    by: tuple[str, ...]
    latest: str | None = None
    format: Format = Format()


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column means what; None where the log has no such column."""

    id: str | None = None
    timestamp: str | None = None
    version: str | None = None
    label: str | None = None
    score: Score | None = None
    prediction: str | None = None
    query: str | None = None
    item: str | None = None
    rank: str | None = None
    weight: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The rows that the window is compared with: exactly one of the three is given."""

    source: str | Sql | None = None
    before: str | None = None
    window: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One warn or fail condition. ``kind``: below, above, within, outside, below_reference_by, above_reference_by,
    below_version_by, above_version_by, or ``bare`` for a number alone (the check's own bad direction).
    ``bound`` is one number, or two for within and outside; ``relative`` marks a percentage (2% is bound 0.02)."""

    kind: str
    bound: tuple[float, ...]
    relative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSetting:
    """One entry under ``checks:``. ``check`` is the key as written: a check's name or a measure's."""

    check: str
    on: bool = True
    name: str | None = None
    warn: tuple[Condition, ...] = ()
    fail: tuple[Condition, ...] = ()
    slice: Slice | None = None
    feature: str | None = None
    class_: str | None = None
    line: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    name: str
    unit: str
    value: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """All that a model card says, with defaults filled in. Column lists are checked when the log is opened."""

    model: str
    task: Task
    source: str | Sql
    root: Path
    description: str = ""
    versions: tuple[Version, ...] = (Version(name="1", role="champion"),)
    format: Format = Format()
    types: Mapping[str, str] = field(default_factory=dict)
    time: TimeFormat | None = None
    labels: Labels | None = None
    labels_later: bool = False
    columns: Columns = Columns()
    features: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    positive: str | None = None
    threshold: float = 0.5
    reference: Reference | None = None
    periods: str | int | None = None
    protected: tuple[tuple[str, ...], ...] = ()
    slices: tuple[tuple[str, ...], ...] = ()
    k: tuple[int, ...] = (10,)
    owners: Mapping[str, str] = field(default_factory=dict)
    feature_owners: Mapping[str, str] = field(default_factory=dict)
    kpi: Kpi | None = None
    checks: tuple[CheckSetting, ...] = ()
    defaults: bool = True
    policies: tuple[str, ...] = ()
    sensitivity: Literal["open", "internal", "restricted"] = "internal"
    channels: tuple[str, ...] = ()
    text: str = ""
    allowed: Allowed | None = None
    """What its sources may be, where not everything is allowed."""

    @property
    def zone(self) -> str | None:
        """The zone of periods and windows; None for UTC."""
        return self.time.zone if self.time is not None else None

    @property
    def champion(self) -> str:
        return next((v.name for v in self.versions if v.role == "champion"), self.versions[0].name)
