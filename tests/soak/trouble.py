"""What goes wrong in the campaign, and when: kills, restarts of the database, and every trouble that Slack can make."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

from bot.workspace import Fault, Likely, Odds, Refusal, Workspace
from tests.soak.cast import Cast
from tests.soak.databases import Restart
from tests.soak.ledger import Ledger
from tests.soak.replicas import Replica

ALWAYS = {
    "response_url": Odds(drop_before=0.01, drop_after=0.02, late=0.02, late_seconds=0.5),
    "upload": Odds(drop_before=0.02, drop_after=0.02, fail=0.02),
    "chat.*": Odds(drop_before=0.02, drop_after=0.03, late=0.03, late_seconds=1.0, fail=0.02),
    "conversations.*": Odds(drop_before=0.02, late=0.02, fail=0.02),
    "files.*": Odds(drop_before=0.02, drop_after=0.02, fail=0.02),
    "users.info": Odds(drop_before=0.02, fail=0.02),
}
ON_THE_WAY = Likely(twice=0.06, late=0.06, late_seconds=0.7, answer_lost=0.02)
PERMANENT = (
    "restricted_action",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
    "restricted_action_thread_locked",
    "restricted_action_read_only_channel",
    "is_archived",
    "not_in_channel",
    "channel_not_found",
    "message_limit_exceeded",
    "team_access_not_granted",
    "ekm_access_denied",
)
ACTS_BETWEEN_KILLS = 140
ACTS_BETWEEN_CHILDREN_KILLED = 130
ACTS_BETWEEN_RESTARTS = 550
ACTS_BETWEEN_SPELLS = 45
ACTS_A_SPELL_LASTS = 30
ACTS_UNTIL_STARTED_AGAIN = 8


@dataclass
class Troubles:
    """Everything that makes trouble. All chance comes from one seed; what was met is counted."""

    workspace: Workspace
    cast: Cast
    ledger: Ledger
    replicas: Sequence[Replica]
    restart: Restart | None
    chance: random.Random
    seed: int
    met: dict[str, int] = field(default_factory=dict)
    _down: dict[int, Replica] = field(default_factory=dict)
    _over: dict[int, list[Callable[[], object]]] = field(default_factory=dict)
    _aside: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1))
    _restarting: Future[None] | None = None

    def begin(self) -> None:
        self.workspace.tiers.on = True
        self.workspace.chance(ALWAYS, seed=self.seed)
        self.workspace.mishaps(ON_THE_WAY, seed=self.seed)

    def before(self, act: int) -> None:
        """What goes wrong, and what gets well, before an act."""
        for end in self._over.pop(act, []):
            end()
        self._start_again(act)
        if act and act % ACTS_BETWEEN_KILLS == 0:
            self._kill(act)
        if act and act % ACTS_BETWEEN_CHILDREN_KILLED == 0 and self.chance.choice(self.replicas).kill_a_child():
            self._count("child killed")
        if act and act % ACTS_BETWEEN_RESTARTS == 0 and self.restart is not None:
            self._restart_database()
        if act and act % ACTS_BETWEEN_SPELLS == 0:
            self._spell(act)

    def end(self) -> None:
        """No more troubles: all replicas run, and Slack has a good day. Its rate limits stay."""
        for ends in self._over.values():
            for end in ends:
                end()
        self._over.clear()
        if self._restarting is not None:
            self._restarting.result()
        self._aside.shutdown()
        self.workspace.unfaulted()
        self.workspace.mishaps(Likely())
        self.workspace.replay()
        self.workspace.file_seconds = 0.1
        self.workspace.tiers.as_date = False
        for replica in self.replicas:
            if not replica.is_running:
                replica.start()
        for replica in self.replicas:
            replica.wait_until_ready()

    # Processes

    def _kill(self, act: int) -> None:
        replica = self.chance.choice(self.replicas)
        if not replica.is_running:
            return
        self._count("replica killed")
        self.ledger.note(act, f"trouble: replica at port {replica.port} killed")
        replica.kill()
        self._down[act + self.chance.randrange(1, ACTS_UNTIL_STARTED_AGAIN)] = replica

    def _start_again(self, act: int) -> None:
        replica = self._down.pop(act, None)
        if replica is not None:
            replica.start()
        for one in self.replicas:
            if not one.is_running and one not in self._down.values():
                self._count("replica that ended by itself")
                one.start()
        if len(self.replicas) == 1 and not self._down:
            self.replicas[0].wait_until_ready()

    def _restart_database(self) -> None:
        if self._restarting is not None:
            self._restarting.result()
        mode, away = self.chance.choice(("fast", "immediate")), self.chance.choice((0.0, 0.5, 1.5))
        self._count(f"database stopped ({mode})")
        assert self.restart is not None
        self._restarting = self._aside.submit(self.restart, mode, away)

    # Slack

    def _spell(self, act: int) -> None:
        """Something is the matter for a while."""
        spell = self.chance.choice(SPELLS)
        name = spell.__name__.strip("_").replace("_", " ")
        self._count(name)
        self.ledger.note(act, f"trouble: {name}")
        self._over.setdefault(act + ACTS_A_SPELL_LASTS, []).append(spell(self))

    def _fault(self, method: str, **how: object) -> Callable[[], object]:
        fault: Fault = self.workspace.fault(method, times=None, **how)  # type: ignore[arg-type]  # as `fault` takes them
        return lambda: self.workspace.faults.lift(fault)

    def _count(self, what: str) -> None:
        self.met[what] = self.met.get(what, 0) + 1


def _together(*ends: Callable[[], object]) -> Callable[[], object]:
    def end() -> None:
        for one in ends:
            one()

    return end


def pictures_are_refused(t: Troubles) -> Callable[[], object]:
    return t._fault("chat.*", block="slack_file")


def a_block_is_refused(t: Troubles) -> Callable[[], object]:
    return t._fault("chat.*", block=t.chance.choice(("data_table", "data_visualization", "header", "context")))


def uploads_are_off(t: Troubles) -> Callable[[], object]:
    return t._fault("files.getUploadURLExternal", error="file_uploads_disabled")


def pictures_are_scanned_slowly(t: Troubles) -> Callable[[], object]:
    before, t.workspace.file_seconds = t.workspace.file_seconds, 3.0

    def end() -> None:
        t.workspace.file_seconds = before

    return end


def files_are_asked_about_too_often(t: Troubles) -> Callable[[], object]:
    return t._fault("files.info", retry_after=3)


def posting_is_too_fast(t: Troubles) -> Callable[[], object]:
    return t._fault("chat.postMessage", retry_after=2)


def waiting_is_told_as_a_date(t: Troubles) -> Callable[[], object]:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)
    planned = t.workspace.fault("chat.postMessage", retry_after=date, times=5)
    t.workspace.tiers.as_date = True
    return _together(lambda: t.workspace.faults.lift(planned), lambda: setattr(t.workspace.tiers, "as_date", False))


def answers_are_lost_and_nobody_can_look(t: Troubles) -> Callable[[], object]:
    """The worst for a message that must come once: it arrived, nobody said so, and the look-up is refused."""
    drops = t.workspace.fault("chat.postMessage", drop="after", times=6)
    looks = [
        t._fault("conversations.replies", **t.chance.choice(({"retry_after": 2}, {"status": 500}))),
        t._fault("conversations.history", **t.chance.choice(({"retry_after": 2}, {"status": 500}))),
    ]
    return _together(lambda: t.workspace.faults.lift(drops), *looks)


def edits_are_refused(t: Troubles) -> Callable[[], object]:
    return t._fault("chat.update", error=t.chance.choice(("cant_update_message", "edit_window_closed")))


def slack_fails(t: Troubles) -> Callable[[], object]:
    return t._fault("chat.*", status=503)


def nobody_says_what_a_channel_is(t: Troubles) -> Callable[[], object]:
    """Until this is over, and a while longer, a schedule may rightly stay silent."""
    began, end = time.time(), t._fault("conversations.info", error="missing_scope")

    def over() -> None:
        end()
        t.ledger.blind.append((began, time.time()))

    return over


def nobody_says_who_somebody_is(t: Troubles) -> Callable[[], object]:
    began, end = time.time(), t._fault("users.info", status=500)

    def over() -> None:
        end()
        t.ledger.blind.append((began, time.time()))

    return over


def direct_messages_are_off(t: Troubles) -> Callable[[], object]:
    t.ledger.permanent.add("messages_tab_disabled")
    return _together(*(t._fault("chat.postMessage", error="messages_tab_disabled", channel=p) for p in t.cast.members))


def a_channel_is_ill(t: Troubles) -> Callable[[], object]:
    error = t.chance.choice(PERMANENT)
    t.ledger.permanent.add(error)
    return t._fault("chat.*", error=error, channel=t.cast.ill)


def events_are_held_back(t: Troubles) -> Callable[[], object]:
    t.workspace.outage()
    return t.workspace.replay


def events_are_dropped(t: Troubles) -> Callable[[], object]:
    with suppress(Refusal):
        t.workspace.rate_limit_events(t.cast.app)
    return lambda: None


SPELLS: tuple[Callable[[Troubles], Callable[[], object]], ...] = (
    pictures_are_refused,
    a_block_is_refused,
    uploads_are_off,
    pictures_are_scanned_slowly,
    files_are_asked_about_too_often,
    posting_is_too_fast,
    waiting_is_told_as_a_date,
    answers_are_lost_and_nobody_can_look,
    edits_are_refused,
    slack_fails,
    nobody_says_what_a_channel_is,
    nobody_says_who_somebody_is,
    direct_messages_are_off,
    a_channel_is_ill,
    events_are_held_back,
    events_are_dropped,
)
