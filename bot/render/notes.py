"""What people said: one note as a receipt, or a model's notes as a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.judgement.wording import group, listed, plural, words
from bot.render.answers import words_only
from bot.render.blocks import TEXT_MOST, cut, escape, section
from bot.render.wording import day
from storage.anchors import Anchor
from storage.annotations import Annotation
from storage.contents import place_of
from storage.messages import Content
from storage.quoting import quoted

LINE_MOST = 400
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class NoteLine:
    note: Annotation
    name: str


def kept(note: Annotation) -> Content:
    about = _about(note.anchor)
    article = "an" if note.kind[:1] in "aeiou" else "a"
    receipt = words_only(
        f":memo: Kept as *A-{note.id}*, {article} {escape(note.kind)} on {escape(note.model or '')}{about}.",
        notes=[f"`notes {escape(note.model or '')}` finds it again."],
    )
    return replace(receipt, repeats=place_of(note.channel, note.ts) if note.channel and note.ts else None)


def no_longer_kept(note: Annotation) -> Content:
    says = f"A-{note.id} isn't kept any more: its message asks for something else now. Send that as a new message."
    return Content(says, (section(says),), models=(note.model,) if note.model else None)


def of_which_model(models: Sequence[str]) -> Content:
    """Told to somebody whose reply can't be kept, because its thread is about several models."""
    named = [f"`{escape(model)}`" for model in models]
    content = words_only(
        f"I keep replies with a model, and this message is about {plural(len(models), 'model')}. "
        f"Name one of them in your reply ({listed(named, MOST_NAMED)}), or type `note MODEL …`."
    )
    return replace(content, models=tuple(models))


def deleted(note: Annotation) -> Content:
    """What was deleted, without its words or its model: it may have been asked for anywhere."""
    in_slack = (
        ["The Slack message is still there. Delete it yourself if you want it gone."] if note.is_a_message else []
    )
    return words_only(f":wastebasket: Deleted A-{note.id}. Its text is gone from Parley's memory.", notes=in_slack)


def notes_list(model: str, lines: Sequence[NoteLine], *, count: int, kind: str | None, zone: str) -> Content:
    what = kind or "note"
    if not lines:
        return words_only(
            f"There is no {what} on {escape(model)} yet. Reply in the thread of one of its cards, "
            f"or type `note {escape(model)} …`."
        )
    head = f"*{plural(count, what)} on {escape(model)}*, the newest first"
    if count > len(lines):
        older = f"notes {escape(model)}{f' --kind {kind}' if kind else ''} --before A-{lines[-1].note.id}"
        head = f"*The newest {len(lines)} of {plural(count, what)} on {escape(model)}*. Older ones: `{older}`"
    told = [_line(one, zone) for one in lines]
    return Content(
        text=cut("\n".join([head, *told]), TEXT_MOST),
        blocks=(section(head), *(section(line) for line in told)),
        quotes=tuple(one.note.id for one in lines),
    )


def _line(one: NoteLine, zone: str) -> str:
    note = one.note
    kind = "" if note.kind == "note" else f" _{escape(note.kind)}_"
    role = f", {escape(note.persona)}" if note.persona else ""
    edited = ", edited" if note.edited_at else ""
    rest = f"{kind} *{escape(one.name)}*{role} · {day(note.said_at, zone)}{edited}{_about(note.anchor)}"
    return quoted(note.id, note.text, most=LINE_MOST, lead="• ", link=note.permalink, rest=rest)


def _about(anchor: Anchor | None) -> str:
    if anchor is None:
        return ""
    parts = [
        words(anchor.measure) if anchor.measure else "",
        group(anchor.slice),
        anchor.period or "",
        f"F-{anchor.finding}" if anchor.finding else "",
        f"E-{anchor.evaluation}" if anchor.evaluation else "",
    ]
    shown = " · ".join(escape(p) for p in parts if p)
    return f" · {shown}" if shown else ""
