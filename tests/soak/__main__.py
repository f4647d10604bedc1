"""`python -m tests.soak`: one campaign; ends with 0 where every rule holds."""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import sys
from pathlib import Path

from tests.soak.campaign import Plan, play, report

MOST_SEED = 10_000
ACTS = 3_000
SECONDS_TO_ACT = 440.0
SECONDS_TO_SETTLE = 180.0
"""So long Slack takes for 120 edits; with the acts that is ten minutes."""


def main() -> int:
    asked = argparse.ArgumentParser(prog="make soak", description=__doc__)
    asked.add_argument("--seed", type=int, default=None)
    asked.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    asked.add_argument("--acts", type=int, default=ACTS)
    asked.add_argument("--replicas", type=int, default=3, help="one where the database is SQLite")
    asked.add_argument("--seconds", type=float, default=SECONDS_TO_ACT, help="the longest that people act")
    asked.add_argument("--settle", type=float, default=SECONDS_TO_SETTLE, help="the longest until all is quiet")
    asked.add_argument("--calm", action="store_true", help="no troubles: what breaks then is the campaign's own fault")
    given = asked.parse_args()
    seed = secrets.randbelow(MOST_SEED) if given.seed is None else given.seed
    folder = Path("build/soak", f"{given.database}-{seed}").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    plan = Plan(
        seed=seed,
        kind=given.database,
        acts=given.acts,
        replicas=1 if given.database == "sqlite" else given.replicas,
        seconds_to_act=given.seconds,
        seconds_to_settle=given.settle,
        folder=folder,
        troubles=not given.calm,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the replicas are ended too
    print(f"Seed {seed} on {given.database}: {given.acts} acts", flush=True)
    outcome = play(plan)
    print(report(plan, outcome))
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
