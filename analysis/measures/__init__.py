"""The measures: from summaries to the tidy table, one file for each family."""
