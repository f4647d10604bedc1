"""`parley doctor`: looks at everything Parley needs and says what is wrong, and what is lost by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby

from analysis.card import ModelCard
from analysis.card_reading import parse_card
from analysis.errors import ParleyError, UserError
from bot.models import KnownModel, Models
from bot.settings import Settings, need_slack, read_settings
from bot.slack.api import Refused, Slack, TooFast, Unknown, web_client, why_no_identity
from bot.slack.manifest import LOST_WITHOUT
from storage.database import Database, is_made

Finding = tuple[bool, str]


def examine(say: Callable[[str], object]) -> int:
    """Say what is well and what is not; 0 when all is well, 1 when something is wrong."""
    settings = read_settings()
    findings = [*_database(settings), *_cards(settings), *_slack(settings)]
    for well, says in findings:
        say(f"{'ok   ' if well else 'WRONG'} {says}")
    return 0 if all(well for well, _ in findings) else 1


def _database(settings: Settings) -> Iterator[Finding]:
    if not is_made(settings.database):
        yield True, f"the database is not made yet: `parley serve` makes it in {settings.home}"
        return
    try:
        database = Database(settings.database)
        current = database.is_current()
        database.close()
    except Exception as error:  # the edge of one look; whatever fails here is the finding
        yield False, f"the database does not answer ({type(error).__name__}); check PARLEY_DATABASE_URL"
        return
    later = "the database has not this version's tables yet: `parley serve` or `parley db upgrade` makes them"
    yield True, "the database is up to date" if current else later


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


def _slack(settings: Settings) -> Iterator[Finding]:
    try:
        need_slack(settings)
    except UserError as error:
        yield False, str(error)
        return
    token = settings.bot_token.get_secret_value() if settings.bot_token else None
    slack = Slack(web_client(token, settings.slack_api_url))
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
