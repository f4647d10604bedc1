"""Brings a picture to Slack: uploaded into the card's thread, so that whoever reads the card may read the file."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import structlog

from bot.slack.api import Refused, Unknown
from bot.slack.pace import Pace
from storage.messages import Due, PictureState

log = structlog.get_logger()

SECONDS_UNTIL_READABLE = 90.0
SHORTEST_SECONDS_BETWEEN_LOOKS = 0.5
LONGEST_SECONDS_BETWEEN_LOOKS = 4.0
UPLOADS_TRIED = 4
ALT_MOST = 1000
FORGOTTEN = ("file_not_found", "invalid_arguments")
"""What Slack says of a file that was announced long ago and never completed."""


class TooSlow(Exception):  # noqa: N818  # read as a sentence: except TooSlow
    """Slack has not made the file readable in time; it stays in the thread."""


class Keep(Protocol):
    def __call__(self, due: Due, **state: Any) -> None:
        """Remember a step, as ``messages.picture_state`` does."""
        ...


class Pictures:
    """Takes one step of an upload at a time, each remembered, so that a second try goes on where the first ended."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def step(self, due: Due, picture: PictureState, *, thread: str, now: datetime, keep: Keep) -> float | None:
        """The seconds until the next step is worth taking, None when the picture can be shown.

        Raises Refused and TooSlow where it can't be in the message, TooFast and Unknown where a later try may help."""
        if picture.since is None:
            keep(due, since=now)
        try:
            return self._next_step(due, picture, thread, now, keep)
        except Refused as error:
            if error.error in FORGOTTEN and picture.file_id and not picture.ready and due.attempts < UPLOADS_TRIED:
                keep(due, file_id="", completed=False)
                raise Unknown("the upload starts again") from None
            raise

    def _next_step(self, due: Due, picture: PictureState, thread: str, now: datetime, keep: Keep) -> float | None:
        if not picture.file_id:
            keep(due, file_id=self._upload(due, picture))
            return 0.0
        if not picture.completed:
            self._complete(due, picture, thread)
            keep(due, completed=True, since=now)
            return SHORTEST_SECONDS_BETWEEN_LOOKS
        if self._file(due, picture).get("mimetype"):
            keep(due, ready=True)
            return None
        waited = (now - (picture.since or now)).total_seconds()
        if waited > SECONDS_UNTIL_READABLE:
            raise TooSlow
        return min(max(waited, SHORTEST_SECONDS_BETWEEN_LOOKS), LONGEST_SECONDS_BETWEEN_LOOKS)

    def _upload(self, due: Due, picture: PictureState) -> str:
        about = {"filename": picture.name, "length": len(picture.png), "alt_txt": picture.alt[:ALT_MOST]}
        answer = self._pace.call(due.address.team, "files.getUploadURLExternal", about)
        self._pace.slack.upload(str(answer["upload_url"]), picture.name, picture.png)
        return str(answer["file_id"])

    def _complete(self, due: Due, picture: PictureState, thread: str) -> None:
        """Share it in the thread, unless an earlier try did although its answer did not arrive."""
        try:
            if self._file(due, picture).get("shares"):
                return
        except Refused as error:
            log.info("a file can't be looked at before it is shared", message=due.id, error=error.error)
        shared = {
            "files": [{"id": picture.file_id, "title": picture.title}],
            "channel_id": due.address.channel,
            "thread_ts": thread,
        }
        self._pace.call(due.address.team, "files.completeUploadExternal", shared)

    def _file(self, due: Due, picture: PictureState) -> dict[str, Any]:
        answer = self._pace.call(due.address.team, "files.info", {"file": picture.file_id})
        file: dict[str, Any] = answer.get("file") or {}
        return file
