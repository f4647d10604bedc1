"""Wrong model cards: everything wrong is said at once, with its line and what to do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError
from tests.analysis.cards import FULL, SMALL, complaints, parsed, with_line


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    lines = complaints("""\
model: Bad Model
task: binray
log:
  sorce: x.csv
  columns: {lable: y, score: s}
treshold: 0.5
checks:
  roc_auc: 0.7
  group_gaps: {fail: 0.1}
""")
    assert lines == [
        'line 1: model must be lower-case letters, digits, "-" and "_", like "bad-model", not "Bad Model"',
        'line 2: task cannot be "binray"; did you mean "binary"?',
        'line 4: unknown key "sorce"; did you mean "source"?',
        'line 5: unknown key "lable"; did you mean "label"?',
        'line 6: unknown key "treshold"; did you mean "threshold"?',
        (
            "line 8: checks.roc_auc must be off, a mapping like {warn: 0.05, fail: {below: 0.6}} or a list of these, "
            'not "0.7"; write {fail: 0.7}'
        ),
        'line 9: unknown check "group_gaps"; did you mean "group_gap"?',
    ]


def test_a_misspelt_key_is_not_called_missing_too() -> None:
    assert complaints("""\
modle: churn
task: binary
log: {source: a.csv, columns: {label: y, scor: s}}
""") == [
        'line 1: unknown key "modle"; did you mean "model"?',
        'line 3: unknown key "scor"; did you mean "score"?',
    ]


def test_a_tab_is_answered_with_spaces() -> None:
    assert complaints("model: churn\nlog:\n\tsource: a.csv\n") == [
        "line 3: a tab stands here, and YAML is indented with spaces alone: use spaces"
    ]


def test_a_list_of_scores_is_shown_as_the_mapping_that_is_meant() -> None:
    text = "model: m\ntask: multiclass\nlog:\n  source: a.csv\n  columns: {label: y, score: [p_cat, p_dog]}\n"
    assert complaints(text)[0] == (
        "line 5: log.columns.score must be a column, or for multiclass say which class each column is for: "
        "{class 1: p_cat, class 2: p_dog}"
    )


def test_what_is_required_is_asked_for_with_an_example() -> None:
    assert complaints("description: x") == [
        'line 1: the key "model" is missing; write for example: model: churn',
        'line 1: the key "task" is missing; write for example: task: binary',
        (
            'line 1: the key "log" is missing; write for example: '
            "log: {source: churn.csv, columns: {label: left, score: p_left}}"
        ),
    ]


@pytest.mark.parametrize(
    ("task", "columns", "missing"),
    [
        ("binary", "{label: y}", ["log.columns.score"]),
        ("multiclass", "{label: y}", ["log.columns.score"]),
        ("regression", "{label: y}", ["log.columns.score"]),
        ("ranking", "{label: y}", ["log.columns.query", "log.columns.item", "log.columns.rank"]),
        ("ranking", "{query: q, item: i}", ["log.columns.rank"]),
    ],
)
def test_each_task_names_the_columns_that_it_needs(task: str, columns: str, missing: list[str]) -> None:
    lines = complaints(f"model: m\ntask: {task}\nlog:\n  source: a.csv\n  columns: {columns}\n")
    assert len(lines) == len(missing)
    for line, column in zip(lines, missing, strict=True):
        assert line.startswith(f"line 5: a {task} model needs {column}")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("threshold: five", 'threshold must be a number, not "five"'),
        ("threshold: .nan", "threshold must be a number"),
        ("threshold: true", "threshold must be a number"),
        ("description: [a]", "description must be one value, not a list"),
        ("reference: march.parquet", "reference must be a mapping"),
        ("reference: {}", "reference needs exactly one of source, before and window, but gives nothing"),
        ("reference: {source: a.csv, window: all}", "gives source and window"),
        ("features: [age]", 'the key "features" belongs under log'),
        ("weight: w", 'the key "weight" belongs under log.columns'),
        ("version: {v1: champion}", 'unknown key "version"; did you mean "versions"?'),
        ("reference: {before: yesterday}", "write it like 2026-03-01"),
        ("reference: {window: rows 9..3}", "holds no row"),
        ("reference: {before: 2026-03-01}", "needs log.columns.timestamp"),
        ("reference: {window: 2026-03}", "needs log.columns.timestamp"),
        ("periods: month", "needs log.columns.timestamp"),
        ("periods: fortnight", 'periods cannot be "fortnight"; it is one of "hour", "day"'),
        ("periods: {rows: 0}", "periods.rows must be a whole number of at least 1"),
        ("protected: race", 'protected must be a list, not "race"; write it like [race]'),
        ('protected: ["race & race"]', "must name different columns"),
        ("protected: [race, race]", 'names "race" twice'),
        ("k: [1.5]", "k[0] must be a whole number"),
        ("k: []", "k is an empty list"),
        ("owners: {boss: U0AAA}", 'unknown persona "boss"'),
        ("owners: {data scientist: anna}", "a Slack member id like U0AAA"),
        ("channels: ['#general']", "a Slack channel id like C0123"),
        ("kpi: {name: m}", 'the key "value" is missing under kpi'),
        ("kpi: {name: m, value: {tq: 1}}", 'unknown key "tq"'),
        ("checks: {recall: maybe}", "checks.recall must be off, a mapping"),
        ("checks: {recall: }", "not an empty value"),
        ("checks: {recall: []}", "checks.recall is an empty list"),
        ("checks: {recall: {wran: 1}}", 'unknown key "wran"; did you mean "warn"?'),
        ("checks: {recall: {fail: {bellow: 1}}}", 'unknown key "bellow"; did you mean "below"?'),
        ("checks: {recall: {fail: {}}}", "checks.recall.fail says nothing"),
        ("checks: {rmse: {fail: 1}}", 'unknown check "rmse"; it is written "root_mean_squared_error" here'),
        ("checks: {drift: {columns: [age]}}", 'the check "drift" does not take "columns"; it takes "warn", "fail"'),
        ("checks: {group_gap: {min_sise: 9}}", 'does not take "min_sise"; did you mean "min_size"?'),
        ("checks: {zzz: {fail: 1}}", 'known are "accuracy", "average_precision", "balanced_accuracy"'),
        ("checks: {recall: {fail: high}}", "must be a number like 0.7 or a percentage like 2%"),
        ("checks: {recall: {fail: {within: 0.5}}}", "needs its two ends; write it like within: [0.2, 0.4]"),
        ("checks: {recall: {fail: {within: [0.9, 0.1]}}}", "write within: [0.1, 0.9]"),
        ("checks: {recall: {fail: {below_reference_by: -1%}}}", "cannot be negative"),
        ("checks: {recall: {fail: 70}}", "the limit 70, but recall cannot be above 1; write 0.7 or 70%"),
        ("checks: {roc_auc: {warn: {within: [50, 70]}}}", "ROC AUC cannot be above 1; write 0.7 or 70%"),
        ("checks: {roc_auc: {fail: {below: 1.75}}}", "ROC AUC cannot be above 1"),
        ("checks: {recall: {warn: 0.6, fail: 0.7}}", "warns at 0.6 only after it has failed at 0.7"),
        ("checks: {log_loss: {warn: {above: 1}, fail: {above: 0.5}}}", "give warn: the limit that is reached first"),
        ("checks: {recall: {warn: {below_reference_by: 9%}, fail: {below_reference_by: 5%}}}", "only after it has"),
        ("checks: {recall: {slice: {}, fail: 1}}", "checks.recall.slice is empty"),
        ("defaults: perhaps", 'defaults must be on or off, not "perhaps"'),
        ("sensitivity: secret", 'sensitivity cannot be "secret"; it is one of'),
        ("versions: {}", "versions is empty"),
        ("versions: {a: boss}", 'versions.a cannot be "boss"'),
        ("versions: {a: retired}", "no version is champion"),
        ("versions: {a: {score: s}}", 'the key "role" is missing under versions.a'),
        ("versions: {a: champion, b: {role: champion, score: s}}", '"a" and "b" are both champion'),
        ("model: again", 'the key "model" stands here a second time (first in line 1)'),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_do(line: str, says: str) -> None:
    (complaint,) = complaints(with_line(line))
    assert complaint.startswith("line 6: ")
    assert says in complaint


def test_a_limit_just_above_what_can_be_and_one_of_what_has_no_end_are_taken() -> None:
    for line in (
        "recall: {warn: {below_reference_by: 0.1}, fail: {below_reference_by: 5%}}",
        "positive_rate: {warn: 0.6, fail: 0.7}",
        "recall: {fail: {below: 1.01}}",
        "mean_absolute_percentage_error: {fail: 3}",
        "psi: {fail: 20}",
    ):
        (setting,) = parsed(with_line(f"checks: {{{line}}}")).checks
        assert setting.fail


def test_versions_in_rows_of_their_own_need_a_column_that_tells_them_apart() -> None:
    versions = "versions: {a: champion, b: challenger}"
    (complaint,) = complaints(with_line(versions))
    assert "log.columns.version" in complaint
    assert parsed(with_line(versions).replace("score:", "version: v, score:")).champion == "a"


def test_a_version_with_columns_of_its_own_needs_no_column_that_tells_it_apart() -> None:
    assert len(parsed(with_line("versions: {a: champion, b: {role: challenger, score: s}}")).versions) == 2


def test_labels_from_a_second_source_need_a_label_column() -> None:
    text = SMALL.replace("  columns:", "  labels: {source: l.csv, by: id}\n  columns:").replace("label: left, ", "")
    (complaint,) = complaints(text)
    assert "log.columns.label" in complaint


def test_a_feature_cannot_be_excluded_too() -> None:
    (complaint,) = complaints(SMALL + "  features: [age, name]\n  exclude: [name]\n")
    assert '"name" is named in log.features and in log.exclude' in complaint


def test_a_score_of_the_wrong_shape_for_the_task_is_refused() -> None:
    (complaint,) = complaints(SMALL.replace("binary", "multiclass"))
    assert "{class: column}" in complaint
    (complaint,) = complaints(SMALL.replace("score: p_left", "score: {a: p}"))
    assert "name one column" in complaint


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "~"])
def test_an_empty_model_card_says_what_to_write(text: str) -> None:
    (complaint,) = complaints(text)
    assert complaint.startswith("line 1: it is empty; write at least model: churn")


@pytest.mark.parametrize(("text", "line"), [("model: a: b", 1), ("model: x\nlog: [a", 2), ("a: \x07", 1)])
def test_text_that_is_no_yaml_is_refused_with_its_line(text: str, line: int) -> None:
    (complaint,) = complaints(text)
    assert complaint.startswith(f"line {line}: this is not YAML: ")


def test_one_file_holds_one_model_card() -> None:
    assert any("second document" in c for c in complaints(SMALL + "---\n" + SMALL))


def test_a_model_card_cannot_make_itself_huge() -> None:
    assert any("repeats an earlier part" in c for c in complaints("a: &a [1]\nb: *a"))
    assert any("levels deep" in c for c in complaints("[" * 1000))
    assert any("at most 500,000" in c for c in complaints("#" * 600_000))


@pytest.mark.parametrize("text", ["- a\n- b", "just words", "5"])
def test_a_model_card_is_a_mapping(text: str) -> None:
    assert "must be a mapping" in complaints(text)[0]


@given(st.text(alphabet=st.sampled_from('abk:{}[]"&*!|>-#%@ \n\t0.~,é\u2028'), max_size=60) | st.text(max_size=40))
@settings(deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(DataError, match=r"line [0-9]+: "):
        parsed(text)


@given(st.integers(0, len(FULL.splitlines()) - 1), st.text(max_size=12))
@settings(deadline=None)
def test_a_model_card_with_one_damaged_line_is_read_or_refused(place: int, damage: str) -> None:
    lines = FULL.splitlines()
    lines[place] = lines[place][: len(lines[place]) // 2] + damage
    try:
        card = parsed("\n".join(lines))
    except DataError as error:
        refused = str(error)
        assert "line " in refused
    else:
        assert card.model
