"""What goes wrong between an app and Slack, on demand: planned faults, chances, rate tiers, disturbed deliveries."""

from .faults import Dropped, Fault, Faults, When
from .mishaps import Likely, Mishaps
from .odds import Chances, Odds
from .tiers import Tiers

__all__ = ["Chances", "Dropped", "Fault", "Faults", "Likely", "Mishaps", "Odds", "Tiers", "When"]
