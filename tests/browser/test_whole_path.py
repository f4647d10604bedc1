"""The whole path in a real browser: ask, see the card with its picture, talk in the thread, find it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.models import write_small_model
from tests.stage import Mode, Stage, staged

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OpenPage = Callable[..., Page]
SECONDS_FOR_A_CARD = 20


@pytest.fixture(params=["socket", "http"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    mode: Mode = request.param
    write_small_model(tmp_path / "models")
    with staged(tmp_path, mode=mode) as found:
        yield found


def test_a_person_asks_sees_the_card_replies_and_finds_the_note(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(f"{stage.server.url}#{stage.channel}", you=stage.mara)
    write(page, "Message #models", "/parley evaluate small")
    messages = page.get_by_role("log", name="Messages")
    card = messages.locator(".message", has=page.get_by_role("heading", name="small needs attention"))
    picture = card.locator("img.large")
    expect(picture).to_be_visible(timeout=SECONDS_FOR_A_CARD * 1000)
    expect(picture).not_to_have_js_property("naturalWidth", 0)
    assert len(picture.get_attribute("alt") or "") > 20
    stage.quiet()

    card.hover()
    card.get_by_role("button", name="Reply in thread").click()
    write(page, "Reply…", "The carrier changed in the south, ask Jonas")
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_text("The carrier changed in the south")).to_be_visible()
    stage.quiet()

    write(page, "Message #models", "/parley notes small")
    answer = messages.locator(".ephemeral", has_text="The carrier changed in the south")
    expect(answer).to_be_visible(timeout=SECONDS_FOR_A_CARD * 1000)
    expect(answer.get_by_text("Only visible to you")).to_be_visible()


def write(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label)
    field.fill(text)
    field.press("Enter")
