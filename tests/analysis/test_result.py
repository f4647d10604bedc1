"""The fingerprint of a result, worked from its JSON by hand."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from analysis.result import to_json
from analysis.values import Result
from tests.analysis.evaluating import card, evaluated

ROWS = {"y": [0, 1, 1, 0, 1] * 20, "s": [0.2, 0.7, 0.9, 0.4, 0.3] * 20, "town": ["Köln", "Oslo"] * 50}


def result(folder: Path) -> Result:
    return evaluated(folder, ROWS, card(log="label: y, score: s", more=("checks: {roc_auc: {fail: 0.7}}",)))


def test_the_fingerprint_is_that_of_the_result_without_its_wording(tmp_path: Path) -> None:
    body = to_json(result(tmp_path))
    stated = body.pop("fingerprint")
    assert body["checks"]
    for check in body["checks"]:
        for wording in ("title", "says", "next"):
            check.pop(wording, None)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert stated == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_better_wording_keeps_the_fingerprint_and_another_verdict_does_not(tmp_path: Path) -> None:
    found = result(tmp_path)
    first, *rest = found.checks
    reworded = replace(found, checks=(replace(first, says="In other words."), *rest))
    rejudged = replace(found, checks=(replace(first, verdict="warn"), *rest))
    assert to_json(reworded)["fingerprint"] == to_json(found)["fingerprint"]
    assert to_json(rejudged)["fingerprint"] != to_json(found)["fingerprint"]
