"""A local Slack-compatible workspace: the second party in tests, the stage of the demo."""

from .alone import run
from .people import answered_options
from .refusal import Refusal
from .server import Server
from .troubles import Fault, Likely, Odds
from .values import ALL_SCOPES, App, Attempt, Call, Delivery
from .workspace import Workspace

__all__ = [
    "ALL_SCOPES",
    "App",
    "Attempt",
    "Call",
    "Delivery",
    "Fault",
    "Likely",
    "Odds",
    "Refusal",
    "Server",
    "Workspace",
    "answered_options",
    "run",
]
