"""The web side: Slack's door, health, metrics."""
