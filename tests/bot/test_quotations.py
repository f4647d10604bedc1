"""What was deleted or edited stands in no message any more, whatever it was and wherever it was quoted."""

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from analysis.drawing.chart import Chart, Marker
from analysis.values import Measure, Result, Rows, Subject
from bot.names import name_of, with_names
from bot.remembered import MarkedNote, remember
from bot.render import card as cards
from bot.render.digest import DigestLine, digest_message
from bot.render.findings import finding_message
from bot.render.notes import NoteLine, notes_list
from bot.render.trend import trend_message
from storage import annotations, messages, people
from storage.anchors import Anchor
from storage.annotations import Annotation, Edit
from storage.database import Database, Json, Transaction
from storage.evaluations import Evaluation
from storage.findings import Finding
from storage.forgetting import without
from storage.messages import Address, Content
from storage.people import Person
from storage.quoting import corrected, is_quoted, quoted
from storage.requests import Who
from tests.databases import fresh_database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PIECE = 6
numbers = count(1)

EVALUATION = Evaluation(
    id=1, team="T1", model="churn", version="1", against=None, window="all", status="done", asked_by=("UAUTHOR",),
    channel="C1", started_at=NOON, finished_at=NOON, verdict="pass", says=None, card="", request_id=None, measures=1,
    rows=200,
)  # fmt: skip
MEASURE = Measure(measure="accuracy", value=0.9, n=200, period="2026-W10")
RESULT = Result(
    model="churn", version="1", against=None, window=Rows(start=None, end=None, rows=200), reference=None,
    measures=(MEASURE,), checks=(),
)  # fmt: skip
FINDING = Finding(
    id=4, team="T1", model="churn", check="threshold", subject=Subject(measure="accuracy"), state="open",
    verdict="fail", says="Accuracy is low", first_evaluation=1, last_evaluation=1, judged_by=1, first_seen=NOON,
    last_seen=NOON, times=1, owner=None, until=None,
)  # fmt: skip
CHART = Chart(name="trend", title="Accuracy", alt="Accuracy by week", png=b"png")


def in_a_card(tx: Transaction, note: Annotation) -> Content:
    line = remember(tx, note)
    return cards.done(
        EVALUATION, RESULT, chart=None, changes=(), asked_by=(), window="all", talked=[line.line], quotes=[note.id]
    )


def in_a_finding(tx: Transaction, note: Annotation) -> Content:
    line = remember(tx, note)
    return finding_message(FINDING, None, talked=[line.line], quotes=[note.id], zone="UTC")


def in_a_list(tx: Transaction, note: Annotation) -> Content:
    line = NoteLine(named(tx, note), name_of(tx, Who("T1", note.author)))
    return notes_list("churn", [line], count=1, kind=None, zone="UTC")


def in_a_digest(tx: Transaction, note: Annotation) -> Content:
    line = DigestLine(
        model="churn", latest=EVALUATION, measures=(), before=(), findings=(FINDING,), windows={},
        notes=((named(tx, note), name_of(tx, Who("T1", note.author))),),
    )  # fmt: skip
    return digest_message([line], more=0, persona=None, now=NOON, zone="UTC")


def in_a_trend(tx: Transaction, note: Annotation) -> Content:
    marked = MarkedNote(Marker("2026-W10", f"A-{note.id}"), note.id, named(tx, note).text)
    return trend_message("churn", [MEASURE], told=[MEASURE], chart=CHART, marked=[marked], notes=1)


PLACES: dict[str, Callable[[Transaction, Annotation], Content]] = {
    "card": in_a_card, "finding": in_a_finding, "list": in_a_list, "digest": in_a_digest, "trend": in_a_trend,
}  # fmt: skip


def named(tx: Transaction, note: Annotation) -> Annotation:
    return replace(note, text=with_names(tx, "T1", note.text))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with fresh_database("sqlite", tmp_path_factory) as one:
        with one.transaction() as tx:
            for user, name in (("UAUTHOR", "Mara"), ("UBOB", "Żółć Ωmega"), ("UANA", "Ñuñez")):
                person = Person(
                    team="T1", user=user, name=name, zone=None, persona=None, guest=False, bot=False, deleted=False,
                    refreshed_at=NOON,
                )  # fmt: skip
                people.remember(tx, person)
        yield one


def written(signs: str) -> st.SearchStrategy[str]:
    """Notes of anything that people type: white space of all kinds, mentions, links, signs, pictures, one letter or a
    thousand. Of signs that stand nowhere else in a message, so that nothing else is taken for a piece of them."""
    spaces = st.sampled_from([" ", "  ", "\n", "\n\n", "\t", "\u00a0", "\u2028", "\u200b"])
    things = st.sampled_from(
        ["<@UBOB>", "<@UANA>", "(https://ж.цщ/?ф&ю=<ъ>)", "💣💣", "🔥", "”", "“”", "A-1 “", "&amp;", "> "]
    )
    words = st.text(alphabet=signs, min_size=1, max_size=20)
    pieces = st.lists(st.one_of(words, words, spaces, things), min_size=1, max_size=40)
    few = st.builds("".join, pieces)
    return st.builds(lambda text, times: text * times, few, st.sampled_from([1, 1, 1, 30])).filter(lambda t: t.strip())


@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(first=written("жцщфю&<>!"), second=written("おなにぬの"))
def test_after_an_edit_the_old_words_are_gone_and_after_a_deletion_all_are(
    database: Database, first: str, second: str
) -> None:
    ts = f"5.{next(numbers):06}"
    place = {"team": "T1", "channel": "C1", "ts": ts}
    with database.transaction() as tx:
        note = annotations.keep(
            tx, team="T1", channel="C1", ts=ts, author="UAUTHOR", persona="analyst", text=first,
            anchor=Anchor(model="churn"), thread="1.000001", permalink="https://x.test/archives/C1/p5?thread_ts=1&cid=C1",
            now=NOON,
        )  # fmt: skip
        assert note is not None
        for name, content_of in PLACES.items():
            content = content_of(tx, note)
            assert content.quotes == (note.id,)
            address = Address(team="T1", channel="C1")
            messages.want(tx, key=f"{name} {ts}", kind="message", address=address, content=content, now=NOON)
        shown = {text: with_names(tx, "T1", text) for text in (first, second)}
    with database.transaction() as tx:
        annotations.revise(tx, **place, text=second, edit=Edit("6.0"), now=NOON)
    things = pieces("(https://ж.цщ/?ф&ю=<ъ>)@Żółć Ωmega@Ñuñez💣💣🔥") | pieces(shown[second])
    told = everything(database, ts)
    assert [n for n, t in told.items() if (pieces(shown[first]) - things) & pieces(t)] == []
    assert [n for n, t in told.items() if "<@U" in t or "(edited)" in t] == []
    with database.transaction() as tx:
        annotations.erase(tx, **place, now=NOON)
    told = everything(database, ts)
    assert [n for n, t in told.items() if (pieces(shown[first]) | pieces(shown[second])) & pieces(t)] == []
    assert all(f"A-{note.id} (deleted)" in told_there for told_there in told.values())


def everything(database: Database, ts: str) -> dict[str, str]:
    """All that a message says, without what its escapes hide."""
    found = {}
    with database.reading() as tx:
        for name in PLACES:
            stored = messages.get(tx, f"{name} {ts}")
            assert stored is not None
            content = asdict(stored.content) | {"picture": str(stored.content.picture)}
            found[name] = html.unescape(json.dumps(content, ensure_ascii=False).replace('\\"', '"'))
    return found


def pieces(text: str) -> set[str]:
    """Every run of so many signs in a row, without white space and quotation marks: a quote has those around it."""
    signs = re.sub(r'[\s“”"\u200b]', "", text)
    return {signs[start : start + PIECE] for start in range(len(signs) - PIECE + 1)}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("fire  Bob", "• “fire Bob” *Mara* · <https://x.test/p5|A-9>"),
        ("fire\u00a0Bob", ":speech_balloon: “fire Bob” Mara, 2 Mar"),
        ("!!! ??? " * 30, ":speech_balloon: Said before: “!!! ??? !!! ???…” (Mara, 2 Mar 2026) · A-9"),
        ("fraud: <@U1> lied 1, <@U2> lied 2, ", "*A-9* (2026-W10) fraud: @Jo lied 1, @A…"),
    ],
)
def test_of_older_messages_a_line_with_the_notes_id_goes_else_all_their_words(said: str, shown: str) -> None:
    block: Json = {"type": "section", "text": {"type": "mrkdwn", "text": f"*1 note*\n{shown}"}}
    content = Content(text=f"1 note\n{shown}", blocks=(block,), quotes=(9,))
    for now_says, instead in ((None, "(deleted)"), ("something else", "(edited)")):
        after = without(content, 9, said, now_says=now_says)
        assert instead in after.text
        assert not [word for word in ("fire", "Bob", "???", "fraud", "lied") if word in f"{after.text}{after.blocks}"]


def test_a_note_that_names_another_ones_id_is_not_taken_for_it(database: Database) -> None:
    with database.transaction() as tx:
        note = annotations.keep(
            tx, team="T1", author="UAUTHOR", persona=None, text="\n• A-77 “not its words”",
            anchor=Anchor(model="churn"), channel="C1", ts="9.000001", thread=None, permalink=None, now=NOON,
        )  # fmt: skip
        assert note is not None
        content = in_a_list(tx, note)
    assert f'• A-{note.id} “• A-77 "not its words"”' in content.text
    assert not is_quoted(content.text, 77)


def test_words_that_were_edited_after_they_were_read_are_not_brought_back(database: Database) -> None:
    with database.transaction() as tx:
        note = annotations.keep(
            tx, team="T1", author="U1", persona=None, text="Bob took the money", anchor=Anchor(model="small"),
            channel="C1", ts="1.1", thread="1.0", permalink=None, now=NOON,
        )  # fmt: skip
        assert note is not None
        read = quoted(note.id, note.text, most=200, lead="• ", rest=" *Mara*")
        annotations.revise(tx, team="T1", channel="C1", ts="1.1", text="nothing to see", edit=Edit("2.0"), now=NOON)
        messages.want(
            tx, key="k", kind="message", address=Address(team="T1", channel="C1"),
            content=Content(read, quotes=(note.id,)), now=NOON,
        )  # fmt: skip
        wanted = messages.get(tx, "k")
    assert wanted is not None
    assert wanted.content.text == f"• A-{note.id} “nothing to see” *Mara*"


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("A-7 “nothing to see here” *Mara*", None),
        ("A-7 “nothing to…” *Mara*", None),
        ("A-7 “nothing to se", None),
        ("A-7 “nothing” *Mara*", "A-7 “nothing to see here” *Mara*"),
        ("A-7 “Bob to…” *Mara*", "A-7 “nothing to see here” *Mara*"),
        ("A-70 “Bob took it” *Mara*", None),
    ],
)
def test_a_quotation_is_corrected_where_its_words_are_not_the_notes(line: str, after: str | None) -> None:
    assert corrected(line, 7, "nothing to see here") == (after or line)


def test_a_list_of_notes_says_how_many_there_are_and_how_to_see_the_older_ones(database: Database) -> None:
    with database.transaction() as tx:
        note = annotations.keep(
            tx, team="T1", author="U1", persona=None, text="we wait", anchor=Anchor(model="churn"),
            channel="C1", ts="9.000002", thread=None, permalink=None, now=NOON,
        )  # fmt: skip
    assert note is not None
    shown = notes_list("churn", [NoteLine(note, "Mara")], count=18, kind="decision", zone="UTC").text
    older = f"`notes churn --kind decision --before A-{note.id}`"
    assert f"*The newest 1 of 18 decisions on churn*. Older ones: {older}" in shown
