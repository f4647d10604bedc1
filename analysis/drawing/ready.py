"""Importing this imports every kind of chart, and matplotlib with them: for a process that others are forked from."""

from __future__ import annotations

from analysis import charts

KINDS = tuple(charts.known())
