"""The `checks:` of a model card: what warns, what fails, on which slice; and whether the checks named there exist."""

from __future__ import annotations

import difflib

from analysis.card import CheckSetting, Condition
from analysis.card_fields import (
    SURELY_MISSPELT,
    Field,
    Section,
    entries,
    group,
    is_switch,
    items,
    kind_of,
    mapping,
    number_or_percent,
    plain,
    switch,
    text,
)
from analysis.card_yaml import Entries, Items, Scalar
from analysis.judgement.meaning import KNOWN, is_at_most_one, meaning
from analysis.near_names import did_you_mean, listed

ONE_BOUND = ("below", "above", "below_reference_by", "above_reference_by", "below_version_by", "above_version_by")
TWO_BOUNDS = ("within", "outside")
JUST_ABOVE_ONE = 1.1
"""Of what is at most 1 a limit up to here may be meant, as one that always fails. 1.75 is a slip for 0.75."""
SURELY_A_PERCENTAGE = 2.0
SETTINGS = ("warn", "fail", "slice", "feature", "class", "name")
CONDITION_EXAMPLE = "{below: 0.7}, or a number alone for the check's own bad direction"
CHECK_EXAMPLE = "{warn: 0.05, fail: {below: 0.6}}"


def read_checks(field: Field) -> tuple[CheckSetting, ...] | None:
    from analysis.known_checks import own_options, unknown_options, why_unknown  # the checks are needed only here

    settings: list[CheckSetting] = []
    for name, inner in entries(field, example=f"roc_auc: {CHECK_EXAMPLE}"):
        found = _settings(name, inner)
        settings += found
        unknown = why_unknown(name)
        if unknown is not None:
            inner.complain(unknown)
            continue
        for option in dict.fromkeys(option for setting in found for option in unknown_options(setting)):
            taken = (*SETTINGS, *own_options(name))
            hint = did_you_mean(option, taken) or f"; it takes {listed(taken)}"
            inner.complain(f'the check "{name}" does not take "{option}"{hint}')
    return tuple(settings)


def _settings(name: str, field: Field) -> list[CheckSetting]:
    if is_switch(field.node):
        return [CheckSetting(check=name, on=bool(switch(field)), line=field.line)]
    if isinstance(field.node, Entries):
        return [_setting(name, field)]
    if isinstance(field.node, Items):
        if not field.node.nodes:
            field.complain(f"{field.path} is an empty list; write off to turn the check off, or {CHECK_EXAMPLE}")
        return items(field, lambda inner: _setting(name, inner), example=f"[{CHECK_EXAMPLE}]") or []
    hint = f"; write {{fail: {field.node.written}}}" if field.node.number is not None else ""
    field.complain(
        f"{field.path} must be off, a mapping like {CHECK_EXAMPLE} or a list of these, not {kind_of(field.node)}{hint}"
    )
    return []


def _setting(name: str, field: Field) -> CheckSetting:
    own_keys = {k.text for k, _ in field.node.pairs} - set(SETTINGS) if isinstance(field.node, Entries) else set()
    options = {key for key in own_keys if not difflib.get_close_matches(key, SETTINGS, cutoff=SURELY_MISSPELT)}
    section = Section(field, SETTINGS, also=options, example=CHECK_EXAMPLE)
    warn, fail = (section.get(key, lambda inner: _limits(name, inner)) or () for key in ("warn", "fail"))
    for early, late in ((w, f) for w in warn for f in fail if _is_never_reached(name, w, f)):
        field.complain(
            f"{field.path} warns at {early.bound[0]:g} only after it has failed at {late.bound[0]:g}; "
            "give warn: the limit that is reached first"
        )
    return CheckSetting(
        check=name,
        name=section.get("name", text),
        warn=warn,
        fail=fail,
        slice=section.get("slice", _slice),
        feature=section.get("feature", text),
        class_=section.get("class", group),
        line=field.line,
        options={key: plain(inner.node) for key, inner in section.rest(SETTINGS) if key in options},
    )


def _is_never_reached(name: str, warn: Condition, fail: Condition) -> bool:
    """Whether what warns has failed before, both by a limit of the same kind."""
    if (warn.kind, warn.relative) != (fail.kind, fail.relative) or len(warn.bound) != 1:
        return False
    kind = warn.kind
    if kind == "bare":
        better = KNOWN[name].better if name in KNOWN else None
        kind = {"high": "below", "low": "above"}.get(better or "", "")
    # A distance from something else is reached the later the larger it is, in either direction.
    falling = kind == "below"
    return bool(kind) and (warn.bound < fail.bound if falling else warn.bound > fail.bound)


def _limits(name: str, field: Field) -> tuple[Condition, ...] | None:
    """The conditions; a limit of 70 for what cannot be above 1 was meant as a percentage."""
    found = read_conditions(field)
    for condition in found or ():
        most = max(condition.bound)
        if not condition.kind.endswith("_by") and most > JUST_ABOVE_ONE and is_at_most_one(name):
            meant = f"; write {most / 100:g} or {most:g}%" if SURELY_A_PERCENTAGE <= most <= 100 else ""
            field.complain(f"{field.path} has the limit {most:g}, but {meaning(name).words} cannot be above 1{meant}")
    return found


def _slice(field: Field) -> tuple[tuple[str, str], ...] | None:
    pairs = tuple(mapping(field, group, example="{state: TX}").items())
    if isinstance(field.node, Entries) and not pairs:
        field.complain(f"{field.path} is empty; write a column and a group, like {{state: TX}}")
    return pairs or None


def read_conditions(field: Field) -> tuple[Condition, ...] | None:
    """A number alone is `bare`; a percentage is relative only where there is something that it is relative to."""
    if isinstance(field.node, Scalar):
        bound = number_or_percent(field)
        return None if bound is None else (Condition(kind="bare", bound=(bound[0],)),)
    section = Section(field, ONE_BOUND + TWO_BOUNDS, example=CONDITION_EXAMPLE)
    if isinstance(field.node, Entries) and not field.node.pairs:
        field.complain(f"{field.path} says nothing; write {CONDITION_EXAMPLE}")
    found = [section.get(kind, _one_bound) for kind in ONE_BOUND if section.has(kind)]
    found += [section.get(kind, _two_bounds) for kind in TWO_BOUNDS if section.has(kind)]
    return tuple(condition for condition in found if condition is not None)


def _one_bound(field: Field) -> Condition | None:
    kind = field.path.rpartition(".")[2]
    bound = number_or_percent(field)
    if bound is None:
        return None
    by = kind.endswith("_by")
    if by and bound[0] < 0:
        field.complain(f"{field.path} is a distance and cannot be negative; the key says in which direction")
        return None
    return Condition(kind=kind, bound=(bound[0],), relative=by and bound[1])


def _two_bounds(field: Field) -> Condition | None:
    kind = field.path.rpartition(".")[2]
    if not isinstance(field.node, Items) or len(field.node.nodes) != 2:
        field.complain(f"{field.path} needs its two ends; write it like {kind}: [0.2, 0.4]")
        return None
    bounds = items(field, number_or_percent, example="[0.2, 0.4]") or []
    if len(bounds) != 2:
        return None
    low, high = bounds[0][0], bounds[1][0]
    if low > high:
        field.complain(f"{field.path} begins above its end; write {kind}: [{high:g}, {low:g}]")
        return None
    return Condition(kind=kind, bound=(low, high))
