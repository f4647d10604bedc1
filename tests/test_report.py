"""`parley evaluate --html`: one page that stands alone, written whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.models import SMALL, write_small_model
from tests.starts import Starter
from tests.test_cli import parley


def test_the_report_is_one_page_with_charts_checks_and_numbers(begin: Starter, tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models")
    page = tmp_path / "report.html"
    done = parley(begin, "evaluate", str(card), "--html", str(page), home=tmp_path)
    assert done.status == 1, done.stderr
    html = page.read_text(encoding="utf-8")
    assert "<h1>small needs attention</h1>" in html
    assert 'src="data:image/png;base64,' in html
    assert all(alt for alt in re.findall(r'<img[^>]* alt="([^"]*)"', html))
    assert not re.findall(r'(?:src|href)="https?:', html)
    assert "ROC AUC" in html
    assert "<dt>window</dt><dd>600 rows, 2026-W36 to 2026-W40</dd>" in html
    assert "<figcaption>" not in html
    assert "Matthews correlation" in html
    assert ">0 checks" not in html


def test_the_report_says_what_the_window_is_compared_with(begin: Starter, tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models", card=SMALL + "reference: {before: 2026-09-08}\n")
    page = tmp_path / "report.html"
    parley(begin, "evaluate", str(card), "--html", str(page), "--window", "2026-09", home=tmp_path)
    html = page.read_text(encoding="utf-8")
    # A row each 66.7 minutes from 1 September: 7 days are 10,080 minutes, and row 151 stands at 10,066.
    assert "<dt>reference</dt><dd>152 rows before 2026-09-08 00:00 UTC</dd>" in html
    assert "<dt>window</dt><dd>448 rows from 2026-09-01 00:00 before 2026-10-01 00:00 UTC</dd>" in html


def test_wrong_input_writes_no_report(begin: Starter, tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models")
    page = tmp_path / "report.html"
    done = parley(begin, "evaluate", str(card), "--window", "yesterdayish", "--html", str(page), home=tmp_path)
    assert done.status == 2
    assert "last 7 days" in done.stderr
    assert not page.exists()


def test_a_misspelt_check_is_refused_with_its_line_and_the_nearest_name(begin: Starter, tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models")
    card.write_text(card.read_text(encoding="utf-8").replace("roc_auc:", "roc_auk:"), encoding="utf-8")
    done = parley(begin, "evaluate", str(card), home=tmp_path)
    assert done.status == 2
    assert "roc_auk" in done.stderr
    assert "roc_auc" in done.stderr


def test_rows_without_a_score_or_a_label_are_told_with_their_share(begin: Starter, tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models")
    log = tmp_path / "models" / "small.csv"
    head, *rows = log.read_text(encoding="utf-8").splitlines()
    cells = [row.split(",") for row in rows]
    for number, row in enumerate(cells):
        row[4] = "nan" if number % 10 == 0 else row[4]
        row[5] = "" if number % 6 == 1 else row[5]
    log.write_text("\n".join([head, *(",".join(row) for row in cells)]) + "\n", encoding="utf-8")
    page = tmp_path / "report.html"
    done = parley(begin, "evaluate", str(card), "--html", str(page), home=tmp_path)
    says = "10% of rows have no score and 16.7% no label: the numbers of performance leave them out."
    assert says in done.stdout
    assert says in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("every", "says"),
    [
        (1, 'No row has a time, since "at" is empty: nothing is told by week.'),
        (4, "25% of rows have no time, so no week holds them."),
    ],
)
def test_rows_without_a_time_are_told_with_their_share(begin: Starter, tmp_path: Path, every: int, says: str) -> None:
    card = write_small_model(tmp_path / "models")
    log = tmp_path / "models" / "small.csv"
    head, *rows = log.read_text(encoding="utf-8").splitlines()
    cells = [row.split(",") for row in rows]
    for row in cells[::every]:
        row[head.split(",").index("at")] = ""
    log.write_text("\n".join([head, *(",".join(row) for row in cells)]) + "\n", encoding="utf-8")
    assert says in parley(begin, "evaluate", str(card), home=tmp_path).stdout


def test_a_label_that_the_log_lacks_is_refused_and_labels_that_no_id_leads_to_are_told(
    begin: Starter, tmp_path: Path
) -> None:
    misspelt = write_small_model(tmp_path / "models", card=SMALL.replace("label: returned", "label: retuned"))
    done = parley(begin, "evaluate", str(misspelt), home=tmp_path)
    assert done.status == 2
    assert '"retuned" (log.columns.label); did you mean "returned"?' in done.stderr
    (tmp_path / "models" / "labels.csv").write_text("id,retuned\nx1,1\nx2,0\n")
    late = SMALL.replace("label: returned", "label: retuned").replace(
        "log:\n", "log:\n  labels: {source: labels.csv, by: id}\n"
    )
    said = parley(begin, "evaluate", str(write_small_model(tmp_path / "models", card=late)), home=tmp_path).stdout
    assert 'No label has the "id" of one of these rows: look whether both are written alike' in said


def test_checks_that_pass_are_folded_away_below_those_that_do_not(begin: Starter, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    parley(begin, "evaluate", str(write_small_model(tmp_path / "models")), "--html", str(page), home=tmp_path)
    above, folded = page.read_text(encoding="utf-8").split("<details>")
    assert 'class="verdict fail"' in above
    assert 'class="verdict pass"' not in above
    assert re.search(r"<summary>\d+ checks pass</summary>", folded)


def test_the_numbers_of_pandas_rows_are_no_feature(begin: Starter, tmp_path: Path) -> None:
    card = write_small_model(tmp_path / "models")
    log = tmp_path / "models" / "small.csv"
    head, *rows = log.read_text(encoding="utf-8").splitlines()
    numbered = [f"__index_level_0__,{head}", *(f"{number},{row}" for number, row in enumerate(rows))]
    log.write_text("\n".join(numbered) + "\n", encoding="utf-8")
    assert "__index_level_0__" not in parley(begin, "evaluate", str(card), "--json", "-", home=tmp_path).stdout
