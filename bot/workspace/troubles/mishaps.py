"""What happens to events on their way to an app: they come twice, late, out of order, or their answer is lost."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Fate = Literal["as sent", "twice", "late", "answer lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """How likely each mishap is, of 1; a late event is overtaken by whatever comes in `late_seconds`."""

    twice: float = 0.0
    late: float = 0.0
    late_seconds: float = 1.0
    answer_lost: float = 0.0


class Mishaps:
    """Decides the fate of each event, by a seed; while events are `held`, none is delivered."""

    def __init__(self) -> None:
        self.met: Counter[Fate] = Counter()
        self.likely = Likely()
        self._lock = threading.Lock()
        self._stream = random.Random(0)  # noqa: S311 - chances in a test, no secret
        self._held: list[Callable[[], object]] | None = None

    def set(self, likely: Likely, *, seed: int) -> None:
        with self._lock:
            self.likely, self._stream = likely, random.Random(seed)  # noqa: S311 - as above

    def fate(self) -> Fate:
        with self._lock:
            chance, likely = self._stream.random(), self.likely
            shares: tuple[tuple[Fate, float], ...] = (
                ("twice", likely.twice),
                ("late", likely.late),
                ("answer lost", likely.answer_lost),
            )
            for fate, share in shares:
                if chance < share:
                    self.met[fate] += 1
                    return fate
                chance -= share
        return "as sent"

    def hold(self) -> None:
        with self._lock:
            self._held = self._held if self._held is not None else []

    def held(self, deliver: Callable[[], object]) -> bool:
        """Whether there is an outage now; then the delivery waits for its end."""
        with self._lock:
            if self._held is None:
                return False
            self._held.append(deliver)
            return True

    def let_go(self) -> list[Callable[[], object]]:
        """What was held back, oldest first."""
        with self._lock:
            held, self._held = self._held or [], None
            return held
