"""A made-up retailer's two models with ten weeks of log: simulated, seeded, and written as it looked on any day.

Nobody in it exists. The troubles that the story finds are planted in `outfits` and `returns`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bot.demo.outfits import outfit_history
from bot.demo.returns import return_history
from bot.demo.weeks import Times, Weeks
from bot.demo.world import History, Rows

DAYS_OF_REFERENCE = 28
MODEL_CARDS, LOGS = "models", "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """The simulation of one seed and one day. ``write`` makes the files as they were at a moment of these weeks."""

    folder: Path
    weeks: Weeks
    histories: tuple[History, ...]

    def write(self, *, known_at: datetime) -> None:
        """Show what was known then. Log and labels are exported at midnight (UTC): one file for each day that was over,
        the labels by the day on which they arrived. A file never changes once it is there."""
        over_before = known_at.astimezone(UTC).date()
        for history in self.histories:
            logs = self.folder / LOGS / history.model
            _export(logs / history.rows_are, history.at, history.log, until=over_before)
            _export(logs / "labels", history.arrived, history.labels, until=over_before)


def simulate(
    folder: Path,
    *,
    now: datetime,
    seed: int = 7,
    known_at: datetime | None = None,
    owners: Mapping[str, str] | None = None,
) -> Simulated:
    """Train both models, let them work for ten weeks up to the day before ``now``, and write `models/` and `logs/`.

    The files show what is known at ``known_at`` (default ``now``). ``owners`` are Slack member ids by persona. What an
    earlier simulation left in these two folders is removed. Equal arguments give equal files.
    """
    weeks = Weeks.until(now)
    for_outfits, for_returns = np.random.default_rng(seed).spawn(2)
    simulated = Simulated(
        folder=folder,
        weeks=weeks,
        histories=(outfit_history(weeks, for_outfits), return_history(weeks, for_returns)),
    )
    for made_before in (MODEL_CARDS, LOGS):
        shutil.rmtree(folder / made_before, ignore_errors=True)
    simulated.write(known_at=known_at or now)
    for history in simulated.histories:
        _write_model_card(folder / MODEL_CARDS, history.model, weeks, owners or {})
    return simulated


def _write_model_card(folder: Path, model: str, weeks: Weeks, owners: Mapping[str, str]) -> None:
    text = Template((files("bot.demo") / "cards" / f"{model}.yaml").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    card = text.substitute(before=weeks.first + timedelta(days=DAYS_OF_REFERENCE), owners=_owners(owners))
    (folder / f"{model}.yaml").write_text(card, encoding="utf-8")


def _owners(owners: Mapping[str, str]) -> str:
    """The lines that name who answers for what; none where nobody is known."""
    if not owners:
        return ""
    lines = ["owners:", *(f"  {persona}: {member}" for persona, member in owners.items())]
    engineer = owners.get("data engineer")
    if engineer is not None:
        lines.append(f"feature owners: {{material: {engineer}, supplier: {engineer}}}")
    return "\n".join(lines) + "\n"


def _export(folder: Path, times: Times, rows: Rows, *, until: date) -> None:
    """One Parquet file for each day before ``until``; files of later days go."""
    folder.mkdir(parents=True, exist_ok=True)
    there = {path.stem for path in folder.glob("*.parquet")}
    order = np.argsort(times, kind="stable")
    wanted = list(_days(times[order], until))
    for stale in there - {day.isoformat() for day, _ in wanted}:
        (folder / f"{stale}.parquet").unlink()
    if all(day.isoformat() in there for day, _ in wanted):
        return
    table = pa.table({name: values[order] for name, values in rows.items()})
    for day, piece in wanted:
        if day.isoformat() not in there:
            _write_whole(folder / f"{day}.parquet", table.slice(piece.start, piece.stop - piece.start))


def _days(ordered: Times, until: date) -> Iterator[tuple[date, slice]]:
    """Each day before ``until`` on which there is something, with the place of its rows."""
    days = ordered.astype("datetime64[D]")
    found, starts = np.unique(days, return_index=True)
    for day, start, end in zip(found, starts, [*starts[1:], len(days)], strict=True):
        if day.item() < until:
            yield day.item(), slice(int(start), int(end))


def _write_whole(path: Path, table: pa.Table) -> None:
    """Who reads at the same time sees no file, or all of it."""
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(table, unfinished)
    unfinished.replace(path)
