"""The models that one audience may see: for it there are no others."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from bot.asking.rights import NOBODY, Access, Audience, access_of, may_see
from bot.models import BrokenCard, KnownModel, Models, find


@dataclass(frozen=True, slots=True)
class VisibleModels:
    """Takes the place of all models wherever something is answered. It remembers which it handed out, so that an answer
    carries the names of the models it may tell about."""

    models: Models
    audience: Audience
    handed_out: set[str] = field(default_factory=set)

    def all(self) -> tuple[list[KnownModel], list[BrokenCard]]:
        """Every model by name, and the model cards that can't be used, as far as this audience may see them."""
        known, broken = self._seen()
        self.handed_out.update(model.card.model for model in known)
        return known, broken

    def get(self, name: str) -> KnownModel:
        """The model of that name. One that may not be seen is refused in the words for one that does not exist."""
        found = find(name, *self._seen())
        self.handed_out.add(name)
        return found

    def has(self, name: str) -> bool:
        """Whether there is a model of that name, for this audience."""
        if all(model.card.model != name for model in self._seen()[0]):
            return False
        self.handed_out.add(name)
        return True

    def access(self, name: str) -> Access:
        """What the model card of a model that this audience sees says about access."""
        return access_of(self.get(name).card)

    def _seen(self) -> tuple[list[KnownModel], list[BrokenCard]]:
        known, broken = self.models.all()
        hidden = {name for name, access in _accesses(known) if not may_see(access, self.audience)}
        return (
            [model for model in known if model.card.model not in hidden],
            [card for card in broken if may_see(card.access, self.audience)],
        )


Reading = Literal["yes", "no", "unknown"]


def reading(models: Models, audience: Audience, about: Collection[str]) -> Reading:
    """Whether this audience may read what tells about these models; unknown where the model card of one is gone, or so
    broken that it doesn't say."""
    known, broken = models.all()
    accesses = [*_accesses(known), *((card.model, card.access) for card in broken if card.model is not None)]
    told = [(name, access) for name, access in accesses if name in about]
    if any(access is not NOBODY and not may_see(access, audience) for _, access in told):
        return "no"
    is_told = {name for name, access in told if access is not NOBODY}
    return "yes" if is_told >= set(about) else "unknown"


def _accesses(known: Collection[KnownModel]) -> Iterator[tuple[str, Access]]:
    """Each model card's word on who may see its model; of two cards with one name both must allow it."""
    return ((model.card.model, access_of(model.card)) for model in known)
