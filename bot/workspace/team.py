"""One Slack team as everyone in it sees it: people, channels, apps, and the ids and times that things get."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from .payload_folder import PayloadFolder
from .refusal import Refusal
from .state import State
from .values import App, Happening, Json

ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
ID_LENGTH = 10
TRIGGER_SECONDS = 3
TRIGGERS_KEPT = 1000
RESPONSE_URL_MINUTES = 30
RESPONSE_URL_USES = 5


def utc_now() -> datetime:
    return datetime.now(UTC)


class Team:
    """What the Web API, the people and the page have in common. Whoever reads and then writes holds `state.lock`."""

    def __init__(
        self, state: State, *, clock: Callable[[], datetime], seed: int, name: str, payloads: Path | None
    ) -> None:
        self.state = state
        self.clock = clock
        self.payloads = PayloadFolder(payloads)
        self.base_url = "http://127.0.0.1:0/"  # a server says where it really is
        self.socket_ticket: Callable[[App], str] = lambda _app: ""
        self.file_seconds = 0.1
        self.unfurl_seconds: float | None = 0.1  # None: links get no previews
        self.shares_name_the_bot = False  # whether a file that an app shares comes with its `bot_id`
        self.changed: Callable[[Json], None] = lambda _change: None  # who watches the page is told here
        self.later: Callable[[float, Callable[[], list[Happening]]], None] = _at_once
        self._seed = seed
        self._triggers: dict[str, Json] = {}
        self.name = state.fact("team name") or name
        self.id = state.fact("team") or self.new_id("T")
        state.keep_fact("team", self.id)
        state.keep_fact("team name", self.name)

    @property
    def domain(self) -> str:
        return "-".join(self.name.lower().split())

    def now(self) -> datetime:
        return self.clock()

    def new_id(self, prefix: str) -> str:
        """An id that the seed and the count of ids before it decide: a told story has the same ids each time."""
        number = int.from_bytes(hashlib.sha256(f"{self._seed}:{self.state.next_number()}".encode()).digest()[:8])
        letters = ""
        while len(letters) < ID_LENGTH - 1:
            number, letter = divmod(number, len(ALPHABET))
            letters += ALPHABET[letter]
        return f"{prefix}0{letters[1:]}"

    def new_ts(self, channel: str) -> str:
        """The next message time of a channel: the clock's, or just after the last one."""
        with self.state.lock:
            micros = round(self.now().timestamp() * 1_000_000)
            micros = max(micros, int(self.state.fact(f"ts {channel}") or 0) + 1)
            self.state.keep_fact(f"ts {channel}", str(micros))
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    # Apps

    def apps(self) -> list[App]:
        return [_app(body) for body in self.state.documents("app")]

    def keep_app(self, app: App) -> None:
        body = {name: getattr(app, name) for name in App.__slots__} | {"scopes": sorted(app.scopes)}
        self.state.keep("app", app.app_id, body)

    def app_of(self, bot_token: str) -> App | None:
        return next((app for app in self.apps() if app.bot_token == bot_token), None)

    # People

    def person(self, user: str) -> Json:
        found = self.state.document("person", user)
        if found is None:
            raise Refusal("user_not_found")
        return found

    def person_named(self, name: str) -> Json | None:
        return next((person for person in self.state.documents("person") if person["name"] == name), None)

    def new_person(
        self, name: str, *, real_name: str, zone: str, title: str, guest: bool, app: Json | None = None, home: str = ""
    ) -> Json:
        now = self.now().astimezone(ZoneInfo(zone))
        offset = now.utcoffset()
        person: Json = {
            "id": self.new_id("U"),
            "team_id": home or self.id,
            "name": name,
            "deleted": False,
            "real_name": real_name,
            "tz": zone,
            "tz_label": now.tzname() or zone,
            "tz_offset": int(offset.total_seconds()) if offset is not None else 0,
            "profile": {
                "real_name": real_name,
                "display_name": real_name,
                "title": title,
                "team": home or self.id,
                **(app or {}),
            },
            "is_admin": False,
            "is_owner": False,
            "is_restricted": guest,
            "is_ultra_restricted": False,
            "is_bot": app is not None,
            "is_app_user": False,
            "updated": int(now.timestamp()),
        }
        self.state.keep("person", person["id"], person)
        return person

    # Channels

    def channel(self, channel: str) -> Json:
        found = self.state.document("channel", channel)
        if found is None:
            raise Refusal("channel_not_found")
        return found

    def channel_named(self, name: str) -> Json | None:
        return next((channel for channel in self.state.documents("channel") if channel["name"] == name), None)

    def new_channel(self, name: str, *, private: bool, topic: str, with_app: bool, creator: str) -> Json:
        channel: Json = {
            "id": self.new_id("C"),
            "name": name,
            "is_channel": not private,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": private,
            "is_archived": False,
            "is_general": False,
            "is_shared": False,
            "is_ext_shared": False,
            "is_org_shared": False,
            "created": int(self.now().timestamp()),
            "creator": creator,
            "context_team_id": self.id,
            "topic": {"value": topic, "creator": creator if topic else "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "with_app": with_app,
        }
        self.state.keep("channel", channel["id"], channel)
        return channel

    def direct(self, app: App, user: str) -> Json:
        """The conversation between an app and one person, made when it is first needed."""
        name = f"{app.bot_user} {user}"
        with self.state.lock:
            found = self.channel_named(name)
            if found is not None:
                return found
            self.person(user)
            channel: Json = {
                "id": self.new_id("D"),
                "name": name,
                "is_channel": False,
                "is_group": False,
                "is_im": True,
                "is_mpim": False,
                "is_private": True,
                "is_archived": False,
                "is_ext_shared": False,
                "is_org_shared": False,
                "created": int(self.now().timestamp()),
                "context_team_id": self.id,
                "user": user,
                "with_app": False,
            }
            self.state.keep("channel", channel["id"], channel)
            self.state.enter(channel["id"], app.bot_user)
            self.state.enter(channel["id"], user)
            return channel

    def kind_of(self, channel: Json) -> str:
        """Slack's channel_type."""
        if channel["is_im"]:
            return "im"
        return "group" if channel["is_private"] else "channel"

    def visible_channel(self, app: App, channel: str) -> Json:
        """The channel, if the app may know of it: private ones exist only for their members."""
        found = self.channel(channel)
        if found["is_private"] and not self.state.is_member(channel, app.bot_user):
            raise Refusal("channel_not_found")
        return found

    def readable_channel(self, app: App, channel: str) -> Json:
        """The channel, if the app is in it."""
        found = self.visible_channel(app, channel)
        if not self.state.is_member(channel, app.bot_user):
            raise Refusal("not_in_channel")
        return found

    def writable_channel(self, app: App, channel: str) -> Json:
        """The channel, if the app may post there; a person's id stands for the conversation with them."""
        if channel[:1] in {"U", "W", "D"} and not app.messages_tab:
            raise Refusal("messages_tab_disabled")
        if channel[:1] in {"U", "W"}:
            return self.direct(app, channel) if self.state.document("person", channel) else self.channel(channel)
        found = self.readable_channel(app, channel)
        if found["is_archived"]:
            raise Refusal("is_archived")
        return found

    # Triggers and response URLs

    def new_trigger(self, app: App, user: str, **about: str) -> str:
        self._triggers = dict(list(self._triggers.items())[-TRIGGERS_KEPT:])
        trigger = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._triggers[trigger] = {"app": app.app_id, "user": user, "at": self.now(), "used": False, **about}
        return trigger

    def use_trigger(self, app: App, trigger: str) -> Json:
        """What the trigger stands for; each opens one view, within three seconds."""
        with self.state.lock:
            known = self._triggers.get(trigger)
            if known is None or known["app"] != app.app_id:
                raise Refusal("invalid_trigger_id")
            if known["used"]:
                raise Refusal("exchanged_trigger_id")
            if (self.now() - known["at"]).total_seconds() > TRIGGER_SECONDS:
                raise Refusal("expired_trigger_id")
            known["used"] = True
            return known

    def new_response_url(self, app: App, channel: str, user: str, **about: str | None) -> str:
        token = secrets.token_urlsafe(24)
        body = {"app": app.app_id, "channel": channel, "user": user, "at": self.now().timestamp(), "uses": 0, **about}
        self.state.keep("response_url", token, body)
        return f"{self.base_url}response/{self.id}/{token}"

    def use_response_url(self, token: str) -> Json:
        with self.state.lock:
            known = self.state.document("response_url", token)
            if known is None:
                raise Refusal("no_service")
            if self.now().timestamp() - known["at"] > RESPONSE_URL_MINUTES * 60:
                raise Refusal("expired_url")
            if known["uses"] >= RESPONSE_URL_USES:
                raise Refusal("used_url")
            known["uses"] += 1
            self.state.keep("response_url", token, known)
            return known


def _at_once(_seconds: float, act: Callable[[], list[Happening]]) -> None:
    act()


def _app(body: Json) -> App:
    scopes: Collection[str] = body["scopes"]
    return App(**{**body, "scopes": frozenset(scopes)})
