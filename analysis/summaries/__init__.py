"""What is kept of the rows of a log: counts and sums that merge, bounded whatever the number of rows."""
