"""`parley demo`: the local workspace with the bot in it, and the story told once."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from analysis.errors import UserError
from bot.app import Parley, build_app
from bot.demo.clock import StoryClock, utc_now
from bot.demo.people import CAST
from bot.demo.simulation import simulate
from bot.demo.story import OUTFITS, RETURNS, scenes
from bot.demo.teller import Teller
from bot.home import make_home
from bot.only_process import only_process
from bot.serving import bind, log_to_stderr
from bot.settings import Settings, read_settings
from bot.workspace import Server, Workspace

BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-demo", "xapp-demo", "demo"  # of a workspace on this machine alone
TOLD = "told"


def run(
    *, port: int, fresh: bool = False, say: Callable[[str], object] = print, stop: threading.Event | None = None
) -> None:
    """Serve the demo until it is interrupted. A second start finds the story; one that was cut short begins anew."""
    settings = read_settings()
    make_home(settings.home)
    home = settings.home / "demo"
    bind("127.0.0.1", port).close()  # a taken port is said before anything is made
    log_to_stderr(logging.WARNING)
    with ExitStack() as parts:
        parts.enter_context(only_process(home))
        if fresh or not (home / TOLD).exists():
            shutil.rmtree(home, ignore_errors=True)
        told = (home / TOLD).exists()
        home.mkdir(parents=True, exist_ok=True)
        now = utc_now()
        clock = StoryClock(now if told else scenes(now)[0].at - timedelta(hours=1))
        workspace = parts.enter_context(_workspace(home / "workspace.db", clock))
        server = parts.enter_context(Server(workspace, port=port))
        workspace.install_app(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET)
        parley = build_app(_settings(home, server.api_url), now=clock, seconds_between_messages=0.0)
        parley.start(ticking=told)
        parts.callback(parley.stop)
        if not told:
            say(f"Telling the story of three weeks in a retail team. Watch it at {server.url}")
            _tell(workspace, parley, clock, home, now, say)
            (home / TOLD).write_text(f"{now.isoformat()}\n")
            parley.clock.start()
            parts.callback(parley.clock.stop)
        say(f"The demo is at {server.url} (Ctrl-C ends it; the next start finds it again).")
        (stop or threading.Event()).wait()


def _workspace(path: Path, clock: StoryClock) -> Workspace:
    try:
        return Workspace(path=path, clock=clock, team_name="Retail (demo)")
    except sqlite3.Error as error:
        raise UserError(f"The demo in {path.parent} can't be opened ({error}); start anew with --fresh.") from None


def _settings(home: Path, api_url: str) -> Settings:
    return read_settings(
        _env_file=None,
        PARLEY_HOME=home,
        PARLEY_MODELS=home / "models",
        PARLEY_DATABASE_URL="",
        SLACK_BOT_TOKEN=BOT_TOKEN,
        SLACK_APP_TOKEN=APP_TOKEN,
        SLACK_API_URL=api_url,
    )


def _tell(
    workspace: Workspace, parley: Parley, clock: StoryClock, home: Path, now: datetime, say: Callable[[str], object]
) -> None:
    people = {p.name: workspace.add_person(p.name, real_name=p.real_name, zone=p.zone, title=p.persona) for p in CAST}
    channels = {
        model: workspace.add_channel(model, members=tuple(people.values()), topic=f"The model {model} (simulated data)")
        for model in (OUTFITS, RETURNS)
    }
    story = scenes(now)
    owners = {p.persona: people[p.name] for p in CAST}
    simulated = simulate(home, now=now, known_at=story[0].at, owners=owners)
    teller = Teller(
        workspace=workspace, people=people, channels=channels, quiet=lambda: _is_quiet(parley), tick=parley.clock.tick
    )
    for scene in story:
        clock.jump(scene.at)
        simulated.write(known_at=scene.at)
        say(f"  {scene.at:%a %-d %b}: {scene.play.__name__.replace('_', ' ')}")
        scene.play(teller)
    clock.catch_up()
    simulated.write(known_at=now)


def _is_quiet(parley: Parley) -> bool:
    health = parley.health()
    depth = health["requests"]
    return isinstance(depth, dict) and not any(depth.values()) and health["unsent"] == 0
