"""The list of models: each with its latest verdict, its open findings and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.card import ModelCard
from analysis.judgement.wording import plural
from bot.models import BrokenCard
from bot.render.answers import words_only
from bot.render.blocks import cut, escape
from bot.render.wording import MARK, WORD, chosen_window, day
from storage.evaluations import Evaluation
from storage.messages import Content

MOST_MODELS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLine:
    card: ModelCard
    latest: Evaluation | None
    open_findings: int
    notes: int


def models_list(lines: Sequence[ModelLine], broken: Sequence[BrokenCard], *, more: int, zone: str) -> Content:
    """``more``: how many models there are after those that are shown."""
    shown = [_line(one, zone) for one in lines]
    shown += [f":warning: `{escape(card.path.name)}` can't be used: {escape(cut(card.why, 300))}" for card in broken]
    if not shown:
        none = words_only(
            "There are no models that you can see here. A model card in the folder that PARLEY_MODELS names adds one."
        )
        return replace(none, models=())
    rest = [f"{plural(more, 'more model')} not shown; `digest` shows those that need attention."] if more else []
    content = words_only("\n".join(shown), notes=[*rest, "`evaluate MODEL` measures one now."])
    about = [one.card.model for one in lines] + [card.model for card in broken if card.model is not None]
    return replace(content, models=tuple(about))


def _line(one: ModelLine, zone: str) -> str:
    name = f"*{escape(one.card.model)}* {escape(cut(one.card.description, 120))}".rstrip()
    if one.latest is None or one.latest.verdict is None or one.latest.finished_at is None:
        return f"{name} · not evaluated yet"
    verdict = f"{MARK[one.latest.verdict]} {WORD[one.latest.verdict]} on {day(one.latest.finished_at, zone)}"
    counts = f"{plural(one.open_findings, 'open finding')} · {plural(one.notes, 'note')}"
    chosen = chosen_window(one.latest.window, one.latest.rows)
    return f"{name} · {verdict} (E-{one.latest.id}{f', {chosen}' if chosen else ''}) · {counts}"
