"""`parley doctor --try CHANNEL`: one message with a picture, posted, read, edited and removed again, step by step."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from bot.slack.api import Refused, Slack, TooFast, Unknown

Finding = tuple[bool, str]

SECONDS_UNTIL_READABLE = 10.0
SECONDS_BETWEEN_LOOKS = (0.1, 0.2, 0.4, 0.8, 1.0)
TEXT = "`parley doctor` is trying out this channel. This message removes itself."
NOT_THERE = ("message_not_found", "file_not_found", "file_deleted")


def try_posting(slack: Slack, channel: str, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[Finding]:
    """What Slack does with each step of a card; a step that needs a failed one isn't tried."""
    try:
        posted = slack.call("chat.postMessage", channel=channel, text=TEXT, unfurl_links=False)
    except (Refused, TooFast, Unknown) as error:
        yield False, f"no message can be posted in {channel}: {_reason(error)}"
        return
    channel, ts = str(posted["channel"]), str(posted["ts"])
    yield True, f"a message was posted in {channel}"
    file = None
    try:
        file = _upload(slack, channel, ts)
        yield True, "a picture was uploaded into its thread"
        yield from _show(slack, channel, ts, file, sleep)
    except (Refused, TooFast, Unknown) as error:
        yield False, f"the picture can't be shown: {_reason(error)}"
    yield from _edit(slack, channel, ts)
    yield from _remove(slack, channel, ts, file)


def _upload(slack: Slack, channel: str, ts: str) -> str:
    png = _picture()
    answer = slack.call("files.getUploadURLExternal", filename="parley.png", length=len(png), alt_txt="A blue bar.")
    slack.upload(str(answer["upload_url"]), "parley.png", png)
    file = str(answer["file_id"])
    slack.call("files.completeUploadExternal", files=[{"id": file}], channel_id=channel, thread_ts=ts)
    return file


def _show(slack: Slack, channel: str, ts: str, file: str, sleep: Callable[[float], None]) -> Iterator[Finding]:
    began = time.monotonic()
    looks = 0
    while not slack.call("files.info", file=file)["file"].get("mimetype"):
        if time.monotonic() - began > SECONDS_UNTIL_READABLE:
            yield False, f"the picture wasn't readable within {SECONDS_UNTIL_READABLE:.0f} s: it stays in the thread"
            return
        sleep(SECONDS_BETWEEN_LOOKS[min(looks, len(SECONDS_BETWEEN_LOOKS) - 1)])
        looks += 1
    yield True, f"the picture was readable after {time.monotonic() - began:.1f} s"
    section = {"type": "section", "text": {"type": "mrkdwn", "text": TEXT}}
    picture = {"type": "image", "alt_text": "A blue bar.", "slack_file": {"id": file}}
    try:
        slack.call("chat.update", channel=channel, ts=ts, text=TEXT, blocks=[section, picture])
    except Refused as error:
        yield False, f"the message refuses the picture ({error.error}): pictures stay in the thread"
    else:
        yield True, "the message shows the picture"


def _edit(slack: Slack, channel: str, ts: str) -> Iterator[Finding]:
    try:
        slack.call("chat.update", channel=channel, ts=ts, text=TEXT, blocks=[])
    except (Refused, TooFast, Unknown) as error:
        yield False, f"the message can't be edited: {_reason(error)}"
    else:
        yield True, "the message was edited"


def _remove(slack: Slack, channel: str, ts: str, file: str | None) -> Iterator[Finding]:
    """The file, its reply, and the message: what is gone by itself is well."""
    left = []
    for what, method, arguments in _removals(slack, channel, ts, file):
        try:
            slack.call(method, **arguments)
        except (Refused, TooFast, Unknown) as error:
            if not (isinstance(error, Refused) and error.error in NOT_THERE):
                left.append(f"{what} ({_reason(error)})")
    if left:
        yield False, f"not everything could be removed from {channel}: {', '.join(left)}"
    else:
        yield True, "everything was removed again"


def _removals(slack: Slack, channel: str, ts: str, file: str | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if file is not None:
        for reply in _shares(slack, channel, file):
            yield "the picture's reply", "chat.delete", {"channel": channel, "ts": reply}
        yield "the picture", "files.delete", {"file": file}
    yield "the message", "chat.delete", {"channel": channel, "ts": ts}


def _shares(slack: Slack, channel: str, file: str) -> list[str]:
    """The ts of the messages that carry the file in this channel."""
    try:
        shares = slack.call("files.info", file=file)["file"].get("shares") or {}
    except (Refused, TooFast, Unknown):
        return []
    return [str(share["ts"]) for kind in shares.values() for share in kind.get(channel, [])]


def _reason(error: Refused | TooFast | Unknown) -> str:
    if isinstance(error, Refused) and error.error in ("not_in_channel", "channel_not_found"):
        return f"{error.error}; give the channel's id, and invite the bot with `/invite @Parley`"
    if isinstance(error, TooFast):
        return f"Slack asks to wait {error.seconds:.0f} s"
    return str(error)


def _picture(width: int = 320, height: int = 40) -> bytes:
    """A blue bar as PNG, without what draws charts: that takes two seconds to import."""
    row = b"\0" + b"\x1d\x4e\x89" * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
