"""Schedules in words: what was made, what there is, and why one is paused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.render.answers import words_only
from bot.render.blocks import escape
from bot.render.wording import moment
from storage.messages import Content
from storage.schedules import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLine:
    schedule: Schedule
    words: str
    owner: str
    following: datetime | None


def made(schedule: Schedule, words: str, *, first: datetime) -> Content:
    says = f":alarm_clock: *S-{schedule.id}* `every {escape(schedule.when)} {escape(words)}` in <#{schedule.channel}>"
    notes = [f"First on {moment(first, schedule.zone)}.", f"`unschedule S-{schedule.id}` ends it."]
    return words_only(says, notes=notes)


def schedules_list(lines: Sequence[ScheduleLine]) -> Content:
    if not lines:
        return words_only("Nothing is on a clock here. For example: `every weekday 09:00 digest`.")
    return words_only("\n".join(_line(one) for one in lines))


def paused(schedule: Schedule, *, why: str) -> Content:
    """``why`` is our own sentence and may name a channel; so is the reason that a schedule keeps. As below, no model is
    named."""
    what = f"`every {escape(schedule.when)} {escape(schedule.command)}`"
    return words_only(
        f":double_vertical_bar: *S-{schedule.id}* {what} in <#{schedule.channel}> is paused: {why}",
        notes=["Ask for it anew once that is mended."],
    )


def removed(schedule: Schedule, words: str, *, before: bool) -> Content:
    """The answer to whoever removes a schedule. ``before``: somebody had removed it already."""
    what = f"`every {escape(schedule.when)} {escape(words)}`"
    if before:
        return words_only(f"S-{schedule.id} was removed before. {what} doesn't run any more.")
    return words_only(f":wastebasket: Removed S-{schedule.id}. {what} won't run again.")


def removed_by(schedule: Schedule, by: str) -> Content:
    """Told to the owner of a schedule that somebody else removed. It names no model: a direct message is no place for
    one that is restricted."""
    what = f"`every {escape(schedule.when)} {escape(schedule.command)}`"
    return words_only(
        f":wastebasket: {escape(by)} removed your schedule S-{schedule.id}. {what} in <#{schedule.channel}> won't run "
        "again."
    )


def _line(one: ScheduleLine) -> str:
    s = one.schedule
    head = f"*S-{s.id}* `every {escape(s.when)} {escape(one.words)}` in <#{s.channel}>, by {escape(one.owner)}"
    if one.following is None:
        return f"{head} · paused: {s.reason or ''}"
    return f"{head} · next {moment(one.following, s.zone)}"
