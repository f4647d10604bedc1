"""What people do in the campaign. Each act is one function and its weight; it says what it did."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.workspace import Workspace
from tests.soak.cast import INTERNAL, OPEN, RESTRICTED, UNKNOWN, Cast
from tests.soak.ledger import Asked, Ledger, Mentioned, Said, Slot

ACTS_BETWEEN_LOOKS = 20
READING = ("help", "models", "findings", "schedules", f"notes {INTERNAL}", f"findings {OPEN}", f"notes {OPEN}")
ABOUT_A_MODEL = (
    "notes {}",
    "findings {}",
    "show {}",
    "trend {}",
    "evaluate {}",
    "digest --model {}",
    "note {} what is it",
    "every day 03:00 digest --model {}",
)
UNNAMED = ("models", "findings", "schedules", f"show {RESTRICTED[:-1]}", f"notes {RESTRICTED[:-2]}y")
MISSPELT = ("modles", "evalute harbor", "fndings", "harbor")
SAYINGS = ("the supplier changed its names", "looks like a feed problem", "is it <north> & south?")
KINDS = ("note", "hypothesis", "explanation", "decision", "caveat")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")


@dataclass
class Stage:
    """What an act may use. All chance comes from one seed."""

    workspace: Workspace
    cast: Cast
    ledger: Ledger
    chance: random.Random
    act: int = 0
    threads: dict[str, list[str]] = field(default_factory=dict)
    """The evaluation cards that stand in each channel."""

    def member(self) -> str:
        return self.chance.choice(self.cast.members)

    def room(self) -> str:
        return self.chance.choice(self.cast.channels)

    def look_around(self) -> None:
        """Which cards people can reply to now."""
        for channel in (*self.cast.channels, self.cast.vault):
            self.threads[channel] = [
                message["ts"]
                for message in self.workspace.records.state.messages(channel)
                if message.get("bot_id") and is_card(message) and (channel, message["ts"]) not in self.ledger.taken_away
            ]

    def a_card(self) -> tuple[str, str] | None:
        cards = [(channel, ts) for channel, found in self.threads.items() for ts in found]
        return self.chance.choice(cards) if cards else None

    def ask(self, user: str, channel: str, words: str, *, allowed: bool = True) -> Asked:
        delivery = self.workspace.command(user, channel, words)
        asked = Asked(self.act, words, user, channel, delivery, allowed)
        self.ledger.asked.append(asked)
        return asked

    def say(self, said: Said, words: str) -> None:
        said.ts = self.workspace.say(said.author, said.channel, words, thread=said.thread)

    def mention(self, words: str, channel: str, ts: str) -> None:
        self.ledger.mentioned.append(Mentioned(self.act, words, channel, ts))

    def forbidden(self, *models: str) -> list[str]:
        """Words that ask for one of these models, and the same words about a model that there is not."""
        words = self.chance.choice(ABOUT_A_MODEL)
        return [words.format(self.chance.choice(models)), words.format(UNKNOWN)]


def is_card(message: dict[str, Any]) -> bool:
    """Whether a message of the bot's is the card of an evaluation: a model's title, in the channel itself."""
    titles = [block["text"]["text"] for block in message.get("blocks", []) if block["type"] == "header"]
    of_a_model = any(model in title for title in titles for model in (INTERNAL, OPEN, RESTRICTED))
    return of_a_model and message.get("thread_ts", message["ts"]) == message["ts"] and "E-" in message["text"]


Act = Callable[[Stage], str]
ACTS: dict[Act, float] = {}


def act(weight: float) -> Callable[[Act], Act]:
    def known(function: Act) -> Act:
        ACTS[function] = weight
        return function

    return known


# What is said in the threads of cards


@act(22)
def reply(stage: Stage) -> str:
    place = stage.a_card()
    if place is None:
        return evaluate(stage)
    people = stage.cast.members[:3] if place[0] == stage.cast.vault else stage.cast.members
    said = stage.ledger.say(stage.act, "a note", stage.chance.choice(people), *place)
    words = stage.chance.choice(SAYINGS)
    if stage.chance.random() < 0.1:
        words += " see https://wiki.example.com/feeds"
    stage.say(said, f"{words} {said.token}")
    return f"reply: {said.token} in {said.channel}"


@act(9)
def edit(stage: Stage) -> str:
    return _edited(stage, times=1)


@act(4)
def edit_twice_within_a_second(stage: Stage) -> str:
    return _edited(stage, times=stage.chance.choice((2, 2, 3)))


def _edited(stage: Stage, *, times: int) -> str:
    alive = [said for said in stage.ledger.alive("a note") if said.thread]
    if not alive:
        return reply(stage)
    said = stage.chance.choice(alive)
    for _ in range(times):
        said.version += 1
        stage.workspace.edit(said.author, said.channel, said.ts, f"on second thoughts {said.token}")
    return f"edit: {times} times, now {said.token}"


@act(6)
def delete(stage: Stage) -> str:
    alive = stage.ledger.alive("a note")
    if not alive:
        return reply(stage)
    said = stage.chance.choice(alive)
    stage.workspace.delete(said.author, said.channel, said.ts)
    said.deleted = True
    return f"delete: {said.token}"


@act(1.5)
def screenshot(stage: Stage) -> str:
    place = stage.a_card()
    if place is None:
        return evaluate(stage)
    person = stage.cast.members[0]
    stage.workspace.share(person, place[0], "screen.png", PNG, thread=place[1])
    return f"screenshot: in {place[0]}"


@act(1)
def guest_replies(stage: Stage) -> str:
    cards = [(channel, ts) for channel in stage.cast.channels[:2] for ts in stage.threads.get(channel, [])]
    if not cards:
        return reply(stage)
    said = stage.ledger.say(stage.act, "either", stage.cast.guest, *stage.chance.choice(cards))
    stage.say(said, f"a guest's word {said.token}")
    return f"guest's reply: {said.token}"


@act(2)
def react(stage: Stage) -> str:
    place = stage.a_card()
    if place is None:
        return reply(stage)
    stage.workspace.react(stage.member(), *place, stage.chance.choice(("+1", "eyes", "tada")))
    return f"reaction: in {place[0]}"


# What people say among themselves


@act(4)
def talk_elsewhere(stage: Stage) -> str:
    """A thread that is not the bot's: nothing of it may be kept."""
    said = stage.ledger.say(stage.act, "nothing", stage.member(), stage.room(), None)
    link = " https://menu.example.com/today" if stage.chance.random() < 0.3 else ""
    stage.say(said, f"lunch? {said.token}{link}")
    answer = stage.ledger.say(stage.act, "nothing", stage.member(), said.channel, said.ts)
    stage.say(answer, f"yes {answer.token}")
    return f"talk: {said.token} and {answer.token}"


@act(2)
def change_what_was_said_elsewhere(stage: Stage) -> str:
    alive = [said for said in stage.ledger.alive("nothing") if said.thread]
    if not alive:
        return talk_elsewhere(stage)
    said = stage.chance.choice(alive)
    if stage.chance.random() < 0.5:
        stage.workspace.delete(said.author, said.channel, said.ts)
        said.deleted = True
    else:
        said.version += 1
        stage.workspace.edit(said.author, said.channel, said.ts, f"rather not {said.token}")
    return f"change elsewhere: {said.token}"


@act(1)
def talk_with_outsiders(stage: Stage) -> str:
    said = stage.ledger.say(stage.act, "nothing", stage.chance.choice(stage.cast.outsiders), stage.cast.shared, None)
    stage.say(said, f"hello from outside {said.token}")
    return f"talk: {said.token} by an outsider"


# What people ask for


@act(14)
def command(stage: Stage) -> str:
    words = stage.chance.choice(READING)
    channel = stage.room() if stage.chance.random() < 0.9 else stage.cast.without_bot
    return f"command: {stage.ask(stage.member(), channel, words).words}"


@act(5)
def note_by_command(stage: Stage) -> str:
    said = stage.ledger.say(stage.act, "a note", stage.member(), stage.room(), None)
    words = f"note {INTERNAL} --kind {stage.chance.choice(KINDS)} remember {said.token}"
    if not stage.ask(said.author, said.channel, words).delivery.acknowledged:
        said.expected = "either"
    return f"note by command: {said.token}"


@act(4)
def note_by_mention(stage: Stage) -> str:
    said = stage.ledger.say(stage.act, "a note", stage.member(), stage.room(), None)
    kind = stage.chance.choice(KINDS)
    stage.say(said, f"{stage.cast.mention} note {INTERNAL} --kind {kind} written down {said.token}")
    stage.mention("note", said.channel, said.ts)
    return f"note by mention: {said.token}"


@act(3)
def delete_a_parent(stage: Stage) -> str:
    """A mention that was answered in its thread leaves a tombstone."""
    parents = [said for said in stage.ledger.alive("a note") if said.thread is None]
    if not parents:
        return note_by_mention(stage)
    said = stage.chance.choice(parents)
    stage.workspace.delete(said.author, said.channel, said.ts)
    said.deleted = True
    return f"delete: {said.token}, with what hangs on it"


@act(5)
def mention(stage: Stage) -> str:
    words = stage.chance.choice((*READING, *MISSPELT))
    place = stage.a_card() if stage.chance.random() < 0.5 else None
    channel, thread = place or (stage.room(), None)
    person = stage.cast.members[0] if channel == stage.cast.vault else stage.member()
    ts = stage.workspace.say(person, channel, f"{stage.cast.mention} {words}", thread=thread)
    stage.mention(words, channel, ts)
    return f"mention: {words}"


@act(2)
def misspelt(stage: Stage) -> str:
    return f"misspelt: {stage.ask(stage.member(), stage.room(), stage.chance.choice(MISSPELT)).words}"


@act(2.2)
def evaluate(stage: Stage) -> str:
    window = stage.chance.choice(("", " rows 0..120", " rows 60..180", " 2026-09"))
    model = stage.chance.choice((INTERNAL, OPEN))
    if stage.chance.random() < 0.15:
        asked = stage.ask(stage.chance.choice(stage.cast.members[:3]), stage.cast.vault, f"evaluate {RESTRICTED}")
    else:
        asked = stage.ask(stage.member(), stage.room(), f"evaluate {model}{window}")
    return f"evaluate: {asked.words}"


@act(0.8)
def ask_in_an_ill_channel(stage: Stage) -> str:
    words = stage.chance.choice((f"evaluate {OPEN}", "digest", f"show {OPEN}"))
    return f"ill channel: {stage.ask(stage.member(), stage.cast.ill, words).words}"


@act(2)
def digest(stage: Stage) -> str:
    words = stage.chance.choice(("digest", f"digest --model {INTERNAL}", f"show {OPEN}", "digest model risk"))
    return f"digest: {stage.ask(stage.member(), stage.room(), words).words}"


@act(2)
def click(stage: Stage) -> str:
    place = stage.a_card()
    if place is None or place[0] == stage.cast.vault:
        return command(stage)
    message = stage.workspace.records.state.message(*place) or {}
    buttons = [
        element
        for block in message.get("blocks", [])
        for element in block.get("elements", [])
        if element.get("type") == "button" and element.get("value")
    ]
    if not buttons:
        return command(stage)
    button = stage.chance.choice(buttons)
    stage.workspace.click(stage.member(), *place, button["action_id"], value=button["value"])
    return f"click: {button['text']['text']}"


@act(1.2)
def schedule(stage: Stage) -> str:
    """One that comes due in a minute or two; or one that came due a while ago, once its row is dated back."""
    now = datetime.now(UTC)
    if stage.chance.random() < 0.7:
        due = (now + timedelta(seconds=stage.chance.choice((70, 100)))).replace(second=0, microsecond=0)
    else:
        due = (now - timedelta(minutes=stage.chance.randrange(20, 200))).replace(second=0, microsecond=0)
    words = stage.chance.choice(("digest", f"digest --model {OPEN}", f"findings {INTERNAL}"))
    when = f"day {due:%H:%M}"
    asked = stage.ask(stage.member(), stage.room(), f"every {when} {words}")
    stage.ledger.slots.append(Slot(stage.act, when, asked.channel, asked.user, due.timestamp()))
    return f"schedule: {asked.words}"


# Who may not see what


@act(3)
def probe(stage: Stage) -> str:
    """The restricted model, asked for where it may not be shown."""
    return _asked_in_vain(stage, stage.member(), stage.room(), stage.forbidden(RESTRICTED))


@act(1.5)
def ask_for_lists(stage: Stage) -> str:
    """What lists models, or tells of near names, without naming the restricted one."""
    return _asked_in_vain(stage, stage.member(), stage.room(), [stage.chance.choice(UNNAMED)])


@act(1.5)
def outsider_asks(stage: Stage) -> str:
    person = stage.chance.choice(stage.cast.outsiders)
    words = [*stage.forbidden(RESTRICTED, INTERNAL), stage.chance.choice((*UNNAMED, "digest", "help"))]
    return _asked_in_vain(stage, person, stage.cast.shared, words)


@act(0.7)
def outsider_mentions(stage: Stage) -> str:
    person = stage.chance.choice(stage.cast.outsiders)
    for words in stage.forbidden(RESTRICTED, INTERNAL):
        stage.workspace.say(person, stage.cast.shared, f"{stage.cast.mention} {words}")
    return f"outsider's mention: {words}"


@act(0.8)
def ask_in_the_shared_channel(stage: Stage) -> str:
    return _asked_in_vain(stage, stage.member(), stage.cast.shared, stage.forbidden(INTERNAL))


@act(0.8)
def guest_asks(stage: Stage) -> str:
    words = [*stage.forbidden(RESTRICTED, INTERNAL), stage.chance.choice(UNNAMED)]
    return _asked_in_vain(stage, stage.cast.guest, stage.cast.channels[0], words)


def _asked_in_vain(stage: Stage, user: str, channel: str, words: list[str]) -> str:
    for one in words:
        stage.ask(user, channel, one, allowed=False)
    return f"in vain: {' / '.join(words)}"


# What Slack and admins do


@act(3)
def deliver_again(stage: Stage) -> str:
    """The same payload once more, some time later."""
    recent = stage.workspace.deliveries[-400:]
    delivery = stage.chance.choice(recent)
    delivery.redeliver()
    return f"delivered again: {delivery.kind}"


@act(0.3)
def admin_deletes_a_card(stage: Stage) -> str:
    place = stage.a_card()
    if place is None or place[0] == stage.cast.vault:
        return command(stage)
    stage.ledger.taken_away[place] = stage.act
    stage.threads[place[0]].remove(place[1])
    stage.workspace.delete(stage.cast.members[0], *place, as_admin=True)
    return f"card deleted: {place[0]} {place[1]}"


def perform(stage: Stage) -> None:
    """The next act; one that the workspace itself refuses counts too."""
    if stage.act % ACTS_BETWEEN_LOOKS == 0:
        stage.look_around()
    [chosen] = stage.chance.choices(list(ACTS), list(ACTS.values()))
    began = time.monotonic()
    what = chosen(stage)
    stage.ledger.note(stage.act, f"{what}  ({time.monotonic() - began:.2f} s)")
