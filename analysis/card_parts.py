"""The parts of a model card that say where rows come from and what their columns mean."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from analysis.card import Columns, Format, Kpi, Labels, Reference, Score, Sql, TimeFormat, Version
from analysis.card_fields import (
    Field,
    Section,
    entries,
    group,
    items,
    kind_of,
    mapping,
    matching,
    number,
    one_of,
    text,
    texts,
    whole_number,
)
from analysis.card_yaml import Entries, Items, Scalar
from analysis.errors import UserError
from analysis.near_names import did_you_mean, listed
from analysis.periods import KINDS
from analysis.windows import Window, parse_window, window_before

LOG_KEYS = ("source", "format", "types", "time", "labels", "columns", "features", "exclude")
COLUMN_KEYS = ("id", "timestamp", "version", "label", "score", "prediction", "query", "item", "rank", "weight")
TYPES = ("text", "number", "time", "boolean")
TIME_UNITS = ("seconds", "milliseconds", "microseconds", "nanoseconds")
LATER: Literal["later"] = "later"
ROLES = ("champion", "challenger", "retired")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_source(field: Field) -> str | Sql | None:
    if isinstance(field.node, Entries):
        section = Section(field, ("sql", "url"), example="predictions.csv")
        sql = section.need("sql", text, example='sql: "select * from predictions"')
        url = section.need("url", _variable, example="url: env:WAREHOUSE_URL")
        return Sql(sql=sql, url=url) if sql and url else None
    return text(field)


def _variable(field: Field) -> str | None:
    """An address itself is not repeated in what is said: it may hold a password."""
    node = field.node
    if isinstance(node, Scalar) and "://" in node.written:
        field.complain(
            f"{field.path} is a database's address, which would put a password into a file; set an environment "
            "variable to it and write its name, like env:WAREHOUSE_URL"
        )
        return None
    return matching(r"env:[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable, like env:WAREHOUSE_URL")(field)


def read_format(field: Field) -> Format | None:
    keys = ("delimiter", "decimal", "thousands", "encoding", "missing", "columns")
    section = Section(field, keys, example='{delimiter: ";", decimal: ",", missing: [NA, "?"]}')
    decimal, thousands = section.get("decimal", _decimal) or ".", section.get("thousands", _thousands)
    if thousands == decimal:
        other = "," if decimal == "." else "."
        field.complain(f'{field.path} has "{decimal}" for decimal and for thousands; write decimal: "{other}"')
    return Format(
        delimiter=section.get("delimiter", _delimiter),
        columns=section.get("columns", texts),
        decimal=decimal,
        thousands=thousands,
        encoding=section.get("encoding", _encoding),
        missing=section.get("missing", _words),
    )


def _decimal(field: Field) -> str | None:
    return one_of((".", ","))(field)


def _thousands(field: Field) -> str | None:
    node = field.node
    if isinstance(node, Scalar) and len(node.written) == 1 and node.written in ".,' _\u00a0\u202f":
        return node.written
    field.complain(f'{field.path} must be one sign like "," or ".", not {kind_of(node)}')
    return None


def _encoding(field: Field) -> str | None:
    """The encoding's own name; None for UTF-8, which needs no word."""
    written = text(field)
    if written is None:
        return None
    try:
        known = codecs.lookup(written)
    except LookupError:
        field.complain(f'{field.path} cannot be "{written}"; write the name of an encoding, like latin-1 or utf-16')
        return None
    if not known._is_text_encoding:  # as open() itself looks it up
        field.complain(f'{field.path} cannot be "{written}", which encodes no text; write one like latin-1')
        return None
    return None if known.name in ("utf-8", "ascii") else known.name


def _words(field: Field) -> tuple[str, ...] | None:
    """Words as they are written, also none of them; an empty one means missing anyway."""
    found = items(field, _word, example='[NA, "?"]')
    return None if found is None else tuple(dict.fromkeys(word for word in found if word))


def _word(field: Field) -> str | None:
    if isinstance(field.node, Scalar):
        return field.node.written
    field.complain(f"{field.path} must be a word, not {kind_of(field.node)}")
    return None


def read_types(field: Field) -> Mapping[str, str] | None:
    return mapping(field, one_of(TYPES), example="{zip: text}")


def read_time(field: Field) -> TimeFormat | None:
    section = Section(field, ("format", "zone"), example='{format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}')
    return TimeFormat(format=section.get("format", _time_format), zone=section.get("zone", _zone))


def _time_format(field: Field) -> str | None:
    written = text(field)
    if written is None or written in TIME_UNITS or "%" in written:
        return written
    field.complain(
        f'{field.path} must say how times are written, like "%d.%m.%Y %H:%M", or be one of {listed(TIME_UNITS)}'
    )
    return None


def _zone(field: Field) -> str | None:
    written = text(field)
    if written is None:
        return None
    try:
        ZoneInfo(written)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(written, available_timezones())
        field.complain(f'{field.path} cannot be "{written}"{near or "; write a zone like Europe/Berlin"}')
        return None
    return written


def _delimiter(field: Field) -> str | None:
    node = field.node
    written = node.written if isinstance(node, Scalar) else ""
    found = {"tab": "\t", "\\t": "\t"}.get(written, written)
    if len(found) == 1 and found.isascii() and found not in '"\r\n' and not found.isalnum():
        return found
    field.complain(f'{field.path} must be one character like ";" (or tab), not {kind_of(node)}')
    return None


def read_labels(field: Field) -> Labels | Literal["later"] | None:
    """A second source, or `later` where there are none yet."""
    if isinstance(field.node, Scalar):
        if field.node.written == LATER:
            return LATER
        field.complain(f"{field.path} must be {{source: labels.parquet, by: id}} or later, not {kind_of(field.node)}")
        return None
    section = Section(field, ("source", "by", "latest", "format"), example="{source: labels.parquet, by: id}")
    source = cast("str | Sql | None", section.need("source", read_source, example="source: labels.parquet"))
    by = section.need("by", _one_or_more, example="by: id")
    latest = section.get("latest", text)
    format_ = section.get("format", read_format) or Format()
    return Labels(source=source, by=by, latest=latest, format=format_) if source and by else None


def _one_or_more(field: Field) -> tuple[str, ...] | None:
    if isinstance(field.node, Items):
        names = texts(field)
        if not field.node.nodes:
            field.complain(f"{field.path} is an empty list; name the column that says which label belongs to which row")
        return names
    name = text(field)
    return None if name is None else (name,)


def read_columns(field: Field) -> Columns | None:
    section = Section(field, COLUMN_KEYS, example="{label: bought, score: p_bought}")
    return Columns(
        id=section.get("id", text),
        timestamp=section.get("timestamp", text),
        version=section.get("version", text),
        label=section.get("label", text),
        score=cast("Score | None", section.get("score", read_score)),
        prediction=section.get("prediction", text),
        query=section.get("query", text),
        item=section.get("item", text),
        rank=section.get("rank", text),
        weight=section.get("weight", text),
    )


def read_score(field: Field) -> Score | None:
    """A column; or for multiclass a column for each class."""
    if isinstance(field.node, Items):
        columns = [n.text for n in field.node.nodes if isinstance(n, Scalar)] or ["p_a", "p_b"]
        mapped = ", ".join(f"class {place}: {column}" for place, column in enumerate(columns, start=1))
        field.complain(
            f"{field.path} must be a column, or for multiclass say which class each column is for: {{{mapped}}}"
        )
        return None
    if not isinstance(field.node, Entries):
        return text(field)
    by_class = mapping(field, text, example="{class: column}")
    if not field.node.pairs:
        field.complain(f"{field.path} is empty; write a column, or for multiclass {{class: column}}")
    return by_class or None


def read_versions(field: Field) -> tuple[Version, ...] | None:
    read = [(_version(name, inner), inner) for name, inner in entries(field, example="{v1: champion}")]
    if isinstance(field.node, Entries) and not read:
        field.complain("versions is empty; write {v1: champion}, or leave it out where there is one version")
    champions = [(v.name, inner) for v, inner in read if v is not None and v.role == "champion"]
    for name, inner in champions[1:]:
        inner.complain(f'"{champions[0][0]}" and "{name}" are both champion; make one of them challenger or retired')
    if read and not champions and all(v is not None for v, _ in read):
        field.complain("no version is champion; the champion is what is judged unless another is asked for")
    return tuple(v for v, _ in read if v is not None) or None


def _version(name: str, field: Field) -> Version | None:
    if isinstance(field.node, Scalar):
        role = one_of(ROLES)(field)
        return None if role is None else Version(name=name, role=role)  # type: ignore[arg-type] # one of ROLES
    section = Section(field, ("role", "score", "prediction"), example="champion or {role: challenger, score: column}")
    role = section.need("role", one_of(ROLES), example="role: challenger")
    if role is None:
        return None
    score, prediction = section.get("score", read_score), section.get("prediction", text)
    return Version(name=name, role=role, score=score, prediction=prediction)  # type: ignore[arg-type] # one of ROLES


def read_reference(field: Field) -> Reference | None:
    example = "{source: march.parquet}, {before: 2026-03-01} or {window: rows 0..50000}"
    section = Section(field, ("source", "before", "window"), example=example)
    given = [key for key in ("source", "before", "window") if section.has(key)]
    if section.present and len(given) != 1:
        said = "nothing" if not given else " and ".join(given)
        field.complain(f"reference needs exactly one of source, before and window, but gives {said}; write {example}")
    return Reference(
        source=cast("str | Sql | None", section.get("source", read_source)),
        before=section.get("before", _before),
        window=section.get("window", _window),
    )


def _before(field: Field) -> str | None:
    return _read_window(field, window_before)


def _window(field: Field) -> str | None:
    return _read_window(field, lambda words: parse_window(words, now=_EPOCH))


def _read_window(field: Field, parse: Callable[[str], Window]) -> str | None:
    words = text(field)
    if words is None:
        return None
    try:
        parse(words)
    except UserError as error:
        field.complain(f"{field.path}: {error}")
        return None
    return words


def read_periods(field: Field) -> str | int | None:
    if isinstance(field.node, Scalar):
        return one_of(KINDS)(field)
    section = Section(field, ("rows",), example="month, or {rows: 5000}")
    return section.need("rows", whole_number, example="rows: 5000")


def read_groupings(field: Field) -> tuple[tuple[str, ...], ...] | None:
    """Columns, or columns crossed with each other: `"race & sex"`."""
    found: list[tuple[str, ...]] = []
    for words in texts(field) or ():
        columns = tuple(part.strip() for part in words.split(" & "))
        if not all(columns) or len(set(columns)) < len(columns):
            field.complain(f'{field.path}: "{words}" must name different columns, like "race & sex"')
            continue
        found.append(columns)
    return tuple(found)


def read_cuts(field: Field) -> tuple[int, ...] | None:
    if isinstance(field.node, Scalar):
        one = whole_number(field)
        return None if one is None else (one,)
    found = items(field, whole_number, example="[5, 10]")
    if found is None:
        return None
    if not found and isinstance(field.node, Items) and not field.node.nodes:
        field.complain("k is an empty list; write it like [5, 10]")
    return tuple(sorted(set(found))) or None


def read_kpi(field: Field) -> Kpi | None:
    section = Section(field, ("name", "unit", "value"), example="{name: margin, unit: EUR, value: {tp: 40, fn: -40}}")
    name = section.need("name", text, example="name: margin")
    value = section.need("value", _values, example="value: {tp: 40, fp: -5, fn: -40, tn: 0}")
    return None if name is None or value is None else Kpi(name=name, unit=section.get("unit", group) or "", value=value)


def _values(field: Field) -> dict[str, float] | None:
    outcomes = ("tp", "fp", "fn", "tn")
    section = Section(field, outcomes, example="{tp: 40, fp: -5, fn: -40, tn: 0}")
    return {outcome: section.get(outcome, number) or 0.0 for outcome in outcomes} if section.present else None
