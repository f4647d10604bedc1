"""Refuses a model card whose checks name neither a check nor a measure: a misspelt gate must not pass in silence."""

from __future__ import annotations

from analysis import checks
from analysis.card import CheckSetting, ModelCard
from analysis.card_checks import SETTINGS, check_names, unknown_name
from analysis.errors import DataError
from analysis.judgement.meaning import KNOWN


def must_name_known_checks(card: ModelCard) -> None:
    """Raises DataError that names each unknown key with its line and the nearest known one."""
    own = {s.check for s in card.checks if _is_a_variant(s.check)}
    wrong = check_names(card, {*checks.names(), *KNOWN, *own})
    if wrong:
        raise DataError("the model card can't be used:\n" + "\n".join(f"  {line}" for line in wrong))


def why_unknown(name: str) -> str | None:
    """The sentence about a key under `checks:` that names neither a check nor a measure; None for any other."""
    known = {*checks.names(), *KNOWN}
    return None if name in known or _is_a_variant(name) else unknown_name(name, known)


def unknown_options(setting: CheckSetting) -> list[str]:
    """The keys of a setting that its check does not take: a limit that is passed over must not look like one."""
    check = checks.known().get(setting.check, checks.known()["threshold"])
    return [option for option in setting.options if option not in check.options]


def taken_options(name: str) -> tuple[str, ...]:
    return (*SETTINGS, *checks.known().get(name, checks.known()["threshold"]).options)


def _is_a_variant(name: str) -> bool:
    """A known measure at a cut-off (`ndcg@10`), or its ratio or difference over groups."""
    base = name.partition("@")[0]
    for ending in ("_ratio", "_difference"):
        base = base.removesuffix(ending)
    return base in KNOWN or f"{base}_rate" in KNOWN
