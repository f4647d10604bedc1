"""`parley evaluate --html`: one page that stands alone, written whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

from tests.models import write_small_model
from tests.test_cli import parley


def test_the_report_is_one_page_with_charts_checks_and_numbers(tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models")
    page = tmp_path / "report.html"
    done = parley("evaluate", str(card), "--html", str(page), home=tmp_path)
    assert done.returncode == 1, done.stderr
    html = page.read_text(encoding="utf-8")
    assert "<h1>small needs attention</h1>" in html
    assert 'src="data:image/png;base64,' in html
    assert all(alt for alt in re.findall(r'<img[^>]* alt="([^"]*)"', html))
    assert not re.findall(r'(?:src|href)="https?:', html)
    assert "ROC AUC" in html


def test_wrong_input_writes_no_report(tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models")
    page = tmp_path / "report.html"
    done = parley("evaluate", str(card), "--window", "yesterdayish", "--html", str(page), home=tmp_path)
    assert done.returncode == 2
    assert "last 7 days" in done.stderr
    assert not page.exists()


def test_a_misspelt_check_is_refused_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models")
    card.write_text(card.read_text(encoding="utf-8").replace("roc_auc:", "roc_auk:"), encoding="utf-8")
    done = parley("evaluate", str(card), home=tmp_path)
    assert done.returncode == 2
    assert "roc_auk" in done.stderr
    assert "roc_auc" in done.stderr
