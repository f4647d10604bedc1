"""Every check's worked examples are true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis import checks
from analysis.card import CheckSetting
from analysis.judgement.check import Check, Example

EXAMPLES = [
    pytest.param(check, example, id=f"{check.name}: {example.title}")
    for check in checks.known().values()
    for example in check.examples
]


@pytest.mark.parametrize(("check", "example"), EXAMPLES)
def test_an_example_gets_the_verdicts_that_it_states(check: Check, example: Example) -> None:
    setting = example.setting or CheckSetting(check=check.name)
    card = replace(example.model_card(), checks=(setting,))
    results = checks.judge(card, example.measures, version="1", against=example.against, window=example.window)
    assert tuple(r.verdict for r in results) == example.verdicts, [r.says for r in results]
    said = " ".join(r.says for r in results)
    for words in example.says:
        assert words in said, said
    for result in results:
        assert result.check == (setting.name or check.name)


@pytest.mark.parametrize("check", checks.known().values(), ids=checks.names())
def test_a_check_has_help_and_an_example_that_passes_and_one_that_does_not(check: Check) -> None:
    assert len(check.help.split()) >= 20
    verdicts = {v for example in check.examples for v in example.verdicts}
    assert "pass" in verdicts
    assert verdicts & {"warn", "fail"}
