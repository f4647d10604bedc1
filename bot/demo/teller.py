"""Tells the story through the wire: each act is what the workspace's page would send for a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.demo.people import Persona
from bot.workspace import Workspace

SECONDS_FOR_AN_ACT = 60.0


@dataclass(frozen=True, slots=True)
class CardPlace:
    channel: str
    ts: str


class Teller:
    """Lets personas act, and waits each time until Parley has answered and everything is shown."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        people: Mapping[str, str],
        channels: Mapping[str, str],
        quiet: Callable[[], bool],
        tick: Callable[[], int],
    ) -> None:
        self._workspace = workspace
        self._people = people
        self._channels = channels
        self._quiet = quiet
        self._tick = tick

    def type(self, who: Persona, model: str, words: str) -> None:
        """Type words after /parley in the channel of a model."""
        self._workspace.command(self._people[who.name], self._channels[model], words)
        self._wait()

    def evaluate(self, who: Persona, model: str) -> CardPlace:
        """Ask for an evaluation, and wait for its card."""
        self.type(who, model, f"evaluate {model}")
        channel = self._channels[model]
        cards = [m for m in self._workspace.messages(channel) if _has_header(m)]
        return CardPlace(channel, str(cards[-1]["ts"]))

    def reply(self, who: Persona, card: CardPlace, text: str) -> None:
        self._workspace.say(self._people[who.name], card.channel, text, thread=card.ts)
        self._wait()

    def click(self, who: Persona, card: CardPlace, action: str) -> None:
        self._workspace.click(self._people[who.name], card.channel, card.ts, action)
        self._wait()

    def tick(self) -> None:
        """The clock of the bot looks for schedules that are due."""
        self._tick()
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + SECONDS_FOR_AN_ACT
        while not self._quiet():
            if time.monotonic() > end:
                raise TimeoutError("Parley did not become quiet while the story was told")
            time.sleep(0.02)


def _has_header(message: dict[str, Any]) -> bool:
    return any(block.get("type") == "header" for block in message.get("blocks", []))
