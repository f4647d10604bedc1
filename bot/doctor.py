"""`parley doctor`: looks at everything Parley needs and says what is wrong, and what is lost by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from slack_sdk import WebClient

from analysis.card_reading import parse_card
from bot.models import Models
from bot.settings import Settings, read_settings
from bot.slack.api import HTTP_TIMEOUT_SECONDS
from bot.slack.manifest import LOST_WITHOUT
from storage.database import Database

Finding = tuple[bool, str]


def examine(say: Callable[[str], object]) -> int:
    """Say what is well and what is not; 0 when all is well, 1 when something is wrong."""
    settings = read_settings()
    findings = [*_database(settings), *_cards(settings), *_slack(settings)]
    for well, says in findings:
        say(f"{'ok   ' if well else 'WRONG'} {says}")
    return 0 if all(well for well, _ in findings) else 1


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        database = Database(settings.database)
        current = database.is_current()
        database.close()
    except Exception as error:  # the edge of one look; whatever fails here is the finding
        yield False, f"the database does not answer ({type(error).__name__}); check PARLEY_DATABASE_URL"
        return
    yield (
        current,
        "the database is up to date" if current else "the database has not this version's tables: `parley db upgrade`",
    )


def _cards(settings: Settings) -> Iterator[Finding]:
    known, broken = Models(settings.cards, read=parse_card).all()
    yield bool(known), f"{len(known)} model cards in {settings.cards}"
    for card in broken:
        yield False, f"{card.path.name}: {card.why}"


def _slack(settings: Settings) -> Iterator[Finding]:
    if settings.mode == "none":
        yield False, "Slack is not set up: SLACK_BOT_TOKEN with SLACK_APP_TOKEN or SLACK_SIGNING_SECRET"
        return
    token = settings.bot_token.get_secret_value() if settings.bot_token else None
    client = WebClient(token=token, base_url=settings.slack_api_url, timeout=HTTP_TIMEOUT_SECONDS)
    try:
        answer = client.auth_test()
    except Exception as error:  # the edge of one look
        yield False, f"Slack does not take the bot's token ({type(error).__name__}: {str(error)[:120]})"
        return
    yield True, f"Slack knows us as {answer.get('user')} in {answer.get('team')}, by {settings.mode}"
    header = {k.lower(): v for k, v in answer.headers.items()}.get("x-oauth-scopes", "")
    granted = {scope.strip() for scope in str(header).split(",")}
    for scope, lost in LOST_WITHOUT.items():
        if scope not in granted:
            yield False, f"the scope {scope} is missing: {lost}"
