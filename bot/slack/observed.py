"""Slack's Web API, with every call counted by its method and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from slack_sdk import WebClient

from bot.slack.api import Refused, Slack, TooFast

Observe = Callable[[str, str], None]
"""Hears the method, and ``ok``, ``ratelimited``, ``unknown`` or Slack's own word for the error."""


class ObservedSlack(Slack):
    def __init__(self, client: WebClient, observe: Observe) -> None:
        super().__init__(client)
        self._observe = observe

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        with self._observed(method):
            return super().call(method, **arguments)

    def upload(self, url: str, name: str, content: bytes) -> None:
        with self._observed("upload"):
            super().upload(url, name, content)

    def respond(self, response_url: str, *, text: str, blocks: list[Any]) -> None:
        with self._observed("response_url"):
            super().respond(response_url, text=text, blocks=blocks)

    @contextmanager
    def _observed(self, method: str) -> Iterator[None]:
        ended = "unknown"
        try:
            yield
            ended = "ok"
        except Refused as error:
            ended = error.error
            raise
        except TooFast:
            ended = "ratelimited"
            raise
        finally:
            self._observe(method, ended)
