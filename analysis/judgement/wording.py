"""How numbers, groups and limits are written in a verdict's sentence."""

from __future__ import annotations

import re
from math import floor, log10

from analysis.judgement.contrast import Estimate
from analysis.judgement.meaning import meaning
from analysis.values import Measure, Slice

MOST_WRITTEN_OUT = 1e15


def count(number: float) -> str:
    """Whole, with commas; what is longer than anybody reads as a power of ten."""
    return f"{number:,.0f}" if abs(number) < MOST_WRITTEN_OUT else f"{number:.3g}"


def figure(number: float) -> str:
    """A number people can hold in mind: three decimals below ten (``<0.001``), fewer above, none from a thousand on."""
    size = abs(number)
    if size >= 1000:
        return count(number)
    if size >= 100:
        return f"{number:.1f}"
    if size >= 10:
        return f"{number:.2f}"
    if size == 0 or size >= 0.001:
        return f"{number:.3f}"
    return "<0.001" if number > 0 else "-0.000"


def percent(rate: float) -> str:
    """``44.9%``; small rates keep two figures, and what is not 0 or 1 is never written so."""
    hundredths = rate * 100
    size = min(abs(hundredths), abs(100 - hundredths))
    decimals = 1 if size >= 1 or size == 0 else min(6, 1 - floor(log10(size)))
    text = f"{hundredths:.{decimals}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def shown(measure: str, number: float) -> str:
    """A value of this measure, in its unit."""
    unit = meaning(measure).unit
    return percent(number) if unit == "rate" else count(number) if unit == "count" else figure(number)


def distance(measure: str, number: float) -> str:
    """A difference of two values of this measure, without its sign."""
    if meaning(measure).unit != "rate":
        return shown(measure, abs(number))
    tenths = f"{100 * abs(number):.1f}".removesuffix(".0")
    return f"{tenths} {'point' if tenths == '1' else 'points'}"


def interval(measure: str, number: Estimate | Measure) -> str:
    """``, 95% interval 42.6% to 47.2%`` or nothing where none is known."""
    if number.low is None or number.high is None:
        return ""
    return f"95% interval {shown(measure, number.low)} to {shown(measure, number.high)}"


def span(measure: str, number: Estimate) -> str:
    """The interval of a difference: ``18.2 to 24.6 points``; with its signs where it holds zero."""
    if number.low is None or number.high is None:
        return ""
    rate = meaning(measure).unit == "rate"
    low, high = (f"{100 * end:.1f}" if rate else figure(end) for end in (number.low, number.high))
    return f"{low} to {high}{' points' if rate else ''}"


def words(measure: str) -> str:
    return meaning(measure).words


RANGE = re.compile(r"[\[(]\s*(.+?)\s*,\s*(.+?)\s*[\])]")
MISSING = "null"


def group(where: Slice | None) -> str:
    """``race = Caucasian & age 30 to 45``; nothing for the whole."""
    return " & ".join(
        f"{column} {spoken(value)}" if value == MISSING or RANGE.fullmatch(value) else f"{column} = {value}"
        for column, value in where or ()
    )


def spoken(value: str) -> str:
    """A group or bin as it is said: ``30 to 45`` for ``[30, 45)``, ``under 30``, ``from 45``, ``missing``."""
    found = RANGE.fullmatch(value)
    if found is None:
        return "missing" if value == MISSING else value
    low, high = found[1], found[2]
    if low.lstrip("-") == "inf":
        return "all values" if high == "inf" else f"under {edge(high)}"
    return f"from {edge(low)}" if high == "inf" else f"{edge(low)} to {edge(high)}"


def edge(text: str) -> str:
    """A range's end with at most four figures."""
    try:
        number = float(text)
    except ValueError:
        return text
    return count(number) if abs(number) >= 10000 else f"{number:.4g}"


def place(measure: Measure) -> str:
    """Where a number holds: `` of price``, `` for race = Caucasian``, `` for class a``; nothing for the whole."""
    parts = []
    if measure.feature is not None:
        # A share of values already has an "of" in its words.
        parts.append(f" {'in' if ' of ' in words(measure.measure) else 'of'} {measure.feature}")
    if measure.class_ is not None:
        parts.append(f" for class {measure.class_}")
    if measure.slice:
        parts.append(f" for {group(measure.slice)}")
    return "".join(parts)


def named(measure: Measure) -> str:
    """``ROC AUC``, ``PSI of price``, ``recall for state = TX``, ``estimated accuracy``."""
    estimated = "estimated " if measure.basis == "estimated" else ""
    return f"{estimated}{words(measure.measure)}{place(measure)}"


def sentence(text: str) -> str:
    """The text with a capital, except before a word whose case is its own: `orders.csv`, `return-risk`, `past_rate`."""
    first = text.split(maxsplit=1)[0].rstrip(",:;") if text.strip() else ""
    return text[:1].upper() + text[1:] if first.isalpha() else text


def listed(things: list[str], most: int = 3) -> str:
    """``a, b and c``, ``a, b, c and 4 more``."""
    if len(things) > most:
        return f"{', '.join(things[:most])} and {len(things) - most} more"
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}" if things else ""


def plural(number: int, one: str, many: str | None = None) -> str:
    return f"{count(number)} {one if number == 1 else many or one + 's'}"
