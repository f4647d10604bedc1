"""Brings a picture to Slack: uploaded into the card's thread, so that whoever reads the card may read the file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from bot.slack.api import Refused, Slack, Unknown
from storage.messages import Due, PictureState

log = structlog.get_logger()

SECONDS_UNTIL_READABLE = 10.0
SECONDS_BETWEEN_LOOKS = 0.1
ALT_MOST = 1000

Keep = Callable[..., None]


class Pictures:
    """Uploads pictures, each step remembered before the next, so that a second try goes on where the first ended."""

    def __init__(self, slack: Slack, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._slack = slack
        self._sleep = sleep

    def bring(self, due: Due, *, thread: str, keep: Keep) -> Due:
        """The message with its picture ready to be shown, or without it where it stays a file in the thread."""
        picture = due.picture
        if picture is None:
            return due
        try:
            picture = self._uploaded(due, picture, keep)
            picture = self._completed(due, picture, thread, keep)
            if self._readable(picture):
                keep(due, ready=True)
                return replace(due, picture=replace(picture, ready=True))
            log.warning("the picture was not readable in time; it stays in the thread", message=due.id)
        except Refused as error:
            log.warning("the picture can't be in the message", message=due.id, error=error.error)
            if error.error in ("file_not_found", "invalid_arguments") and picture.file_id:
                keep(due, file_id="", completed=False)  # Slack forgot a file that was never completed
                raise Unknown("the upload starts again") from None
        return replace(due, picture=None)

    def _uploaded(self, due: Due, picture: PictureState, keep: Keep) -> PictureState:
        if picture.file_id:
            return picture
        answer = self._slack.call(
            "files.getUploadURLExternal",
            filename=picture.name,
            length=len(picture.png),
            alt_txt=picture.alt[:ALT_MOST],
        )
        self._slack.upload(str(answer["upload_url"]), picture.name, picture.png)
        file_id = str(answer["file_id"])
        keep(due, file_id=file_id)
        return replace(picture, file_id=file_id)

    def _completed(self, due: Due, picture: PictureState, thread: str, keep: Keep) -> PictureState:
        if picture.completed:
            return picture
        if not self._is_shared(picture):
            self._slack.call(
                "files.completeUploadExternal",
                files=[{"id": picture.file_id, "title": picture.title}],
                channel_id=due.address.channel,
                thread_ts=thread,
            )
        keep(due, completed=True)
        return replace(picture, completed=True)

    def _is_shared(self, picture: PictureState) -> bool:
        """Whether an earlier try completed it although its answer did not arrive."""
        try:
            file = self._slack.call("files.info", file=picture.file_id).get("file", {})
        except Refused:
            return False
        return bool(file.get("shares"))

    def _readable(self, picture: PictureState) -> bool:
        looks = int(SECONDS_UNTIL_READABLE / SECONDS_BETWEEN_LOOKS)
        for _ in range(looks):
            file = self._slack.call("files.info", file=picture.file_id).get("file", {})
            if file.get("mimetype"):
                return True
            self._sleep(SECONDS_BETWEEN_LOOKS)
        return False
