"""Refuses a model card whose checks name neither a check nor a measure: a misspelt gate must not pass in silence."""

from __future__ import annotations

from collections.abc import Collection

from analysis import checks
from analysis.card import CheckSetting, ModelCard
from analysis.errors import DataError
from analysis.judgement.meaning import ALSO_CALLED, KNOWN
from analysis.near_names import did_you_mean, listed


def must_name_known_checks(card: ModelCard) -> None:
    """Raises DataError that names each unknown key with its line and the nearest known one."""
    own = {s.check for s in card.checks if _is_a_variant(s.check)}
    wrong = check_names(card, {*checks.names(), *KNOWN, *own})
    if wrong:
        raise DataError("the model card can't be used:\n" + "\n".join(f"  {line}" for line in wrong))


def why_unknown(name: str) -> str | None:
    """The sentence about a key under `checks:` that names neither a check nor a measure; None for any other."""
    known = {*checks.names(), *KNOWN}
    return None if name in known or _is_a_variant(name) else _unknown_name(name, known)


def unknown_options(setting: CheckSetting) -> list[str]:
    """The keys of a setting that its check does not take: a limit that is passed over must not look like one."""
    check = checks.known().get(setting.check, checks.known()["threshold"])
    return [option for option in setting.options if option not in check.options]


def own_options(name: str) -> tuple[str, ...]:
    """The keys that a check takes beside those of all checks."""
    return checks.known().get(name, checks.known()["threshold"]).options


def check_names(card: ModelCard, known: Collection[str]) -> list[str]:
    """One sentence with its line for every key under `checks:` that names no known check and no known measure."""
    return [f"line {s.line}: {_unknown_name(s.check, known)}" for s in card.checks if s.check not in known]


def _unknown_name(name: str, known: Collection[str]) -> str:
    if name.lower() in ALSO_CALLED:
        return f'unknown check "{name}"; it is written "{ALSO_CALLED[name.lower()]}" here'
    return f'unknown check "{name}"{did_you_mean(name, known) or f"; known are {listed(sorted(known), most=100)}"}'


def _is_a_variant(name: str) -> bool:
    """A known measure at a cut-off (`ndcg@10`), or its ratio or difference over groups."""
    base = name.partition("@")[0]
    for ending in ("_ratio", "_difference"):
        base = base.removesuffix(ending)
    return base in KNOWN or f"{base}_rate" in KNOWN
