"""Values in, messages out: pure functions that know Slack's limits and escape every word they did not write."""
