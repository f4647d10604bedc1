"""The labels that a log holds, and whether they fit what the model card says about them."""

from __future__ import annotations

from analysis.errors import DataError
from analysis.measures.bins import texts_of
from analysis.near_names import listed, quoted
from analysis.plan import Plan
from analysis.summaries.columns import number_as_text
from analysis.summaries.keys import middles
from analysis.summaries.said import positives, written
from analysis.summaries.summary import Summary


def labels_of(plan: Plan, summary: Summary | None) -> tuple[str, ...]:
    """The different labels of the log, as they are compared, sorted; none for thousands of them. Whole numbers beyond
    2**53 are counted as floats, and so are rounded here."""
    if plan.label is None or summary is None:
        return ()
    feature = summary.features[plan.label]
    if "number" in feature.kinds:
        numbers = middles(feature.numbers.axis, feature.numbers.level)
        return tuple(dict.fromkeys(written(number_as_text(float(n))) for n in numbers))
    values, _ = texts_of(feature)
    return tuple(sorted({written(v) for v in values or ()}))


def names_of_classes(plan: Plan, window: Summary, reference: Summary | None) -> tuple[str, str]:
    """What the positive and the negative label are called: as in the log, or `not 1` where they are not one value."""
    wanted = positives(plan.positive)
    found = tuple(dict.fromkeys((*labels_of(plan, window), *labels_of(plan, reference))))
    positive = next((label for label in found if label in wanted), written(plan.positive or "1"))
    others = [label for label in found if label not in wanted]
    return positive, others[0] if len(others) == 1 else f"not {positive}"


def must_have_the_positive(plan: Plan, window: Summary, reference: Summary | None) -> None:
    """Raises DataError where a binary model's labels cannot be read as positive and negative."""
    if plan.task != "binary" or plan.label is None:
        return
    found = tuple(dict.fromkeys((*labels_of(plan, window), *labels_of(plan, reference))))
    column, wanted = quoted(plan.label), positives(plan.positive)
    if plan.positive is None and len(found) > 2:
        raise DataError(
            f"the label column {column} holds {len(found):,} different values ({listed(found, most=5)}), and a binary "
            "model has two; name the one that counts under positive:, or another column under log.columns.label"
        )
    if len(found) > 1 and not (wanted | {_rounded(w) for w in wanted}) & set(found):
        named = f"positive: {plan.positive}" if plan.positive is not None else "1 or true, as positive: is by default"
        raise DataError(
            f"no label in the column {column} is {named}; it holds {listed(found, most=5)}. "
            "Name the label that counts under positive: in the model card"
        )


def _rounded(label: str) -> str:
    """A whole number with the digits that a float has."""
    return written(repr(float(label))) if label.lstrip("-").isdecimal() else label
