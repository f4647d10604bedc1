"""The local workspace, tried with Slack's own client and framework."""
