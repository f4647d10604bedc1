"""The workspace's page, tried in a real Chromium."""
