"""The `parley` command. It imports nothing heavy: each command imports what it needs when it runs."""

from __future__ import annotations

import errno
import logging
import os
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer

from analysis.errors import ParleyError

WRONG_INPUT = 2
ANYTHING_ELSE = 3
REFUSED_BY_THE_MACHINE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

app = typer.Typer(
    name="parley",
    help="Model evaluations in the Slack conversation where the people who share a model already talk.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")


@app.command()
def evaluate(
    model_card: Annotated[Path, typer.Argument(metavar="MODEL_CARD", help="the YAML file that describes the model")],
    window: Annotated[
        str, typer.Option(help="all, last 7 days, 2026-03, 2026-03-01..2026-03-31, rows 0..50000")
    ] = "all",
    version: Annotated[str | None, typer.Option(help="the version to judge; the champion when not given")] = None,
    against: Annotated[str | None, typer.Option(help="the version to compare it with")] = None,
    json: Annotated[str | None, typer.Option(metavar="FILE|-", help="write the result as JSON")] = None,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="write a report for readers")] = None,
    allow_unjudged: Annotated[
        bool, typer.Option("--allow-unjudged", help="end with 0 also where a check of the model card wasn't judged")
    ] = False,
    seconds: Annotated[
        int, typer.Option(envvar="PARLEY_JOB_SECONDS", min=1, help="the longest the evaluation may take")
    ] = 900,
) -> None:
    """Evaluate a model here, without Slack. Exit status: 0 no check failed, 1 a check failed, 2 wrong input, 3 anything
    else, 4 nothing failed, but a check that the model card asks for could not be judged."""
    from bot.evaluate_cli import evaluate_in_terminal

    raise typer.Exit(
        evaluate_in_terminal(
            model_card, window, version, against, json, html, allow_unjudged=allow_unjudged, seconds=seconds
        )
    )


@app.command()
def suggest(
    model_card: Annotated[Path, typer.Argument(metavar="MODEL_CARD", help="the YAML file that describes the model")],
) -> None:
    """Propose checks for a model card, with what they would have said over the past periods."""
    from bot.suggest_cli import suggest_in_terminal

    suggest_in_terminal(model_card)


@app.command()
def serve(
    role: Annotated[str, typer.Option(help="web, worker, clock or all")] = "all",
) -> None:
    """Serve a Slack workspace: listen, evaluate, post, keep the clock."""
    from bot.serving import serve as run

    _keep_to_ourselves()
    run(role)


@app.command()
def demo(
    port: Annotated[
        int, typer.Option(envvar="PARLEY_PORT", min=0, max=65535, help="the port of the local workspace")
    ] = 8765,
    fresh: Annotated[bool, typer.Option("--fresh", help="forget the last demo and tell the story anew")] = False,
) -> None:
    """A local Slack-like workspace with the bot in it, and the story of a retail team."""
    from bot.demo.run import run

    _keep_to_ourselves()
    run(port=port, fresh=fresh)


@app.command()
def workspace(
    port: Annotated[
        int, typer.Option(envvar="PARLEY_PORT", min=0, max=65535, help="the port of the page and the API")
    ] = 8765,
) -> None:
    """The local Slack-like workspace alone, for trying a bot on."""
    from bot.home import make_home
    from bot.only_process import only_process
    from bot.settings import read_settings
    from bot.workspace import run

    _keep_to_ourselves()
    home = read_settings().home
    make_home(home)
    with only_process(home / "workspace"):
        run("127.0.0.1", port, home / "workspace")


@app.command()
def manifest(
    http: Annotated[
        str | None, typer.Option(metavar="URL", help="the public base address; without it Socket Mode")
    ] = None,
) -> None:
    """Print the Slack app's manifest: paste it at Slack to make the app."""
    from bot.slack.manifest import manifest_json

    typer.echo(manifest_json(http))


@app.command()
def doctor(
    try_: Annotated[
        str | None, typer.Option("--try", metavar="CHANNEL", help="also post a picture there, and remove it again")
    ] = None,
) -> None:
    """Look at the settings, the database, Slack's scopes and the model cards, and say what is wrong."""
    from bot.doctor import examine

    raise typer.Exit(examine(typer.echo, channel=try_))


@db.command()
def upgrade() -> None:
    """Bring the database's tables up to this version."""
    from bot.upgrading import upgrade as run

    _keep_to_ourselves()
    typer.echo(run())


def _keep_to_ourselves() -> None:
    """Whatever this process and its children make is for this user alone."""
    os.umask(0o077)


def main() -> None:
    """Run the command; errors that are written for people end it in one clear sentence."""
    try:
        app(prog_name="parley", standalone_mode=True)
    except ParleyError as error:
        print(f"parley: {error}", file=sys.stderr)  # noqa: T201  # the terminal is this file's reader
        sys.exit(WRONG_INPUT)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the edge of the program
        sys.exit(_unforeseen(error))


def _unforeseen(error: Exception) -> int:
    """The exit status, once it was said: what the machine refuses is one sentence, all else is a bug of ours."""
    if isinstance(error, OSError) and error.errno in REFUSED_BY_THE_MACHINE:
        print(f"parley: {error.filename or 'A file'} can't be used: {error.strerror}.", file=sys.stderr)  # noqa: T201  # as above
        return WRONG_INPUT
    reference = uuid.uuid4().hex[:8]
    logging.getLogger("parley").exception("it broke, reference %s", reference)
    print(f"parley: Something went wrong; please report it with the reference {reference}.", file=sys.stderr)  # noqa: T201  # as above
    return ANYTHING_ELSE


if __name__ == "__main__":
    main()
