"""Who would read a message, looked at once more right before Slack is asked to show it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from bot.asking.rights import Audience, Standing, standing_of
from bot.asking.visible import Reading, reading
from bot.models import Models
from bot.slack.directory import Directory
from storage import people
from storage.contents import UNKNOWN_MODEL
from storage.database import Database
from storage.messages import Address, Due
from storage.requests import Who

A_PLACE_IS_KNOWN = timedelta(seconds=60)
"""A channel may be shared with another organization at any moment, of which Slack tells; so long ago somebody looked at
most, in case it did not."""


@dataclass(frozen=True, slots=True)
class Readers:
    """A message may wait for hours, and a model card or a channel may change meanwhile."""

    models: Models
    directory: Directory
    database: Database
    shared_channels: Collection[str]

    def may_read(self, due: Due) -> Reading:
        """Whether those who would read the message may see every model that it tells about. Raises Busy where that
        can't be known just now."""
        about = due.content.models
        is_from_before = about is not None and UNKNOWN_MODEL in about
        if about is None or (is_from_before and due.ts is not None):
            return "yes"  # of a list from before models were named, nothing changes but words that somebody deleted
        return reading(self.models, self._audience(due), about)

    def _audience(self, due: Due) -> Audience:
        to = due.address
        everybody = Audience(channel=to.channel)
        if due.kind == "message" and not everybody.is_direct:
            return Audience(
                channel=to.channel, shared=self._is_shared(to, A_PLACE_IS_KNOWN), by_name=self._by_name(to.channel)
            )
        user = to.channel if to.channel.startswith(("U", "W")) else to.user
        return Audience(
            channel=to.channel,
            shared=not everybody.is_direct and self._is_shared(to, None),
            by_name=self._by_name(to.channel),
            user=user,
            standing=self._standing(to.team, user),
        )

    def _by_name(self, channel: str) -> bool:
        return channel in self.shared_channels

    def _is_shared(self, to: Address, newest: timedelta | None) -> bool:
        channel = self.directory.channel(to.team, to.channel, newest=newest)
        return channel is not None and channel.shared

    def _standing(self, team: str, user: str | None) -> Standing:
        """What Slack last said of the person that a message is for; who asked was looked up before."""
        with self.database.reading() as tx:
            person = people.get(tx, Who(team, user)) if user else None
        if person is None:
            return "unknown"
        return standing_of(person, known=person.refreshed_at is not None)
