"""Who may see what: every command, with every argument, from every kind of channel, for every kind of person."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from bot.asking.command import Argument, Command
from bot.asking.kinds import Number, OneOf, Slug, Words
from bot.asking.rights import OUTSIDER, Audience, access_of, may_see
from bot.asking.when import Phrase
from bot.asking.window import WindowWords
from bot.commands import all_commands
from bot.commands.every import CommandWords
from bot.commands.help import CommandName
from bot.commands.show import Shown
from storage import annotations, evaluations, findings, messages, people, schedules
from storage.messages import Address, Content
from storage.requests import Who
from storage.schedules import Schedule
from tests.models import SMALL, write_small_model
from tests.stage import Stage, staged, until

SECRET, ABSENT = "secret-one", "secrex-one"
PLACES = (
    "a member in another channel",
    "a member in a direct message",
    "an owner in another channel",
    "a guest in its own channel",
    "a guest in another channel",
    "an outsider in a shared channel",
    "a member in a shared channel",
)
"""Everywhere a restricted model does not exist."""
WORDS_OF_A_NOTE = "the merger is planned for May"
DESCRIPTION = "who will be laid off"


@dataclass
class Floor:
    """A stage with an open, an internal and a restricted model, and what there is about the restricted one."""

    stage: Stage
    direct: dict[str, str]
    lena: str
    outsider: str
    shared: str
    evaluation: int
    finding: int
    note: int
    schedule: int

    def place(self, name: str) -> tuple[str, str]:
        """Who asks, and in which channel."""
        stage = self.stage
        return {
            "a member in another channel": (stage.mara, stage.elsewhere),
            "a member in a direct message": (stage.mara, self.direct[stage.mara]),
            "an owner in another channel": (stage.jonas, stage.elsewhere),
            "a guest in its own channel": (stage.guest, stage.channel),
            "a guest in another channel": (stage.guest, stage.elsewhere),
            "an outsider in a shared channel": (self.outsider, self.shared),
            "a member in a shared channel": (stage.mara, self.shared),
        }[name]

    def answers(self, user: str, channel: str, *typed: str) -> list[str]:
        """All that Slack shows anew after somebody typed these commands."""
        before = self._shown(user, channel)
        for words in typed:
            self.stage.type(words, user=user, channel=channel)
        self.stage.quiet()
        return [text for ts, text in self._shown(user, channel).items() if before.get(ts) != text]

    def _shown(self, user: str, channel: str) -> dict[str, str]:
        workspace = self.stage.workspace
        posted = [m for m in workspace.messages(channel) if m.get("bot_id")]
        seen = [*workspace.ephemerals(channel, user), *posted]
        return {str(m["ts"]): json.dumps([m["text"], m.get("blocks")], ensure_ascii=False) for m in seen}


def write(folder: Path, name: str, more: str, description: str = "Will the order come back") -> None:
    card = SMALL.replace("Will the order come back", description) + more
    write_small_model(folder, rows=200, name=name, card=card)


pytestmark = pytest.mark.xdist_group("visibility")  # the floor takes eight seconds: three evaluations and their cards


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    home: Path = tmp_path_factory.mktemp("visibility")
    models = home / "models"
    write(models, "open-one", "sensitivity: open\n")
    write(models, "inside-one", "")
    with staged(home, models=models) as stage:
        workspace = stage.workspace
        owned = f"sensitivity: restricted\nchannels: [{stage.channel}]\nowners: {{data scientist: {stage.jonas}}}\n"
        write(models, SECRET, owned, DESCRIPTION)
        workspace.invite(stage.elsewhere, stage.app.bot_user, by=stage.mara)
        lena = workspace.add_person("lena", real_name="Lena")
        workspace.invite(stage.channel, lena, by=stage.mara)
        partner = workspace.add_partner("Partner")
        outsider = workspace.add_person("xeno", real_name="Xeno", home=partner)
        shared = workspace.add_channel("with-partner", members=(stage.mara,))
        workspace.share_channel(shared, partner)
        workspace.invite(shared, outsider, by=stage.mara)
        direct = {user: workspace.records.direct(stage.app, user)["id"] for user in (stage.mara, stage.jonas)}
        yield _talked_about(Floor(stage, direct, lena, outsider, shared, 0, 0, 0, 0))


def _talked_about(floor: Floor) -> Floor:
    stage = floor.stage
    for name in (SECRET, "open-one", "inside-one"):
        floor.answers(floor.lena, stage.channel, f"evaluate {name}")
    floor.answers(floor.lena, stage.channel, f"note {SECRET} {WORDS_OF_A_NOTE}")
    floor.answers(floor.lena, stage.channel, f"every monday 09:00 digest --model {SECRET}")
    with stage.parley.database.reading() as tx:
        floor.finding = findings.listed(tx, team=stage.workspace.team, model=SECRET)[0].id
        floor.evaluation = findings.listed(tx, team=stage.workspace.team, model=SECRET)[0].last_evaluation
        floor.note = annotations.listed(tx, team=stage.workspace.team, model=SECRET)[0].id
        floor.schedule = schedules.listed(tx, team=stage.workspace.team)[0].id
    return floor


def values_of(argument: Argument, floor: Floor, *, exists: bool) -> list[str]:
    """All that is typed for an argument so that it means the restricted model, or one that does not exist."""
    kind, name = argument.kind, SECRET if exists else ABSENT
    numbers = {"E": floor.evaluation, "F": floor.finding, "S": floor.schedule, "A": floor.note}
    ids = {letter: f"{letter}-{number if exists else 987_654}" for letter, number in numbers.items()}
    shown = [name, ids["E"], ids["F"]]
    if isinstance(kind, Shown):
        return shown
    if isinstance(kind, Number):
        return [ids[kind.letter]]
    if isinstance(kind, CommandName):
        return ["models"]
    if isinstance(kind, OneOf):
        return [kind.options[0]]
    if isinstance(kind, Slug):
        return [name if argument.name == "model" else "recall"]
    if isinstance(kind, Phrase):
        return ["day 07:00"]
    if isinstance(kind, WindowWords):
        return ["all"]
    if isinstance(kind, CommandWords):
        return [f"digest --model {name}", *(f"show {one}" for one in shown)]
    if isinstance(kind, Words):  # free words, and conditions
        return [{"slice": "region=north", "version": "1", "against": "1"}.get(argument.name, "words")]
    raise AssertionError(f"say here what stands for the argument {argument.name}: nobody looks at it otherwise")


def asked(command: Command, floor: Floor, *, exists: bool) -> list[str]:
    """The command with all that it needs may be, and once more with each argument that it may have."""
    needed = [a for a in command.arguments if a.required]
    more = [[*needed, a] for a in command.arguments if not a.required]
    found = [words for arguments in (needed, *more) for words in _typed(command, arguments, floor, exists)]
    return list(dict.fromkeys(found))


def _typed(command: Command, arguments: list[Argument], floor: Floor, exists: bool) -> list[str]:
    in_order = sorted(arguments, key=lambda a: (a.place != "option", command.arguments.index(a)))
    choices = [
        [f'--{a.name} "{value}"' if a.place == "option" else value for value in values_of(a, floor, exists=exists)]
        for a in in_order
    ]
    return [" ".join([command.name, *words]) for words in product(*choices)]


PUBLIC = [command for command in all_commands().values() if not command.hidden]


def as_if_absent(said: str) -> str:
    """The answer without names and ids, so that the answers for what exists and for what doesn't can be compared."""
    said = said.replace(SECRET, "NAME").replace(ABSENT, "NAME")
    said = re.sub(r'"block_id": "[^"]*"', "", said)
    return re.sub(r"\b([EFSA])-\d+", r"\1-N", said)


@pytest.mark.parametrize("place", PLACES)
def test_a_restricted_model_is_answered_like_one_that_does_not_exist(floor: Floor, place: str) -> None:
    user, channel = floor.place(place)
    told = {}
    floor.answers(user, channel, "i-am product manager")  # or the digest would be for nobody the first time
    for exists in (True, False):
        typed = [words for command in PUBLIC for words in asked(command, floor, exists=exists)]
        told[exists] = floor.answers(user, channel, *typed)
        assert len(told[exists]) >= len(PUBLIC)
    assert not [word for word in (WORDS_OF_A_NOTE, DESCRIPTION) if word in str(told)]
    real, absent = (Counter(map(as_if_absent, told[exists])) for exists in (True, False))
    assert (real - absent, absent - real) == (Counter(), Counter())


def test_in_its_own_channel_a_restricted_model_is_answered_to_members(floor: Floor) -> None:
    stage = floor.stage
    assert WORDS_OF_A_NOTE in str(floor.answers(stage.mara, stage.channel, f"notes {SECRET}"))
    assert DESCRIPTION in str(floor.answers(stage.mara, stage.channel, "models"))


def test_an_owner_sees_a_restricted_model_in_a_direct_message(floor: Floor) -> None:
    stage = floor.stage
    assert WORDS_OF_A_NOTE in str(floor.answers(stage.jonas, floor.direct[stage.jonas], f"notes {SECRET}"))


def test_guests_see_open_models_only(floor: Floor) -> None:
    told = str(floor.answers(floor.stage.guest, floor.stage.channel, "models", "notes inside-one"))
    assert "open-one" in told
    assert "There is no model `inside-one`" in told
    assert "*inside-one*" not in told


def test_guests_choose_no_persona(floor: Floor) -> None:
    told = str(floor.answers(floor.stage.guest, floor.stage.channel, "i-am model risk"))
    assert "Guests can read here, but `i-am` is for members" in told


def test_outsiders_are_told_that_they_are_not_answered_and_nothing_else(floor: Floor) -> None:
    for typed in ("models", "notes open-one", "no such command"):
        [told] = floor.answers(floor.outsider, floor.shared, typed)
        assert OUTSIDER in told
        assert "open-one" not in told


def rewrite(card: Path, text: str) -> None:
    """As it was, and some time ago: a model card that became less strict a moment ago may be half written."""
    card.write_text(text, encoding="utf-8")
    os.utime(card, (0, 0))


def test_a_message_that_waited_is_withheld_once_its_model_is_restricted(floor: Floor) -> None:
    stage = floor.stage
    card = stage.settings.cards / "inside-one.yaml"
    text = card.read_text(encoding="utf-8")
    content = Content(text="inside-one is failing", models=("inside-one",))
    address = Address(team=stage.workspace.team, channel=stage.elsewhere)
    card.write_text(f"{text}sensitivity: restricted\n", encoding="utf-8")
    try:
        with stage.parley.database.transaction() as tx:
            messages.want(tx, key="late", kind="message", address=address, content=content, now=stage.parley.now())
        stage.quiet()
        with stage.parley.database.reading() as tx:
            stored = messages.get(tx, "late")
    finally:
        rewrite(card, text)
    assert stored is not None
    assert (stored.ts, stored.failed) == (None, "withheld")
    assert not stage.cards("inside-one is failing", channel=stage.elsewhere)


def test_a_message_that_was_shown_is_covered_by_its_next_edit_once_its_model_is_restricted(floor: Floor) -> None:
    stage = floor.stage
    card = stage.settings.cards / "inside-one.yaml"
    text = card.read_text(encoding="utf-8")
    address = Address(team=stage.workspace.team, channel=stage.elsewhere)

    def want(says: str) -> None:
        content = Content(text=says, models=("inside-one",))
        with stage.parley.database.transaction() as tx:
            messages.want(tx, key="shown", kind="message", address=address, content=content, now=stage.parley.now())

    want("inside-one was fine")
    ts = stage.card("inside-one was fine", channel=stage.elsewhere)["ts"]
    card.write_text(f"{text}sensitivity: restricted\n", encoding="utf-8")
    try:
        want("inside-one is failing")
        stage.quiet()
        [shown] = [m for m in stage.workspace.messages(stage.elsewhere) if m["ts"] == ts]
    finally:
        rewrite(card, text)
    assert shown["text"] == ":lock: This message may not be shown here any more."


def test_whoever_waits_for_an_evaluation_hears_that_somebody_else_stopped_it(floor: Floor) -> None:
    stage = floor.stage
    with stage.parley.database.transaction() as tx:
        evaluation, _ = evaluations.begin(
            tx,
            request_id=5_000,
            who=Who(stage.workspace.team, stage.jonas),
            channel=stage.channel,
            model="open-one",
            version="1",
            against=None,
            window="2026-09",
            card="0",
            card_text="",
            now=stage.parley.now(),
        )
    stage.type(f"stop E-{evaluation.id}", user=stage.mara)
    assert "Mara stopped" in stage.told(f"E-{evaluation.id} of open-one", user=stage.jonas)["text"]


def test_only_owners_and_admins_stop_what_others_asked_for(floor: Floor) -> None:
    stage = floor.stage
    with stage.parley.database.transaction() as tx:
        evaluation, _ = evaluations.begin(
            tx,
            request_id=5_001,
            who=Who(stage.workspace.team, stage.jonas),
            channel=stage.channel,
            model=SECRET,
            version="1",
            against=None,
            window="2026-09",
            card="1",
            card_text="",
            now=stage.parley.now(),
        )
    stage.type(f"stop E-{evaluation.id}", user=stage.mara)
    assert "the owners of secret-one" in stage.told("Somebody else asked")["text"]
    floor.answers(stage.jonas, stage.channel, f"stop E-{evaluation.id}")
    with stage.parley.database.reading() as tx:
        stopped = evaluations.get(tx, evaluation.id)
    assert stopped is not None
    assert stopped.status == "stopped"


def test_authors_delete_their_own_notes_and_no_others(floor: Floor) -> None:
    stage = floor.stage
    floor.answers(stage.mara, stage.channel, "note open-one the third word is unusual")
    with stage.parley.database.reading() as tx:
        [note] = annotations.listed(tx, team=stage.workspace.team, model="open-one")
    assert "Only the person who wrote" in str(floor.answers(stage.jonas, stage.channel, f"delete A-{note.id}"))
    assert f"Deleted A-{note.id}" in str(floor.answers(stage.mara, stage.channel, f"delete A-{note.id}"))
    with stage.parley.database.reading() as tx:
        assert annotations.listed(tx, team=stage.workspace.team, model="open-one") == []
    until(lambda: not stage.is_on_disk("third word is unusual"), why="the words to leave SQLite's files")


def test_whoever_owns_a_schedule_hears_that_somebody_else_removed_it(floor: Floor) -> None:
    stage = floor.stage
    floor.answers(floor.lena, stage.channel, "every friday 15:00 digest --model open-one")
    with stage.parley.database.reading() as tx:
        [schedule] = [s for s in schedules.listed(tx, team=stage.workspace.team) if s.when == "friday 15:00"]
    floor.answers(stage.mara, stage.channel, f"unschedule S-{schedule.id}")
    told = stage.workspace.messages(stage.workspace.records.direct(stage.app, floor.lena)["id"])
    assert f"Mara removed your schedule S-{schedule.id}" in str(told)
    assert "open-one" not in str(told)


def test_a_schedule_is_not_sent_where_slack_does_not_say_what_its_channel_is(floor: Floor) -> None:
    stage = floor.stage
    floor.answers(stage.mara, stage.elsewhere, "every day 06:00 digest --model open-one")
    before = stage.cards("Models on", channel=stage.elsewhere)
    stage.workspace.fault("conversations.info", error="missing_scope")
    try:
        tomorrow = stage.clock() + timedelta(days=1)
        stage.clock.jump(tomorrow.replace(hour=7))
        stage.parley.clock.tick()
        stage.quiet()
    finally:
        stage.workspace.unfaulted()
    assert stage.cards("Models on", channel=stage.elsewhere) == before
    with stage.parley.database.reading() as tx:
        [schedule] = [s for s in schedules.listed(tx, team=stage.workspace.team) if s.channel == stage.elsewhere]
    assert schedule.state == "paused"


def due_tomorrow(floor: Floor, hour: int) -> None:
    stage = floor.stage
    tomorrow = stage.clock() + timedelta(days=1)
    stage.clock.jump(tomorrow.replace(hour=hour))
    stage.parley.clock.tick()
    stage.quiet()


def scheduled(floor: Floor, when: str) -> Schedule:
    with floor.stage.parley.database.reading() as tx:
        [schedule] = [s for s in schedules.listed(tx, team=floor.stage.workspace.team) if s.when == when]
    return schedule


def test_a_schedule_whose_model_may_not_be_seen_any_more_is_paused_and_nobody_reads_its_name(floor: Floor) -> None:
    stage = floor.stage
    floor.answers(stage.mara, stage.channel, f"every day 05:00 digest --model {SECRET}")
    file = stage.parley.models.folder / f"{SECRET}.yaml"
    whole = file.read_text()
    file.write_text(whole.replace(f"channels: [{stage.channel}]", "channels: [C0OTHER]"))
    before = stage.cards(channel=stage.channel)
    try:
        due_tomorrow(floor, 7)
    finally:
        file.write_text(whole)
    assert scheduled(floor, "day 05:00").state == "paused"
    assert stage.cards(channel=stage.channel) == before
    told = stage.card("every day 05:00 digest", channel=floor.direct[stage.mara])["text"]
    assert "what it asks for can't be shown in its channel any more" in told
    assert SECRET not in told


def test_why_a_schedule_is_paused_is_not_posted_where_another_organization_reads(floor: Floor) -> None:
    stage, workspace = floor.stage, floor.stage.workspace
    merger = workspace.add_channel("merger", members=(stage.mara, floor.lena))
    floor.answers(stage.mara, merger, "every day 04:00 digest --model open-one")
    workspace.share_channel(merger, workspace.add_partner("Buyer"))
    workspace.remove(merger, stage.mara)
    for place in (stage.mara, floor.direct[stage.mara]):
        workspace.fault("chat.postMessage", error="messages_tab_disabled", channel=place, times=None)
    try:
        due_tomorrow(floor, 6)
    finally:
        workspace.unfaulted()
    assert scheduled(floor, "day 04:00").state == "paused"
    assert stage.cards(channel=merger) == []


def test_a_schedule_that_names_a_restricted_model_by_an_id_does_not_exist_elsewhere(floor: Floor) -> None:
    stage = floor.stage
    floor.answers(floor.lena, stage.channel, f"every tuesday 09:00 show E-{floor.evaluation}")
    floor.answers(floor.lena, stage.channel, f"every tuesday 10:00 show F-{floor.finding}")
    for when in ("tuesday 09:00", "tuesday 10:00"):
        number = scheduled(floor, when).id
        assert f"S-{number}*" not in str(floor.answers(stage.mara, stage.elsewhere, "schedules"))
        said = str(floor.answers(stage.mara, stage.elsewhere, f"unschedule S-{number}"))
        assert f"There is no schedule S-{number}." in said
        said = str(floor.answers(stage.mara, stage.channel, f"unschedule S-{number}"))
        assert f"S-{number} isn\\'t yours" in said, "its model names an owner, and Mara is none"


def test_an_id_of_nothing_can_not_be_put_on_a_clock(floor: Floor) -> None:
    said = floor.answers(floor.lena, floor.stage.channel, "every tuesday 11:00 show E-987654")
    assert "There is no" in str(said)


def test_where_direct_messages_are_off_the_owner_of_a_removed_schedule_hears_of_it_in_its_channel(floor: Floor) -> None:
    stage, workspace = floor.stage, floor.stage.workspace
    floor.answers(floor.lena, stage.channel, "every saturday 15:00 digest --model open-one")
    number = scheduled(floor, "saturday 15:00").id
    for place in (floor.lena, workspace.records.direct(stage.app, floor.lena)["id"]):
        workspace.fault("chat.postMessage", error="messages_tab_disabled", channel=place, times=None)
    try:
        floor.answers(stage.mara, stage.channel, f"unschedule S-{number}")
    finally:
        workspace.unfaulted()
    stage.told(f"Mara removed your schedule S-{number}", user=floor.lena)


def test_who_became_a_guest_can_undo_what_is_their_own_and_nothing_else(floor: Floor) -> None:
    stage, team = floor.stage, floor.stage.workspace.team
    floor.answers(floor.lena, stage.channel, "every sunday 15:00 digest --model inside-one")
    floor.answers(stage.jonas, stage.channel, "every sunday 16:00 digest --model open-one")
    hers, his = scheduled(floor, "sunday 15:00").id, scheduled(floor, "sunday 16:00").id
    database = stage.parley.database
    running = [
        begun(floor, 6_000, floor.lena, "inside-one"),
        begun(floor, 6_001, stage.jonas, "open-one"),
    ]
    with database.transaction() as tx:
        lena = people.get(tx, Who(team, floor.lena))
        assert lena is not None
        people.remember(tx, replace(lena, guest=True, refreshed_at=stage.parley.now()))
    try:
        assert f"Removed S-{hers}." in str(floor.answers(floor.lena, stage.channel, f"unschedule S-{hers}"))
        assert "is for members" in str(floor.answers(floor.lena, stage.channel, f"unschedule S-{his}"))
        floor.answers(floor.lena, stage.channel, f"stop E-{running[0]}")
        assert "is for members" in str(floor.answers(floor.lena, stage.channel, f"stop E-{running[1]}"))
    finally:
        with database.transaction() as tx:
            people.remember(tx, lena)
    with database.reading() as tx:
        found = evaluations.several(tx, running)
    assert [found[number].status for number in running] == ["stopped", "running"]


def begun(floor: Floor, request_id: int, user: str, model: str) -> int:
    """An evaluation that somebody asked for and that nothing measures: it runs until it is stopped."""
    with floor.stage.parley.database.transaction() as tx:
        evaluation, _ = evaluations.begin(
            tx,
            request_id=request_id,
            who=Who(floor.stage.workspace.team, user),
            channel=floor.stage.channel,
            model=model,
            version="1",
            against=None,
            window="2026-09",
            card="2",
            card_text="",
            now=floor.stage.parley.now(),
        )
    return evaluation.id


def test_a_shared_channel_that_is_allowed_by_name_shows_open_models(tmp_path: Path) -> None:
    write(tmp_path / "models", "open-one", "sensitivity: open\n")
    write(tmp_path / "models", "inside-one", "")
    with staged(tmp_path, PARLEY_SHARED_CHANNELS="C0ALLOWED") as stage:
        partner = stage.workspace.add_partner("Partner")
        outsider = stage.workspace.add_person("xeno", real_name="Xeno", home=partner)
        shared = stage.workspace.add_channel("with-partner", members=(stage.mara,))
        stage.workspace.share_channel(shared, partner)
        stage.workspace.invite(shared, outsider, by=stage.mara)
        audience = Audience(channel=shared, shared=True, by_name=True, user=outsider, standing="outsider")
        known = {model.card.model: access_of(model.card) for model in stage.parley.models.all()[0]}
        assert may_see(known["open-one"], audience)
        assert not may_see(known["inside-one"], audience)
        stage.type("models", user=outsider, channel=shared)
        assert OUTSIDER in stage.told("I only answer", user=outsider, channel=shared)["text"]
