"""What a check is: a question about measures with a name, a help text and worked examples."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analysis.card import CheckSetting, Condition, ModelCard, Task
from analysis.errors import UserError
from analysis.judgement.meaning import meaning
from analysis.measure_table import MeasureTable
from analysis.values import CheckResult, Measure, Rows, Subject, Verdict

Judge = Callable[["Question"], Iterable[CheckResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One check asked of one evaluation. ``asked`` tells a setting of the model card from a default; ``left_out`` are
    the features that have settings of their own."""

    check: str
    card: ModelCard
    table: MeasureTable
    setting: CheckSetting
    asked: bool = True
    left_out: frozenset[str] = frozenset()
    window: Rows | None = None

    @property
    def name(self) -> str:
        """The check's name in results: the setting's own ``name`` where it has one. A limit on a measure is the check
        ``threshold``; its measure stands in the subject."""
        return self.setting.name or self.check

    def conditions(
        self, *, warn: Sequence[Condition], fail: Sequence[Condition], bad: str
    ) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        """The setting's conditions, or these where it has none at all. ``bad`` is what a bare number means."""
        given = bool(self.setting.warn or self.setting.fail)
        warning, failing = (self.setting.warn, self.setting.fail) if given else (tuple(warn), tuple(fail))
        return tuple(_plain(c, bad) for c in warning), tuple(_plain(c, bad) for c in failing)

    def bounds(self, *, warn: float, fail: float) -> tuple[float | None, float | None]:
        """The two numbers of a check whose conditions can only be ``above`` a number (or bare); None: not given."""
        warning, failing = self.conditions(warn=(above(warn),), fail=(above(fail),), bad="above")
        return self._bound(warning), self._bound(failing)

    def _bound(self, conditions: Sequence[Condition]) -> float | None:
        wrong = next((c for c in conditions if c.kind != "above"), None)
        if wrong is not None:
            raise UserError(
                f"The check {self.setting.check} takes a number or {{above: number}}, not {wrong.kind}. "
                f"For other conditions put them on a measure, such as recall: {{fail: {{{wrong.kind}: …}}}}."
            )
        if any(c.bound[0] < 0 for c in conditions):
            raise UserError(f"The check {self.setting.check} takes a size, which cannot be negative.")
        return min((c.bound[0] for c in conditions), default=None)

    def number(self, option: str, default: float) -> float:
        """A number among the setting's further keys."""
        value = self.setting.options.get(option, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(f"{self.setting.check}: {option} must be a number, such as {default:g}, not {value!r}.")
        return float(value)

    def text(self, option: str) -> str | None:
        """A word among the setting's further keys."""
        value = self.setting.options.get(option)
        if value is not None and not isinstance(value, str):
            raise UserError(f"{self.setting.check}: {option} must be a word, not {value!r}.")
        return value

    def features(self, measures: Iterable[Measure]) -> list[Measure]:
        """Those measures that this setting speaks of: its feature's, or all but those with settings of their own."""
        if self.setting.feature is not None:
            return [m for m in measures if m.feature == self.setting.feature]
        return [m for m in measures if m.feature not in self.left_out]

    def result(self, subject: Subject, verdict: Verdict, says: str, measures: Iterable[Measure | None]) -> CheckResult:
        return CheckResult(
            check=self.name,
            subject=subject,
            verdict=verdict,
            says=says,
            measures=self.table.positions(measures),
            asked=self.asked,
        )

    def skipped(self, says: str, subject: Subject | None = None) -> CheckResult:
        """The check could not be asked; the sentence tells what it would need."""
        return self.result(subject or Subject(), "skipped", says, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Measures worked by hand and the verdicts they get: shown in the documentation and run by a test.

    ``card`` holds what the model card says beside the smallest one; ``setting`` what stands under the check's key.
    """

    title: str
    measures: tuple[Measure, ...]
    verdicts: tuple[Verdict, ...]
    says: tuple[str, ...] = ()
    setting: CheckSetting | None = None
    card: Mapping[str, object] = field(default_factory=dict)
    against: str | None = None
    window: Rows | None = None

    def model_card(self) -> ModelCard:
        smallest = ModelCard(model="example", task="binary", source="log.csv", root=Path(), defaults=False)
        return replace(smallest, **self.card)  # type: ignore[arg-type]  # examples name fields of the model card


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``judge``'s docstring is the help that people read. ``covers`` names the measures whose own settings in the model
    card take this default check's place; ``tasks`` those it can be asked of by default; ``options`` are the keys that
    it takes beside those of every check."""

    name: str
    judge: Judge
    examples: tuple[Example, ...]
    covers: tuple[str, ...] = ()
    by_default: bool = True
    options: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ("binary", "multiclass", "regression", "ranking")

    @property
    def help(self) -> str:
        return inspect.getdoc(self.judge) or ""


def above(bound: float) -> Condition:
    return Condition(kind="above", bound=(bound,))


def below(bound: float) -> Condition:
    return Condition(kind="below", bound=(bound,))


def bad_side(measure: str) -> str:
    """What a bare number on this measure means: ``above`` where low is good, else ``below``."""
    return "above" if meaning(measure).better == "low" else "below"


def _plain(condition: Condition, bad: str) -> Condition:
    return replace(condition, kind=bad) if condition.kind == "bare" else condition


def subject_of(measure: Measure, *, version: bool = False) -> Subject:
    """What a verdict on this measure is about. The version is left out unless it says something, so that a finding
    outlives the version in which it was found."""
    return Subject(
        measure=measure.measure,
        version=measure.version if version else None,
        feature=measure.feature,
        class_=measure.class_,
        slice=measure.slice,
        period=measure.period,
    )
