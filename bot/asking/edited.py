"""What is left of a request when the message that made it is edited: a note follows its message, nothing else does."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.errors import UserError
from bot.asking.command import Command
from bot.asking.grammar import parse
from bot.asking.plain import plain
from storage.anchors import Anchor, stored_slice
from storage.annotations import Annotation


def of_message(team: str, channel: str, ts: str) -> str:
    """The key of the request that a message makes."""
    return f"message:{team}:{channel}:{ts}"


def words_of_note(note: Annotation, written: str, commands: Mapping[str, Command]) -> str | None:
    """What the message of a `note` command asks to keep now, about the same as before. None where it asks for anything
    else, or can't be read: then the note's words are no longer what its author says."""
    try:
        command, arguments = parse(plain(written), commands)
    except UserError:
        return None
    about = note.anchor or Anchor(model=note.model or "")
    before = {
        "model": about.model,
        "kind": note.kind,
        "measure": about.measure,
        "slice": stored_slice(about.slice),
        "period": about.period,
        "finding": about.finding,
    }
    now = {"kind": "note"} | {name: arguments.get(name) for name in before if arguments.get(name) is not None}
    text = arguments.get("text")
    is_same = command == "note" and now == {name: value for name, value in before.items() if value is not None}
    return text if is_same and isinstance(text, str) else None
