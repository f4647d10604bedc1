"""One id leads through the log, from the delivery to the message."""

from __future__ import annotations

from pathlib import Path

import structlog
from structlog.testing import capture_logs

from tests.models import write_small_model
from tests.stage import staged

STEPS = [
    "a request is taken",
    "a request is being answered",
    "a message is wanted",
    "a request is answered",
    "a message is being sent",
]


def test_one_id_is_in_every_line_from_the_delivery_to_the_message(tmp_path: Path) -> None:
    write_small_model(tmp_path / "models")
    with staged(tmp_path) as stage, capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        stage.type("help")
        stage.type("models")
        stage.quiet()
    traces = {line["trace"] for line in logs if line["event"] == "a request is taken"}
    assert traces == {"R-1", "R-2"}
    for trace in traces:
        assert [line["event"] for line in logs if line.get("trace") == trace] == STEPS


def test_the_log_has_neither_what_was_said_nor_a_response_url(tmp_path: Path) -> None:
    with staged(tmp_path) as stage, capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        stage.type("help the-words-of-a-person")
        stage.quiet()
    text = str(logs)
    assert "the-words-of-a-person" not in text
    assert "/response/" not in text
