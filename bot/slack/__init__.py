"""Slack as the gateway needs it: calls, pace, pictures, who and where."""
