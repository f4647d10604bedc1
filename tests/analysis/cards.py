"""Model cards that the tests read, and what is said about wrong ones."""

from pathlib import Path

import pytest

from analysis.card import ModelCard
from analysis.card_reading import parse_card
from analysis.errors import DataError

SMALL = """\
model: churn
task: binary
log:
  source: churn.csv
  columns: {label: left, score: p_left}
"""

FULL = """\
model: recidivism
task: binary
description: Two-year recidivism score
versions:
  v1: champion
  v2: {role: challenger, score: score_v2, prediction: predicted_v2}
log:
  source: compas.csv
  format: {delimiter: ",", columns: [a, b, c]}
  labels: {source: labels.parquet, by: id}
  columns:
    id: id
    timestamp: compas_screening_date
    version: model_version
    label: two_year_recid
    score: decile_score
    prediction: predicted
    weight: w
  features: [age, priors_count]
  exclude: [name]
positive: 1
threshold: 5
reference: {before: 2026-03-01}
periods: month
protected: [race, sex, "race & sex"]
slices: [state, "age & sex"]
k: [10, 5]
owners: {data scientist: U0AAA, mlops engineer: U0BBB}
feature owners: {category: U0CCC}
kpi: {name: margin, unit: EUR, value: {tp: 40, fp: -5, fn: -40, tn: 0}}
checks:
  group_gap: {warn: 0.05, fail: 0.10}
  roc_auc: {fail: {below: 0.70}, warn: {below_reference_by: 2%}}
  recall:
    - {slice: {state: TX}, fail: {below: 0.6}}
    - {fail: {outside: [0.2, 0.9]}, name: recall stays put, measure: recall}
  psi: off
defaults: on
policies: [four-fifths]
sensitivity: restricted
channels: [C0123]
"""


def parsed(text: str) -> ModelCard:
    return parse_card(text, root=Path("/models"), name="card.yaml")


def complaints(text: str) -> list[str]:
    with pytest.raises(DataError) as caught:
        parsed(text)
    return str(caught.value).splitlines()[1:]


def with_line(line: str) -> str:
    """The small model card with one more line, which is line 6."""
    return SMALL + line + "\n"
