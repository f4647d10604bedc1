"""`parley doctor`: looks at everything Parley needs and says what is wrong, and what is lost by it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from analysis.card import ModelCard
from analysis.card_reading import parse_card
from analysis.errors import ParleyError, UserError
from analysis.judgement.wording import plural
from bot.models import KnownModel, Models
from bot.settings import Settings, need_slack, read_settings
from bot.slack.api import Refused, Slack, TooFast, Unknown, web_client, why_no_identity, why_no_socket
from bot.slack.manifest import LOST_WITHOUT
from bot.trying import try_posting
from storage import messages, private, requests
from storage.database import Database
from storage.engines import sqlite_file, sqlite_files

Finding = tuple[bool, str]

MOST_DEAD_NAMED = 3
LEAST_FREE_BYTES = 500_000_000
SECONDS_OFF = 5.0
"""Slots and leases go by the database's clock, and Slack's signatures by this machine's."""
SECONDS_FOR_DASK = 3.0


def examine(
    say: Callable[[str], object], *, channel: str | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int:
    """Say what is well and what is not; 0 when all is well, 1 when something is wrong.

    With a channel one message with a picture is posted there, step by step, and removed again."""
    settings = read_settings()
    all_well = True
    for well, says in _findings(settings, channel, now):
        say(f"{'ok   ' if well else 'WRONG'} {says}")
        all_well = all_well and well
    return 0 if all_well else 1


def _findings(settings: Settings, channel: str | None, now: Callable[[], datetime]) -> Iterator[Finding]:
    yield from _home(settings.home)
    yield from _database(settings, now)
    yield from _cards(settings)
    yield from _sources(settings.sources)
    yield from _dask(settings.dask)
    yield from _slack(settings, channel)


def _home(home: Path) -> Iterator[Finding]:
    there = _nearest(home)
    if not there.is_dir():
        yield False, f"{there} is a file, so the home {home} can't be made: set PARLEY_HOME to a folder"
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield False, f"this user can't write to {there}: change its owner or its mode, or set PARLEY_HOME"
    if home.is_dir() and private.is_open_to_others(home):
        yield False, f"others can read the home {home}: `chmod 700 {home}`"
    free = shutil.disk_usage(there).free
    yield free >= LEAST_FREE_BYTES, f"{free / 1e9:,.1f} GB are free in {there}"


def _database(settings: Settings, now: Callable[[], datetime]) -> Iterator[Finding]:
    file = sqlite_file(settings.database)
    if file is not None:
        yield from _sqlite(file)
        if not file.exists():
            return
    database = Database(settings.database, only_look=True)
    try:
        standing = database.standing()
        yield (
            True,
            {
                "empty": "the database is empty: `parley serve` or `parley db upgrade` makes its tables",
                "older": "the database has older tables: `parley serve` or `parley db upgrade` brings them up to date",
                "current": "the database is up to date",
                "newer": "a newer Parley upgraded the database, and this version works with it",
            }[standing],
        )
        if standing in ("current", "newer"):
            yield from _dead(database)
        if not database.is_sqlite:
            yield _clock(database.now(), now())
    except UserError as error:
        yield False, str(error)
    finally:
        database.close()


def _dead(database: Database) -> Iterator[Finding]:
    """What was tried too often, or refused for good: the newest few, so that somebody can look them up in the log."""
    with database.reading() as tx:
        counts = requests.count_dead(tx), messages.count_dead(tx)
        unanswered, unposted = requests.dead(tx, limit=MOST_DEAD_NAMED), messages.dead(tx, limit=MOST_DEAD_NAMED)
    if counts[0]:
        named = ", ".join(f"`{one.command}` on {one.died_at:%-d %b %Y at %H:%M} UTC" for one in unanswered)
        yield False, f"{plural(counts[0], 'request')} couldn't be answered, the newest: {named}"
    if counts[1]:
        named = ", ".join(f"{one.key} ({one.reason})" for one in unposted)
        yield True, f"{plural(counts[1], 'message')} couldn't be posted (whoever asked was told): {named}"


def _sqlite(file: Path) -> Iterator[Finding]:
    """Whether SQLite could write; it needs to make files beside its own."""
    if not file.exists():
        yield True, f"the database is not made yet: `parley serve` makes {file}"
    for place in (file if file.exists() else _nearest(file), _nearest(file.parent)):
        if not os.access(place, os.W_OK):
            yield False, f"the database needs to write to {place}, and this user can't: change its owner or its mode"
    for part in sqlite_files(file):
        if private.is_open_to_others(part):
            yield False, f"others can read {part}: `chmod 600 {part}`"


def _clock(there: datetime, here: datetime) -> Finding:
    seconds = (here - there).total_seconds()
    if abs(seconds) <= SECONDS_OFF:
        return True, "this machine's clock and the database's agree"
    off = "ahead of" if seconds > 0 else "behind"
    return False, f"this machine's clock is {abs(seconds):,.0f} s {off} the database's: set both by NTP"


def _cards(settings: Settings) -> Iterator[Finding]:
    folder = settings.cards
    if not folder.is_dir():
        yield False, f"there is no folder {folder} for model cards: make it, or name another with PARLEY_MODELS"
        return
    known, broken = Models(folder, read=parse_card).all()
    if not known and not broken:
        yield False, f"there is no model card in {folder}: put one there (the README shows one)"
    for card in broken:
        yield False, f"{card.path.name}: {card.why}"
    for name, same in groupby(known, key=lambda k: k.card.model):
        files = [k.path.name for k in same]
        if len(files) > 1:
            yield False, f"{' and '.join(files)} are both called `{name}`: rename the model in all but one"
    for model in known:
        yield _log_of(model)


def _log_of(model: KnownModel) -> Finding:
    """Whether the log can be read and has every column that the model card names."""
    try:
        columns = _columns(model.card)
    except ParleyError as error:
        return False, f"{model.path.name}: {error}"
    except Exception as error:  # the edge of one look
        return False, f"{model.path.name}: its log can't be read ({type(error).__name__}: {str(error)[:120]})"
    return True, f"{model.path.name}: {model.card.model}, a log of {columns} columns"


def _columns(card: ModelCard) -> int:
    from analysis.known_checks import must_name_known_checks
    from analysis.log_opening import open_with_reference
    from analysis.plan import plan_for
    from analysis.windows import ALL

    must_name_known_checks(card)
    log, _ = open_with_reference(card, window=ALL, now=datetime.now(UTC))
    plan_for(card, log.columns, version=None, against=None)
    return len(log.columns)


def _sources(sources: tuple[str, ...]) -> Iterator[Finding]:
    for source in sources:
        if "://" not in source and not Path(source).expanduser().exists():
            yield False, f"PARLEY_SOURCES names {source}, and there is nothing: correct or remove it"


def _dask(address: str | None) -> Iterator[Finding]:
    if address is None:
        return
    from analysis.dask_machine import workers

    try:
        number = workers(address, seconds=SECONDS_FOR_DASK)
    except UserError as error:
        yield False, str(error)
        return
    yield number > 0, f"the Dask scheduler at {address} has {number} {'worker' if number == 1 else 'workers'}"


def _slack(settings: Settings, channel: str | None) -> Iterator[Finding]:
    try:
        need_slack(settings)
    except UserError as error:
        yield False, str(error)
        return
    slack = _client(settings, "bot_token")
    try:
        answer = slack.call("auth.test")
        granted = slack.scopes()
    except (Refused, TooFast, Unknown) as error:
        yield False, why_no_identity(error, settings.slack_api_url)
        return
    yield True, f"Slack knows us as {answer.get('user')} in {answer.get('team')}, by {settings.mode}"
    for scope, lost in LOST_WITHOUT.items():
        if scope not in granted:
            yield False, f"the scope {scope} is missing: {lost}"
    if settings.app_token is not None:
        yield _socket_mode(settings)
    if channel is not None:
        yield from try_posting(slack, channel)


def _socket_mode(settings: Settings) -> Finding:
    try:
        _client(settings, "app_token").socket_address()
    except (Refused, TooFast, Unknown) as error:
        return False, why_no_socket(error, settings.slack_api_url)
    return True, "Slack opens connections for Socket Mode"


def _client(settings: Settings, token: str) -> Slack:
    secret = getattr(settings, token).get_secret_value()
    return Slack(web_client(secret, settings.slack_api_url))


def _nearest(path: Path) -> Path:
    """The path, or what of it exists already."""
    return next(place for place in (path, *path.parents) if place.exists())
