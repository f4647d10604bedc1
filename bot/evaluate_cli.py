"""`parley evaluate` in a terminal or a CI job: a summary on stdout, the result in files, the verdict as exit status."""

from __future__ import annotations

import json as json_text
import logging
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from analysis.card import ModelCard
from analysis.errors import ParleyError, UserError
from analysis.evaluate import Progress, evaluate
from analysis.judgement.beside import beside_the_other
from analysis.judgement.left_out import left_out
from analysis.judgement.meaning import main_measures
from analysis.judgement.wording import plural, shown, words
from analysis.log_limits import DEFAULT_LIMITS
from analysis.values import Measure, Result, Verdict

PASSED, FAILED, WRONG_INPUT, ANYTHING_ELSE, NOT_JUDGED = 0, 1, 2, 3, 4
STDOUT = "-"
AS_AN_ESCAPE = "backslashreplace"
"""Half a surrogate pair, which no UTF-8 can hold: in JSON the escape stands for just that half."""
SAID: dict[Verdict, str] = {
    "fail": "FAIL",
    "warn": "WARN",
    "unsure": "CANNOT TELL",
    "pass": "PASS",
    "skipped": "SKIPPED",
}
BESIDES = {
    "binary": ("average_precision", "log_loss", "brier", "f1", "precision", "recall", "false_positive_rate"),
    "multiclass": ("balanced_accuracy", "f1", "precision", "recall", "log_loss"),
    "regression": ("root_mean_squared_error", "mean_error", "r2"),
    "ranking": (),
}
OF_CLASSES = ("f1", "precision", "recall")
"""Of several classes these are the mean over all of them."""
SECONDS_BETWEEN_DRAWINGS = 0.1
BAR_WIDTH = 24


def evaluate_in_terminal(
    card: Path,
    window: str,
    version: str | None,
    against: str | None,
    json: str | None,
    html: str | None,
    *,
    allow_unjudged: bool = False,
    seconds: float | None = None,
) -> int:
    """Evaluate, write what was asked for, and answer the exit status; errors go to stderr as one clear sentence."""
    try:
        result = _evaluated(card, window, version, against, json, html, seconds)
    except ParleyError as error:
        _to_stderr(f"parley: {error}")
        return WRONG_INPUT
    except Exception:  # the edge of the program
        reference = uuid.uuid4().hex[:8]
        logging.getLogger("parley").exception("evaluation broke, reference %s", reference)
        _to_stderr(f"parley: something went wrong that is not your input's fault; please report it with {reference}")
        return ANYTHING_ELSE
    if result.verdict == "fail":
        return FAILED
    return NOT_JUDGED if result.unjudged and not allow_unjudged else PASSED


def _evaluated(
    path: Path,
    window: str,
    version: str | None,
    against: str | None,
    json: str | None,
    html: str | None,
    seconds: float | None,
) -> Result:
    from analysis.card_reading import read_card

    card = read_card(path)
    if html == STDOUT:
        raise UserError("--html takes a file; only the JSON can go to stdout")
    for target in (json, html):
        if target is not None and target != STDOUT:
            _must_be_writable(Path(target))
    bar = Bar(sys.stderr) if sys.stderr.isatty() else None
    try:
        result = evaluate(
            card,
            window=window,
            version=version,
            against=against,
            now=datetime.now(UTC),
            threads=max(2, min(8, os.cpu_count() or 2)),
            progress=bar,
            limits=replace(DEFAULT_LIMITS, seconds=seconds),
        )
    finally:
        if bar is not None:
            bar.clear()
    texts = _texts(result, card, json, html)  # all of them before the first is written
    for name, text in texts.items():
        if name == STDOUT:
            sys.stdout.buffer.write(text.encode("utf-8", AS_AN_ESCAPE))
        else:
            write_whole(Path(name), text)
    if json != STDOUT:
        sys.stdout.buffer.write(summary(result, card).encode(sys.stdout.encoding, AS_AN_ESCAPE))
    sys.stdout.flush()
    return result


def _texts(result: Result, card: ModelCard, json: str | None, html: str | None) -> dict[str, str]:
    """What goes where."""
    found = {}
    if html is not None:
        from bot.render.report import report

        found[html] = report(result, card)
    if json is not None:
        found[json] = result_as_text(result)
    return found


def result_as_text(result: Result) -> str:
    """The result as JSON, a line for each measure and each check."""
    from analysis.result import to_json

    body = to_json(result)
    lines = []
    for key, value in body.items():
        if isinstance(value, list) and value:
            items = ",\n  ".join(_json(item) for item in value)
            lines.append(f" {_json(key)}: [\n  {items}\n ]")
        else:
            lines.append(f" {_json(key)}: {_json(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def summary(result: Result, card: ModelCard) -> str:
    """What a person reads: the verdict, the numbers that stand for the model, and the checks that did not pass."""
    lines = [f"{SAID[result.verdict]}  {result.model} {result.version}{_against(result)}, {_rows(result)}", ""]
    lines += [f"  {line}" for line in _main_numbers(result, card)]
    if without := left_out(card, result):
        lines += ["", without]
    lines += ["", *_checks(result)]
    return "\n".join(lines) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside it first, then renamed into its place. What is no file, such as
    /dev/null or a pipe, is written to as it is."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", errors=AS_AN_ESCAPE)
            return
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors=AS_AN_ESCAPE) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from None


class Bar:
    """A progress bar in a terminal: how much is read, how fast, how long it will take."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._start, self._drawn = clock(), 0.0

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        if now - self._drawn < SECONDS_BETWEEN_DRAWINGS and progress.done < progress.total:
            return
        self._drawn = now
        self._stream.write("\r\x1b[K" + bar_line(progress, now - self._start))
        self._stream.flush()

    def clear(self) -> None:
        self._stream.write("\r\x1b[K")
        self._stream.flush()


def bar_line(progress: Progress, seconds: float) -> str:
    share = progress.done / progress.total if progress.total else 0.0
    full = round(share * BAR_WIDTH)
    rate = progress.rows / seconds if seconds > 0 else 0.0
    left = f", {seconds * (1 - share) / share:.0f} s left" if 0 < share < 1 else ""
    return f"[{'█' * full}{'·' * (BAR_WIDTH - full)}] {progress.rows:,} rows, {rate:,.0f} rows/s{left}"


def _main_numbers(result: Result, card: ModelCard) -> list[str]:
    wanted = dict.fromkeys((*main_measures(card.task, card.k), *BESIDES[card.task]))
    found = [m for name in wanted if (m := _whole(result, name)) is not None]
    if not found:
        return []
    names = [f"{words(m.measure)}{' (macro)' if _is_macro(card, m) else ''}" for m in found]
    width = max(map(len, names))
    return [f"{name:<{width}}  {_number(m)}{_beside(result, m)}" for name, m in zip(names, found, strict=True)]


def _is_macro(card: ModelCard, measure: Measure) -> bool:
    return card.task == "multiclass" and measure.measure in OF_CLASSES


def _beside(result: Result, measure: Measure) -> str:
    said = beside_the_other(result, measure)
    return f"  {said}" if said else ""


def _whole(result: Result, name: str) -> Measure | None:
    """The measure of the whole window, for the version that is judged."""
    return next(
        (
            m
            for m in result.measures
            if m.measure == name
            and m.version == result.version
            and m.basis in ("realized", "estimated")
            and (m.slice, m.period, m.class_, m.feature) == (None, None, None, None)
        ),
        None,
    )


def _number(m: Measure) -> str:
    if m.value is None:
        return f"–  ({m.reason})"
    interval = ""
    if m.low is not None and m.high is not None:
        interval = f"  ({shown(m.measure, m.low)} to {shown(m.measure, m.high)})"
    undefined = f"  ({m.note})" if m.note is not None and "undefined" in m.note else ""
    return f"{shown(m.measure, m.value)}{interval}  n = {m.n:,}{undefined}"


def _checks(result: Result) -> list[str]:
    if not result.checks:
        return ["No check was asked for."]
    lines = []
    for verdict in ("fail", "warn", "unsure"):
        lines += [f"{SAID[verdict]:<12}{c.check}: {c.says}" for c in result.checks if c.verdict == verdict]
    lines += [f"{'NOT JUDGED':<12}{c.check}: {c.says}" for c in result.unjudged]
    rest = _counted(result)
    if missed := len(result.unjudged):
        rest += f" {plural(missed, 'check')} of the model card could not be judged."
    return [*lines, *([""] if lines else []), rest]


def _counted(result: Result) -> str:
    verdicts = [c.verdict for c in result.checks]
    names = {"fail": "failed", "warn": "warned", "unsure": "cannot tell", "pass": "passed", "skipped": "skipped"}
    parts = [f"{verdicts.count(v)} {name}" for v, name in names.items() if v in verdicts]
    return f"{len(verdicts)} checks: {', '.join(parts)}. Verdict: {SAID[result.verdict].lower()}."


def _against(result: Result) -> str:
    return f" against {result.against}" if result.against is not None else ""


def _rows(result: Result) -> str:
    span = ""
    if result.window.start is not None or result.window.end is not None:
        span = f" from {result.window.start or 'the beginning'} to {result.window.end or 'the end'}"
    beside = f", beside {result.reference.rows:,} rows of the reference" if result.reference is not None else ""
    return f"{result.window.rows:,} rows{span}{beside}"


def _must_be_writable(path: Path) -> None:
    """Before the work, not after it."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent} to write {path.name} into")


def _json(value: object) -> str:
    return json_text.dumps(value, ensure_ascii=False, allow_nan=False)


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def _to_stderr(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
