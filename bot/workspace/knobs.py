"""Everything that can go wrong in the workspace, or be other than it mostly is, for tests to turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import connect, installed, unfurling
from .courier import Courier
from .team import Team
from .troubles import Chances, Fault, Faults, Likely, Odds, Tiers, When
from .values import App, Delivery, Json


class Knobs:
    """The troubles of a workspace. Unless one is turned, all goes as at Slack on a good day, without rate limits."""

    def __init__(self, team: Team, courier: Courier) -> None:
        self._team = team
        self._courier = courier
        self.faults = Faults()
        self.chances = Chances()
        self.tiers = Tiers()

    # Calls of the Web API

    def fault(
        self,
        method: str,
        *,
        error: str | None = None,
        status: int | None = None,
        retry_after: int | str | None = None,
        hang: When | None = None,
        drop: When | None = None,
        delay: float = 0.0,
        channel: str | None = None,
        block: str | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Plan a trouble for the next calls of a method (or `upload`, `download`, `response_url`)."""
        return self.faults.plan(
            Fault(
                method=method,
                error=error,
                status=status,
                retry_after=retry_after,
                hang=hang,
                drop=drop,
                delay=delay,
                channel=channel,
                block=block,
                times=times,
            )
        )

    def chance(self, odds: Mapping[str, Odds], *, seed: int = 0) -> None:
        """From now on calls of these methods (patterns such as `chat.*`) meet troubles by chance."""
        self.chances.set(dict(odds), seed=seed)

    def trouble(self, method: str, given: Json) -> Fault | None:
        """What goes wrong with this call: what was planned, else what chance says."""
        return self.faults.take(method, given) or self.chances.take(method)

    def unfaulted(self) -> None:
        """No more troubles with calls, planned or by chance; whatever hangs goes on."""
        self.faults.clear()
        self.chances.set({}, seed=0)

    # Files and links

    @property
    def file_seconds(self) -> float:
        """How long a completed file is looked at before it has a type and its message appears."""
        return self._team.file_seconds

    @file_seconds.setter
    def file_seconds(self, seconds: float) -> None:
        self._team.file_seconds = seconds

    @property
    def shares_name_the_bot(self) -> bool:
        """Whether the message of a file that an app shares has its `bot_id`."""
        return self._team.shares_name_the_bot

    @shares_name_the_bot.setter
    def shares_name_the_bot(self, named: bool) -> None:
        self._team.shares_name_the_bot = named

    @property
    def unfurl_seconds(self) -> float | None:
        """How long after a message its links get their previews; None means never."""
        return self._team.unfurl_seconds

    @unfurl_seconds.setter
    def unfurl_seconds(self, seconds: float | None) -> None:
        self._team.unfurl_seconds = seconds

    def unfurl(self, channel: str, ts: str) -> list[Delivery]:
        """Add previews to a message's links now."""
        return self._courier.tell(unfurling.unfurl(self._team, self._team.channel(channel), ts))

    # Deliveries

    @property
    def retry_delays(self) -> Sequence[float]:
        """Seconds before each retry of an event that was not acknowledged."""
        return self._courier.retry_delays

    @retry_delays.setter
    def retry_delays(self, seconds: Sequence[float]) -> None:
        self._courier.retry_delays = tuple(seconds)

    def mishaps(self, likely: Likely, *, seed: int = 0) -> None:
        """From now on events come twice, late or again by chance."""
        self._courier.mishaps.set(likely, seed=seed)

    def outage(self) -> None:
        """Events are held back from now on; what people wait for still comes."""
        self._courier.mishaps.hold()

    def replay(self) -> int:
        """End an outage: the events of that time are delivered, oldest first. Returns how many there were."""
        return self._courier.replay()

    # Slack Connect

    def add_partner(self, name: str) -> str:
        """Another organisation. Returns its team's id, the `home` of its people."""
        return connect.add_partner(self._team, name)

    def share_channel(self, channel: str, partner: str) -> list[Delivery]:
        """Share a channel with a partner by Slack Connect."""
        return self._courier.tell(connect.share(self._team, self._team.channel(channel), partner))

    def unshare_channel(self, channel: str, partner: str) -> list[Delivery]:
        """End that; the partner's people leave the channel."""
        return self._courier.tell(connect.unshare(self._team, self._team.channel(channel), partner))

    # The installation

    def uninstall(self, app: App) -> list[Delivery]:
        """Take an app out of the workspace. Its tokens end; `install_app` brings it back."""
        return self._courier.tell(installed.uninstall(self._team, app))

    def revoke_tokens(self, app: App) -> list[Delivery]:
        """End an app's tokens."""
        return self._courier.tell(installed.revoke(self._team, app))

    def rate_limit_events(self, app: App) -> Delivery:
        """Tell an app that events were dropped because there were too many."""
        return self._courier.tell_outside_events(app, installed.too_many_events(self._team, app))
