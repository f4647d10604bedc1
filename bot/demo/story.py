"""What happens in the demo: scenes in which the personas use Parley as any team would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.demo.people import CAST, INES, JONAS, LENA, MARA, PRIYA, TOMEK
from bot.demo.teller import Teller

RETURNS, OUTFITS = "return-risk", "outfit-ranker"
BERLIN = ZoneInfo("Europe/Berlin")
WEEKS_BACK = 3
FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Scene:
    at: datetime
    play: Callable[[Teller], None]


def scenes(now: datetime) -> list[Scene]:
    """All scenes in time order: those that are told, and a Monday digest for every Monday between."""
    today = now.astimezone(BERLIN).date()
    told = [
        Scene(_at(today, 21, time(9, 10)), everybody_says_who_they_are),
        Scene(_at(today, 21, time(9, 40)), the_first_look_at_returns),
        Scene(_at(today, 20, time(11, 5)), a_drift_that_does_no_harm),
        Scene(_at(today, 10, time(10, 20)), a_supplier_renames_a_material),
        Scene(_at(today, 4, time(14, 30)), one_region_where_it_fails),
        Scene(_at(today, 3, time(16, 10)), a_decision_is_written_down),
        Scene(now - timedelta(minutes=20), and_today_memory_comes_back),
    ]
    digests = [Scene(at, the_clock_asks) for at in _mondays(today, now) if told[0].at < at < told[-1].at]
    return sorted([*told, *digests], key=lambda scene: scene.at)


def everybody_says_who_they_are(t: Teller) -> None:
    for one in CAST:
        t.type(one, RETURNS, f"i-am {one.persona}")
    t.type(MARA, RETURNS, "every monday 09:00 digest --model return-risk")
    t.type(MARA, OUTFITS, "every monday 09:00 digest --model outfit-ranker")


def the_first_look_at_returns(t: Teller) -> None:
    card = t.evaluate(PRIYA, RETURNS)
    t.reply(
        PRIYA,
        card,
        "This is the model as we handed it over. Labels take up to three weeks, so the newest weeks rest on few.",
    )
    t.reply(
        INES,
        card,
        "Good. I want to see recall by region on every card: that is where customers would be treated unevenly.",
    )
    t.reply(MARA, card, "And I want to know before the support team does when it gets worse.")


def a_drift_that_does_no_harm(t: Teller) -> None:
    card = t.evaluate(TOMEK, OUTFITS)
    t.reply(TOMEK, card, "Mobile traffic grows every week. Do we have to retrain?")
    t.reply(
        PRIYA,
        card,
        "No: more people come by phone since the app was relaunched, and it ranks as well for them as for the others.",
    )
    t.type(
        PRIYA,
        OUTFITS,
        "note outfit-ranker --kind explanation More mobile traffic since the app relaunch; performance has "
        "not moved, so this drift does no harm.",
    )


def a_supplier_renames_a_material(t: Teller) -> None:
    card = t.evaluate(PRIYA, OUTFITS)
    t.reply(PRIYA, card, "What is linen-blend? The model never saw it, so it scores those items blind.")
    t.reply(
        JONAS,
        card,
        "A supplier renamed its materials last week. It used to be linen; I map it in the feed on Thursday.",
    )
    t.reply(LENA, card, "Please do it before the summer campaign mails go out, linen is half of them.")


def one_region_where_it_fails(t: Teller) -> None:
    card = t.evaluate(INES, RETURNS)
    t.reply(INES, card, "The north falls out of line. Is this the model, or is it the data?")
    t.reply(
        PRIYA,
        card,
        "Hypothesis: the new carrier in the north. Returns are now booked by parcel and not by item, so our"
        " features describe the wrong thing.",
    )
    t.reply(JONAS, card, "Confirmed on my side: since the carrier changed, the north sends one row per parcel.")
    t.click(PRIYA, card, "ask:trend")


def a_decision_is_written_down(t: Teller) -> None:
    t.type(
        INES,
        RETURNS,
        "note return-risk --kind decision --slice region=north Orders from the north are reviewed by hand "
        "until the model is retrained on item-level returns.",
    )
    t.type(
        MARA,
        RETURNS,
        "note return-risk --kind action Mara asks the carrier for item-level bookings by the end of the month.",
    )


def the_clock_asks(t: Teller) -> None:
    t.tick()


def and_today_memory_comes_back(t: Teller) -> None:
    t.evaluate(TOMEK, OUTFITS)
    card = t.evaluate(TOMEK, RETURNS)
    t.reply(MARA, card, "So we knew this one already. Good that it says so.")


def _at(today: date, days_before: int, clock_time: time) -> datetime:
    """So many days ago; what would be a weekend is the Friday before, when people are at work."""
    day = today - timedelta(days=days_before)
    day -= timedelta(days=max(0, day.weekday() - FRIDAY))
    return datetime.combine(day, clock_time, BERLIN)


def _mondays(today: date, now: datetime) -> list[datetime]:
    days = [today - timedelta(days=n) for n in range(WEEKS_BACK * 7 + 1)]
    mondays = [datetime.combine(d, time(9, 0, 10), BERLIN) for d in days if d.weekday() == 0]
    return [at for at in mondays if at < now]
