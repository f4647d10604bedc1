"""A real Chromium for the tests of the page, and the page in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = [
    "--no-sandbox",  # CI runs as root in a container, where Chromium's own sandbox does not start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1280, "height": 800}

OpenPage = Callable[..., Page]


def chromium() -> str | None:
    """Where this machine has a Chromium; `PARLEY_TEST_CHROMIUM` names another one."""
    named = os.environ.get("PARLEY_TEST_CHROMIUM")
    candidates = [named] if named else [*map(shutil.which, NAMES), *PLACES]
    return next((place for place in candidates if place and Path(place).exists()), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    place = chromium()
    if place is None:
        says = "no Chromium on this machine: the page was not tried"
        if os.environ.get("CI") == "true":
            pytest.fail(says)
        pytest.skip(says)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens a page as somebody; a test fails when the page reports an error or asks another machine for something."""
    troubles: list[str] = []
    with ExitStack() as opened:

        def open_page(url: str, *, you: str = "", size: dict[str, int] | None = None, **more: Any) -> Page:
            context = browser.new_context(viewport=size or DESK, **more)  # type: ignore[arg-type]  # a plain dict
            opened.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
            page.on("request", lambda request: _mind(request.url, url, troubles))
            page.set_default_timeout(10_000)
            if you:
                page.add_init_script(f"localStorage.you ??= '{you}'")
            page.goto(url)
            return page

        yield open_page
    assert troubles == []


def _mind(asked: str, home: str, troubles: list[str]) -> None:
    own = "/".join(home.split("/")[:3])
    if not asked.startswith((own, "data:", "about:")):
        troubles.append(f"the page asked for {asked}")
