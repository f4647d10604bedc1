"""One frozen Settings, read from the environment; everything wrong with it is said in one message."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from analysis.errors import UserError
from analysis.near_names import did_you_mean

Mode = Literal["socket", "http", "none"]


def half_the_cores() -> int:
    return max(1, (os.cpu_count() or 2) // 2)


class Settings(BaseSettings):
    """What an operator can set. Every field is one environment variable; its description is its line in the README."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", env_ignore_empty=True)

    home: Path = Field(
        Path("~/.parley"), validation_alias="PARLEY_HOME", description="where Parley keeps its files (demo: `demo/`)"
    )
    database_url: str = Field(
        "",
        validation_alias="PARLEY_DATABASE_URL",
        description="`sqlite:///…` or `postgresql://…`; default SQLite in the home",
    )
    models: Path | None = Field(
        None, validation_alias="PARLEY_MODELS", description="the folder of model cards; default `models/` in the home"
    )
    sources: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias="PARLEY_SOURCES",
        description="what model cards made in Slack may read, separated by commas; nothing by default",
    )
    shared_channels: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias="PARLEY_SHARED_CHANNELS",
        description="ids of channels shared with another organization in which Parley answers all the same, separated "
        "by commas; none by default",
    )
    host: str = Field("127.0.0.1", validation_alias="PARLEY_HOST", description="the address to listen on")
    port: int = Field(8000, ge=0, le=65535, validation_alias="PARLEY_PORT", description="the port to listen on")
    url: str | None = Field(None, validation_alias="PARLEY_URL", description="the public base address, for links")
    jobs: int = Field(
        default_factory=half_the_cores,
        ge=1,
        validation_alias="PARLEY_JOBS",
        description="evaluations at once; default half the cores, at least 1",
    )
    job_seconds: int = Field(
        900, ge=1, validation_alias="PARLEY_JOB_SECONDS", description="the longest an evaluation may take"
    )
    retention_days: int = Field(
        30,
        ge=2,
        validation_alias="PARLEY_RETENTION_DAYS",
        description="days after which answered requests, and the words and pictures of messages that Slack shows, "
        "are removed here; default 30, at least 2",
    )
    dask: str | None = Field(
        None,
        validation_alias="PARLEY_DASK",
        description="the address of a Dask scheduler that reads logs; default this machine",
    )
    bot_token: SecretStr | None = Field(
        None, validation_alias="SLACK_BOT_TOKEN", description="the bot's token (`xoxb-…`)"
    )
    app_token: SecretStr | None = Field(
        None, validation_alias="SLACK_APP_TOKEN", description="the app-level token (`xapp-…`): Socket Mode"
    )
    signing_secret: SecretStr | None = Field(
        None, validation_alias="SLACK_SIGNING_SECRET", description="the signing secret: HTTP at `/slack/events`"
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="where Slack's Web API is; ends in `/api/`",
    )
    client_id: str | None = Field(
        None, validation_alias="SLACK_CLIENT_ID", description="refused until many workspaces are supported"
    )
    client_secret: SecretStr | None = Field(
        None, validation_alias="SLACK_CLIENT_SECRET", description="refused until many workspaces are supported"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _not_blank(cls, given: object) -> object:
        """An empty variable is one that isn't set; one of spaces is a mistake."""
        if isinstance(given, str) and given and not given.strip():
            raise ValueError("is blank; give it a value or unset it")
        return given

    @field_validator("home", "models", mode="after")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        try:
            return path.expanduser().resolve() if path is not None else None
        except (OSError, RuntimeError) as error:
            raise ValueError(f"can't be followed to a folder ({str(error).rstrip('.')})") from None

    @field_validator("bot_token", "app_token", mode="after")
    @classmethod
    def _one_word(cls, token: SecretStr | None) -> SecretStr | None:
        """HTTP could not send it."""
        written = token.get_secret_value() if token is not None else ""
        if not written.isascii() or not written.isprintable() or " " in written:
            raise ValueError("has a character that is in no token; copy it anew from the app's settings")
        return token

    @field_validator("sources", "shared_channels", mode="before")
    @classmethod
    def _separated_by_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url", mode="after")
    @classmethod
    def _known_database(cls, url: str) -> str:
        from storage.engines import sqlite_file

        if url:
            try:
                sqlite_file(url)
            except UserError as error:
                raise ValueError(str(error)) from None
        return url

    @field_validator("url", mode="after")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and not _is_address(url, ("http", "https")):
            raise ValueError("must be an address such as https://parley.example.com")
        return url

    @field_validator("slack_api_url", mode="after")
    @classmethod
    def _ends_in_api(cls, url: str) -> str:
        if not _is_address(url, ("http", "https")) or not url.endswith("/api/"):
            raise ValueError("must be an http(s) address that ends in /api/")
        return url

    @field_validator("dask", mode="after")
    @classmethod
    def _scheduler(cls, address: str | None) -> str | None:
        given = address if address is None or "://" in address else f"tcp://{address}"
        if given is not None and not _is_address(given, ("tcp", "tls", "ws", "wss", "ucx"), port=True):
            raise ValueError("must be a scheduler's address such as tcp://127.0.0.1:8786")
        return address

    @field_validator("client_id", "client_secret", mode="after")
    @classmethod
    def _one_workspace(cls, given: object) -> None:
        """Bolt would switch to OAuth silently."""
        if given:
            raise ValueError("is refused: Parley serves one workspace; unset it, and give SLACK_BOT_TOKEN")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'parley.db'}"

    @property
    def cards(self) -> Path:
        return self.models or self.home / "models"

    @property
    def mode(self) -> Mode:
        """How Slack reaches us. With both given it is Socket Mode, and the start says so."""
        if self.bot_token and self.app_token:
            return "socket"
        if self.bot_token and self.signing_secret:
            return "http"
        return "none"


def _is_address(text: str, schemes: tuple[str, ...], *, port: bool = False) -> bool:
    try:
        parts = urlsplit(text)
        has_port = parts.port is not None
    except ValueError:
        return False
    in_order = text.isascii() and text.isprintable() and " " not in text
    return in_order and parts.scheme in schemes and bool(parts.hostname) and (has_port or not port)


def variable(field: str) -> str:
    return str(Settings.model_fields[field].validation_alias)


def read_settings(**overrides: object) -> Settings:
    """The settings of this process. Raises UserError that names all wrong ones at once."""
    try:
        return _read(overrides)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The file .env can't be read ({error}); mend it, or start somewhere else.") from None


def _read(overrides: Mapping[str, object]) -> Settings:
    lines = [_unknown(name) for name in _given(overrides) if _is_unknown(name)]
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # keyed by variable, as the environment is
    except ValidationError as error:
        lines += [f"  {_named(e['loc'])}{_in_words(e)}" for e in error.errors()]
    if lines:
        raise UserError("These settings are wrong; correct them and start again:\n" + "\n".join(lines))
    return settings


def _given(overrides: Mapping[str, object]) -> list[str]:
    """The names of all variables that are set, here or in the file `.env`."""
    file = overrides.get("_env_file", ".env")
    written = dotenv_values(str(file)) if file is not None else {}
    return sorted({*os.environ, *written})


def _is_unknown(name: str) -> bool:
    known = {variable(field) for field in Settings.model_fields}
    return name.startswith("PARLEY_") and not name.startswith("PARLEY_TEST_") and name not in known


def _unknown(name: str) -> str:
    known = [variable(field) for field in Settings.model_fields]
    return f"  {name}: there is no such setting{did_you_mean(name, known) or '; the README lists them all'}"


def _in_words(error: ErrorDetails) -> str:
    """What is wrong with a value, for people; our own checks say it themselves."""
    given = error.get("input")
    limits = error.get("ctx", {})
    return {
        "int_parsing": f"must be a whole number, not {given!r}",
        "greater_than_equal": f"must be at least {limits.get('ge')}, not {given}",
        "less_than_equal": f"must be at most {limits.get('le')}, not {given}",
    }.get(error["type"], error["msg"].removeprefix("Value error, "))


def need_slack(settings: Settings) -> None:
    """Refuse to serve without a way to reach Slack, and say which settings would give one."""
    if settings.mode != "none":
        return
    missing = []
    if not settings.bot_token:
        missing.append("  SLACK_BOT_TOKEN: the bot's token, xoxb-… (OAuth & Permissions in the app's settings)")
    if not settings.app_token and not settings.signing_secret:
        missing.append("  SLACK_APP_TOKEN (Socket Mode, xapp-…) or SLACK_SIGNING_SECRET (HTTP at /slack/events)")
    raise UserError("Slack is not set up; set these and start again, or try `parley demo`:\n" + "\n".join(missing))


def _named(location: tuple[int | str, ...]) -> str:
    return f"{location[0]}: " if location else ""
