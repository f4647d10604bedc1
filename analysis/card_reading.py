"""Reads a model card: YAML in, a frozen ModelCard out, or one error that names all that is wrong with it.

It reads on after a mistake, so that one look tells everything there is to put right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, cast

from analysis.card import Columns, Format, Labels, ModelCard, Sql, Task, TimeFormat, Version
from analysis.card_agreement import complain_where_parts_disagree, with_the_score_in_its_place
from analysis.card_checks import read_checks
from analysis.card_fields import (
    Field,
    Section,
    entries,
    group,
    items,
    mapping,
    matching,
    number,
    one_of,
    switch,
    text,
    texts,
)
from analysis.card_parts import (
    COLUMN_KEYS,
    LATER,
    LOG_KEYS,
    read_columns,
    read_cuts,
    read_format,
    read_groupings,
    read_kpi,
    read_labels,
    read_periods,
    read_reference,
    read_source,
    read_time,
    read_types,
    read_versions,
)
from analysis.card_yaml import Complaints, read_tree
from analysis.errors import DataError, UserError
from analysis.near_names import did_you_mean, listed

__all__ = ["parse_card", "read_card"]

Value = TypeVar("Value")

KEYS = (
    *("model", "task", "description", "versions", "log", "positive", "threshold", "reference", "periods", "protected"),
    *("slices", "k", "owners", "feature owners", "kpi", "checks", "defaults", "policies", "sensitivity", "channels"),
)
OF_COLUMNS = dict.fromkeys(COLUMN_KEYS, "log.columns")
ELSEWHERE = {c: where for c, where in {**OF_COLUMNS, **dict.fromkeys(LOG_KEYS, "log")}.items() if c != "version"}
"""Where keys belong that people write at the top; `version` there is more likely a misspelt `versions`."""
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression", "ranking")
SENSITIVITIES = ("open", "internal", "restricted")
PERSONAS = (
    *("product manager", "business lead", "data analyst", "data engineer"),
    *("data scientist", "ML engineer", "MLOps engineer", "model risk"),
)
EXAMPLE = "model: churn, task: binary, log: {source: churn.csv, columns: {label: left, score: p_left}}"
SLUG = r"[a-z0-9][a-z0-9_-]{0,63}"
_MEMBER = matching(r"[UWS][A-Z0-9]{2,}", "a Slack member id like U0AAA (in the person's profile: Copy member ID)")
_CHANNEL = matching(r"[CGD][A-Z0-9]{2,}", "a Slack channel id like C0123 (at the end of the channel's details)")


def read_card(path: Path) -> ModelCard:
    """The model card in a file; sources in it are relative to the file's folder. Raises UserError where there is no
    such file, DataError where the file is no model card."""
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        near = did_you_mean(path.name, _neighbours(path))
        raise UserError(f"there is no model card {path}{near or '; look at the path'}") from None
    except OSError as error:
        raise UserError(f"the model card {path} cannot be read: {error.strerror}") from None
    try:
        decoded = written.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        raise DataError(f"The model card {path.name} is not UTF-8 (line {line}); save it as UTF-8") from None
    return parse_card(decoded, root=path.resolve().parent, name=path.name)


def parse_card(text: str, *, root: Path, name: str) -> ModelCard:
    """The model card in ``text``. ``root`` is the folder that its sources are relative to, ``name`` what to call the
    model card in errors. Raises DataError that lists everything that is wrong, a line for each, in the file's order."""
    complaints = Complaints(name)
    tree = read_tree(text, complaints)
    if tree is None:
        complaints.add(1, f"it is empty; write at least {EXAMPLE}")
        complaints.raise_if_any()
    assert tree is not None  # noqa: S101 -- the line above has raised; this tells mypy
    top = Section(Field(tree, "", tree.line, complaints), KEYS, example=EXAMPLE, elsewhere=ELSEWHERE)
    card = _card(top, root=root, text_=text)
    complaints.raise_if_any()
    assert card is not None  # noqa: S101 -- nothing was wrong, so all that is required is there
    return card


def _card(top: Section, *, root: Path, text_: str) -> ModelCard | None:
    """Reads on after every mistake; None when something that is required is missing or wrong."""
    model = top.need("model", _slug, example="model: churn")
    task = top.need("task", one_of(TASKS), example="task: binary")
    log = top.need("log", _log, example="log: {source: churn.csv, columns: {label: left, score: p_left}}")
    versions = top.get("versions", read_versions) or (Version(name="1", role="champion"),)
    periods = cast("str | int | None", top.get("periods", read_periods))
    card = ModelCard(
        model=model or "",
        task=task or "binary",  # type: ignore[arg-type] # one of TASKS
        source=(log and log.source) or "",
        root=root,
        description=top.get("description", group) or "",
        versions=versions,
        format=(log and log.format) or Format(),
        types=(log and log.types) or {},
        time=log.time if log else None,
        labels=log.labels if log and log.labels != LATER else None,
        labels_later=log is not None and log.labels == LATER,
        columns=(log and log.columns) or Columns(),
        features=log.features if log else None,
        exclude=(log and log.exclude) or (),
        positive=top.get("positive", group),
        threshold=_or(top.get("threshold", number), 0.5),
        reference=top.get("reference", read_reference),
        periods=periods,
        protected=top.get("protected", read_groupings) or (),
        slices=top.get("slices", read_groupings) or (),
        k=top.get("k", read_cuts) or (10,),
        owners=top.get("owners", _owners) or {},
        feature_owners=top.get("feature owners", _feature_owners) or {},
        kpi=top.get("kpi", read_kpi),
        checks=top.get("checks", read_checks) or (),
        defaults=_or(top.get("defaults", switch), True),
        policies=top.get("policies", texts) or (),
        sensitivity=top.get("sensitivity", one_of(SENSITIVITIES)) or "internal",  # type: ignore[arg-type] # one of them
        channels=top.get("channels", _channels) or (),
        text=text_,
    )
    if task is None or log is None:
        return None
    complain_where_parts_disagree(card, top, columns_line=log.columns_line, columns_read=log.columns is not None)
    return with_the_score_in_its_place(card)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    source: str | Sql | None
    format: Format | None
    types: Mapping[str, str] | None
    time: TimeFormat | None
    labels: Labels | Literal["later"] | None
    columns: Columns | None
    columns_line: int
    features: tuple[str, ...] | None
    exclude: tuple[str, ...] | None


def _log(field: Field) -> _Log | None:
    example = "{source: churn.csv, columns: {label: left, score: p_left}}"
    section = Section(field, LOG_KEYS, example=example, elsewhere=OF_COLUMNS)
    if not section.present:
        return None
    source = cast("str | Sql | None", section.need("source", read_source, example="source: churn.csv"))
    return _Log(
        source=source,
        format=section.get("format", read_format),
        types=section.get("types", read_types),
        time=section.get("time", read_time),
        labels=cast('Labels | Literal["later"] | None', section.get("labels", read_labels)),
        columns=section.get("columns", read_columns) if section.has("columns") else Columns(),
        columns_line=section.line_of("columns"),
        features=section.get("features", texts),
        exclude=section.get("exclude", texts),
    )


def _slug(field: Field) -> str | None:
    written = text(field)
    if written is None or re.fullmatch(SLUG, written):
        return written
    slug = re.sub(r"[^a-z0-9_]+", "-", written.lower()).strip("-_")[:64] or "churn"
    field.complain(f'model must be lower-case letters, digits, "-" and "_", like "{slug}", not "{written}"')
    return None


def _owners(field: Field) -> Mapping[str, str]:
    by_lower = {persona.lower(): persona for persona in PERSONAS}
    owners = {}
    for who, member in entries(field, example="{data scientist: U0AAA}"):
        persona = by_lower.get(who.lower())
        if persona is None:
            hint = did_you_mean(who, PERSONAS) or f"; personas are {listed(PERSONAS)}"
            member.complain(f'unknown persona "{who}"{hint}')
        else:
            owners[persona] = _MEMBER(member) or ""
    return owners


def _feature_owners(field: Field) -> Mapping[str, str]:
    return mapping(field, _MEMBER, example="{category: U0CCC}")


def _channels(field: Field) -> tuple[str, ...] | None:
    found = items(field, _CHANNEL, example="[C0123]")
    return None if found is None else tuple(dict.fromkeys(found))


def _or(value: Value | None, default: Value) -> Value:
    return default if value is None else value


def _neighbours(path: Path) -> list[str]:
    return [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
