"""What Parley promises about speed, measured: `make bench`."""
