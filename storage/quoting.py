"""How a note is quoted in a message: in one line, where its id comes right before its words in “ and ”.

Nothing that a person wrote stands before the words, and the words hold neither “ nor ” nor the end of a line. So they
are found again by the id alone, whatever they were and however they were shortened."""

from __future__ import annotations

import re

DELETED = "(deleted)"
FEWEST_LETTERS = 80
"""Other words take the place of a short quotation up to this length."""

_MARKS = str.maketrans("“”", '""')


def quoted(note: int, said: str, *, most: int, lead: str = "", link: str | None = None, rest: str = "") -> str:
    """The line, escaped as Slack wants it. ``said`` is not escaped yet, ``rest`` is; ``lead`` is a sign of ours."""
    id_ = f"<{link}|A-{note}>" if link else f"A-{note}"
    return f"{lead}{id_} “{_words(said, most)}”{rest}"


def is_quoted(text: str, note: int) -> bool:
    return _line_of(note).search(text) is not None


def requoted(text: str, note: int, now_says: str | None) -> str:
    """The text with other words of that note's, or without them and all that stood beside them."""

    def instead(line: re.Match[str]) -> str:
        if now_says is None:
            return f"{line['lead']}A-{note} {DELETED}"
        words = _words(now_says, max(len(line["words"]), FEWEST_LETTERS))
        return f"{line['lead']}{line['id']} “{words}{line['rest'] or '”'}"

    return _line_of(note).sub(instead, text)


def corrected(text: str, note: int, says: str) -> str:
    """The text with what the note says now, unless these are its words, perhaps shortened."""

    def instead(line: re.Match[str]) -> str:
        words, said = line["words"], _words(says, len(says) * len("&amp;") + 1)
        is_cut = words.endswith("…") or not line["rest"]
        is_so = said.startswith(words.removesuffix("…")) if is_cut else words == said
        return line[0] if is_so else requoted(line[0], note, says)

    return _line_of(note).sub(instead, text)


def escaped(text: str) -> str:
    """As Slack's markup wants it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shortened(text: str, most: int) -> str:
    """Escaped text that does not outgrow its place; an escaped sign is not cut in two."""
    return text if len(text) <= most else re.sub(r"&\w*$", "", text[: most - 1]).rstrip() + "…"


def _words(said: str, most: int) -> str:
    return shortened(escaped(" ".join(said.translate(_MARKS).split())), most)


def _line_of(note: int) -> re.Pattern[str]:
    """A line that was cut off may end within the words."""
    lead, id_ = r"(?P<lead>(?:• |:[a-z_]+: )?)", rf"(?P<id><[^|>\n]*\|A-{note}>|A-{note})"
    return re.compile(rf"^{lead}{id_} “(?P<words>[^”\n]*)(?P<rest>.*)$", re.MULTILINE)
