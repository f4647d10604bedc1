"""Troubles by chance: the same seed gives the same troubles, and their shares are as they were set."""

from __future__ import annotations

from http.client import RemoteDisconnected

import httpx2
import pytest

from bot.workspace import Likely, Odds
from bot.workspace.troubles import Chances, Fault, Mishaps

from .stage import Stage

ODDS = Odds(drop_before=0.1, drop_after=0.2, late=0.1, fail=0.1)


def fates(seed: int, *methods: str) -> list[str]:
    chances = Chances()
    chances.set({"chat.*": ODDS}, seed=seed)
    return [named(chances.take(method)) for method in methods]


def named(fault: Fault | None) -> str:
    if fault is None:
        return "through"
    return fault.drop or ("late" if fault.delay else str(fault.status))


def test_the_seed_decides_and_other_methods_change_nothing() -> None:
    calls = ["chat.postMessage"] * 200
    alone = fates(1, *calls)
    assert fates(1, *calls) == alone
    assert fates(2, *calls) != alone
    mixed = fates(1, *[name for call in calls for name in (call, "chat.update")])
    assert mixed[::2] == alone
    assert set(fates(1, *["auth.test"] * 50)) == {"through"}


def test_the_shares_are_as_they_were_set() -> None:
    found = fates(3, *["chat.postMessage"] * 10_000)
    shares = {fate: found.count(fate) / 10_000 for fate in set(found)}
    assert shares == pytest.approx({"before": 0.1, "after": 0.2, "late": 0.1, "503": 0.1, "through": 0.5}, abs=0.02)


def test_a_call_can_be_dropped_before_or_after_slack_acted(stage: Stage) -> None:
    stage.workspace.chance({"chat.postMessage": Odds(drop_before=1.0)})
    with pytest.raises(RemoteDisconnected):
        stage.post("before")
    stage.workspace.chance({"chat.postMessage": Odds(drop_after=1.0)})
    with pytest.raises(RemoteDisconnected):
        stage.post("after")
    stage.workspace.unfaulted()
    stage.post("fine")
    assert [message["text"] for message in stage.workspace.messages(stage.channel)] == ["after", "fine"]


def test_response_urls_and_uploads_have_their_odds_too(stage: Stage) -> None:
    address = stage.workspace.records.new_response_url(stage.app, stage.channel, stage.ann)
    upload = stage.client.files_getUploadURLExternal(filename="a.csv", length=1)["upload_url"]
    stage.workspace.chance({"response_url": Odds(drop_after=1.0), "upload": Odds(fail=1.0)})
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(address, json={"text": "taken"})
    assert httpx2.post(upload, content=b"a").status_code == 503
    assert [message["text"] for message in stage.workspace.ephemerals(stage.channel, stage.ann)] == ["taken"]


def test_the_fates_of_events_are_decided_by_a_seed() -> None:
    likely = Likely(twice=0.2, late=0.1, answer_lost=0.1)

    def decided(seed: int) -> list[str]:
        mishaps = Mishaps()
        mishaps.set(likely, seed=seed)
        return [mishaps.fate() for _ in range(5_000)]

    found = decided(1)
    assert decided(1) == found
    assert decided(2) != found
    shares = {fate: found.count(fate) / 5_000 for fate in set(found)}
    assert shares == pytest.approx({"twice": 0.2, "late": 0.1, "answer lost": 0.1, "as sent": 0.6}, abs=0.03)
