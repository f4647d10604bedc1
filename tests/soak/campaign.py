"""The campaign itself: people act while things go wrong, then all grows quiet, and the rules are judged."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.workspace import Refusal, Server, Workspace
from tests.soak import databases
from tests.soak.acts import Stage, perform
from tests.soak.balancer import Balancer
from tests.soak.cast import gather, write_models
from tests.soak.invariants import RULES, Aftermath
from tests.soak.ledger import Ledger
from tests.soak.replicas import Replica, free_port, logs
from tests.soak.trouble import Troubles
from tests.stage import BOT_TOKEN, SIGNING_SECRET

RETRIES = (0.0, 6.0, 30.0)
"""Slack's, ten times faster."""
RETRIES_OF_ONE = (0.0, 12.0, 60.0)
"""Five times: a killed replica is not ten times faster there again, and nobody takes its place."""
ACTS_BETWEEN_DATINGS = 15
SHARE_OF_THE_TIME = 0.9
"""Acts are spread over so much of it: faster, and more edits are wanted than Slack takes in a minute."""
SECONDS_CERTAINLY_PAST = 600
SECONDS_UNTIL_A_SLOT_WAS_SEEN = 25
"""Replicas look every 15 seconds."""
MOST_BREACHES_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    seed: int
    kind: databases.Kind
    acts: int
    replicas: int
    seconds_to_act: float
    seconds_to_settle: float
    folder: Path
    troubles: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done and met, and every breach of every rule."""

    done: Counter[str]
    met: dict[str, int]
    breaches: dict[str, list[str]]
    seconds: dict[str, float]
    calls: Counter[str]
    left: Counter[str]

    @property
    def holds(self) -> bool:
        return not any(self.breaches.values())


@dataclass
class Run:
    """Everything that stands while the campaign runs."""

    plan: Plan
    url: str
    stage: Stage
    troubles: Troubles
    replicas: list[Replica]
    probe: databases.Probe
    dated: set[tuple[str, str]] = field(default_factory=set)
    dated_at: float = 0.0

    def act(self) -> str:
        """All acts, or as many as there is time for; what was left out, in words."""
        began = time.monotonic()
        for number in range(self.plan.acts):
            if time.monotonic() > began + self.plan.seconds_to_act:
                return f"there was time for {number} of {self.plan.acts} acts"
            due = began + number * SHARE_OF_THE_TIME * self.plan.seconds_to_act / self.plan.acts
            time.sleep(max(due - time.monotonic(), 0.0))  # the pace of the acts themselves
            self.stage.act = number
            if self.plan.troubles:
                self.troubles.before(number)
            if number % ACTS_BETWEEN_DATINGS == 0:
                self._date_back()
            try:
                perform(self.stage)
            except (Refusal, LookupError) as refused:
                self.stage.ledger.note(number, f"refused by the workspace: {refused}")
        return ""

    def settle(self) -> str:
        """Wait until all is quiet; what was still going on when patience ended, in words."""
        until = time.monotonic() + self.plan.seconds_to_settle
        waits = "nothing was looked at"
        while time.monotonic() < until:
            self._date_back()
            self.stage.workspace.settle(1)
            waits = self.probe.waits() or ("" if self.stage.workspace.background.is_idle else "events that come again")
            if not waits and time.time() > self._last_due() + SECONDS_UNTIL_A_SLOT_WAS_SEEN:
                return ""
            time.sleep(1)
        return f"after {self.plan.seconds_to_settle:.0f} s: {waits}" if waits else ""

    def _last_due(self) -> float:
        """When a schedule came due last, or will."""
        return max((self.dated_at, *(slot.due for slot in self.stage.ledger.slots)))

    def _date_back(self) -> None:
        """Schedules for a time that is over today were made yesterday: so they are late, and due once."""
        now = time.time()
        past = {(s.when, s.channel) for s in self.stage.ledger.slots if s.due < now - SECONDS_CERTAINLY_PAST}
        if past - self.dated:
            done = self.probe.date_back(past - self.dated)
            self.dated |= done
            self.dated_at = now if done else self.dated_at


def play(plan: Plan) -> Outcome:
    seconds: dict[str, float] = {}
    with _set(plan) as run:
        with _timed(seconds, "acting"):
            left_out = run.act()
        with _timed(seconds, "settling"):
            run.troubles.end()
            waits = run.settle()
        stage = run.stage
        codes = [replica.stop() for replica in run.replicas]
        tables = databases.every_table(run.url)
        after = Aftermath(stage.workspace, stage.cast, stage.ledger, tables, logs(run.replicas))
        breaches = {rule.__name__.replace("_", " "): list(dict.fromkeys(rule(after))) for rule in RULES}
        breaches["all is done in time"] = [one for one in (left_out, waits) if one]
        breaches["a replica ends in order"] = [f"exit {code}" for code in codes if code not in {0, -15}]
        _keep(plan, after, breaches)
        met = dict(run.troubles.met) | _chances(stage.workspace)
        calls = Counter(call.method for call in stage.workspace.calls)
        return Outcome(stage.ledger.done, met, breaches, seconds, calls, after.what_is_left())


@contextmanager
def _set(plan: Plan) -> Iterator[Run]:
    with ExitStack() as stack:
        url, restart = stack.enter_context(databases.running(plan.kind, plan.folder))
        workspace = stack.enter_context(Workspace(seed=plan.seed))
        workspace.retry_delays = RETRIES if plan.replicas > 1 else RETRIES_OF_ONE
        server = stack.enter_context(Server(workspace))
        ports = [free_port() for _ in range(plan.replicas)]
        replicas: list[Replica] = []
        balancer = stack.enter_context(Balancer(lambda: [one.port for one in replicas if one.is_ready]))
        cast = gather(workspace, f"http://127.0.0.1:{balancer.port}/slack/events")
        models = plan.folder / "models"
        write_models(models, cast)
        environment = {
            "PARLEY_DATABASE_URL": url,
            "PARLEY_MODELS": str(models),
            "PARLEY_JOBS": "1",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": server.api_url,
        }
        replicas += [Replica(plan.folder, port, environment) for port in ports]
        for replica in replicas:
            stack.callback(replica.kill)
            replica.start()
        for replica in replicas:
            replica.wait_until_ready()
        ledger = Ledger()
        stage = Stage(workspace, cast, ledger, random.Random(f"acts {plan.seed}"))  # noqa: S311  # no secret
        chance = random.Random(f"troubles {plan.seed}")  # noqa: S311  # as above
        troubles = Troubles(workspace, cast, ledger, replicas, restart, chance, plan.seed)
        if plan.troubles:
            troubles.begin()
        yield Run(plan, url, stage, troubles, replicas, databases.Probe(url))


@contextmanager
def _timed(seconds: dict[str, float], what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[what] = time.monotonic() - began


def _chances(workspace: Workspace) -> dict[str, int]:
    met = {f"chance: {method}": count for method, count in workspace.chances.met.items()}
    met |= {f"too fast: {method}": count for method, count in workspace.tiers.refused.items()}
    return met | {f"event {fate}": count for fate, count in workspace.courier.mishaps.met.items()}


def _keep(plan: Plan, after: Aftermath, breaches: dict[str, list[str]]) -> None:
    """What is needed to look into a breach."""
    (plan.folder / "journal.txt").write_text("\n".join(after.ledger.journal), encoding="utf-8")
    (plan.folder / "rows.txt").write_text(after.text, encoding="utf-8")
    told = [f"{name}\n" + "".join(f"  {one}\n" for one in found) for name, found in breaches.items() if found]
    (plan.folder / "breaches.txt").write_text("\n".join(told), encoding="utf-8")


def report(plan: Plan, outcome: Outcome) -> str:
    """The outcome in words."""
    acts = sum(outcome.done.values())
    took = f"in {outcome.seconds['acting']:.0f} s, quiet after {outcome.seconds['settling']:.0f} s"
    lines = [
        f"Seed {plan.seed}, {plan.kind}, {plan.replicas} replicas: {acts} acts and troubles {took}.",
        "Done:     " + _counted(outcome.done),
        "Met:      " + _counted(outcome.met),
        "Calls:    " + _counted(outcome.calls),
        "Left:     " + _counted(outcome.left),
    ]
    for name, found in outcome.breaches.items():
        lines.append(f"{'FAILED' if found else 'ok':<7}{name}{f': {len(found)}' if found else ''}")
        lines += [f"         {one}" for one in found[:MOST_BREACHES_SHOWN]]
        if len(found) > MOST_BREACHES_SHOWN:
            lines.append(f"         … and {len(found) - MOST_BREACHES_SHOWN} more")
    failed = sum(bool(found) for found in outcome.breaches.values())
    end = f"{failed} rules were broken" if failed else "Every rule holds"
    lines.append(f"{end}. Journal, rows, logs: {plan.folder}. Again: make soak SEED={plan.seed} DATABASE={plan.kind}")
    return "\n".join(lines)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
