"""People by name, as Slack told it; a mention would ping the one who clicked."""

from storage.people import name_of, with_names

__all__ = ["name_of", "with_names"]
