"""`parley suggest` in a terminal: a check set to paste into a model card."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path


def suggest_in_terminal(path: Path) -> None:
    """Evaluate all rows of a model card and write the ``checks:`` that they suggest to stdout."""
    from analysis.card_reading import read_card
    from analysis.evaluate import evaluate
    from analysis.suggestion import as_yaml, suggested

    card = read_card(path)
    result = evaluate(card, now=datetime.now(UTC))
    sys.stdout.write(as_yaml(suggested(card, result)))
