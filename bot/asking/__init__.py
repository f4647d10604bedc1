"""Asking: commands, the words for them, who may ask, and what a command is given when it runs."""
