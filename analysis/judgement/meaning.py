"""What a measure's name means to people: its words, its unit, and which direction is bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["rate", "number", "count"]
Better = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """``better`` is None where neither direction is bad by itself."""

    words: str
    unit: Unit
    better: Better | None


def _rates(better: Better | None, *names: str) -> dict[str, Meaning]:
    return {name: Meaning(name.replace("_", " "), "rate", better) for name in names}


def _numbers(better: Better | None, *names: str) -> dict[str, Meaning]:
    return {name: Meaning(name.replace("_", " "), "number", better) for name in names}


KNOWN: dict[str, Meaning] = {
    **_rates(
        "high", "accuracy", "balanced_accuracy", "precision", "recall", "specificity", "negative_predictive_value"
    ),
    **_rates("low", "false_positive_rate", "false_negative_rate"),
    **_rates(None, "positive_rate", "selection_rate", "share"),
    **_rates("high", "hit_rate", "coverage"),
    **_rates(
        "low",
        "demographic_parity_difference",
        "equal_opportunity_difference",
        "equalized_odds_difference",
        "predictive_parity_difference",
    ),
    **_numbers("high", "average_precision", "novelty", "diversity", "personalization"),
    **_numbers("low", "log_loss", "expected_calibration_error", "popularity_bias", "hellinger", "total_variation"),
    **_numbers("low", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error"),
    **_numbers("low", "mean_squared_log_error", "root_mean_squared_log_error"),
    **_numbers(None, "mean_score", "mean_error", "mean_difference", "value"),
    **_numbers("high", "demographic_parity_ratio"),
    "importance": Meaning("importance", "rate", None),
    "label_auc": Meaning("ROC AUC of the label by this feature alone", "number", "low"),
    "score_shift": Meaning("shift of the mean score", "number", None),
    "domain_classifier_auc": Meaning("ROC AUC of telling the window from the reference", "number", "low"),
    "pca_reconstruction_error": Meaning("PCA reconstruction error", "number", "low"),
    "future_rate": Meaning("share of rows from the future", "rate", "low"),
    "conflicting_label_rate": Meaning("share of rows whose twin has another label", "rate", "low"),
    "unique_values": Meaning("number of different values", "count", None),
    "missing_rate": Meaning("share of missing values", "rate", "low"),
    "unseen_rate": Meaning("share of unseen values", "rate", "low"),
    "out_of_range_rate": Meaning("share of values out of range", "rate", "low"),
    "type_error_rate": Meaning("share of values of a wrong type", "rate", "low"),
    "duplicate_rate": Meaning("share of duplicate rows", "rate", "low"),
    "f1": Meaning("F1", "number", "high"),
    "roc_auc": Meaning("ROC AUC", "number", "high"),
    "brier": Meaning("Brier score", "number", "low"),
    "ks_separation": Meaning("KS separation", "number", "high"),
    "matthews_corrcoef": Meaning("Matthews correlation", "number", "high"),
    "r2": Meaning("R²", "number", "high"),
    "mean_absolute_percentage_error": Meaning("mean absolute percentage error", "rate", "low"),
    "ndcg": Meaning("NDCG", "number", "high"),
    "map": Meaning("MAP", "number", "high"),
    "mrr": Meaning("MRR", "number", "high"),
    "psi": Meaning("PSI", "number", "low"),
    "ks": Meaning("KS distance", "number", "low"),
    "jensen_shannon": Meaning("Jensen–Shannon distance", "number", "low"),
    "wasserstein": Meaning("Wasserstein distance", "number", "low"),
    "chi2": Meaning("χ²", "number", "low"),
    "ks_p": Meaning("KS p-value", "number", "high"),
    "chi2_p": Meaning("χ² p-value", "number", "high"),
    "volume": Meaning("number of rows", "count", None),
    "count": Meaning("number of rows", "count", None),
    "true_positives": Meaning("true positives", "count", "high"),
    "true_negatives": Meaning("true negatives", "count", "high"),
    "false_positives": Meaning("false positives", "count", "low"),
    "false_negatives": Meaning("false negatives", "count", "low"),
}

DISTANCES = ("psi", "ks", "jensen_shannon", "wasserstein", "hellinger", "chi2", "total_variation", "mean_difference")
"""Of a feature's values from those of the reference."""

NEED_A_REFERENCE = frozenset({*DISTANCES, "unseen_rate"})

OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "roc_auc": ("auc", "auroc", "rocauc"),
    "average_precision": ("ap", "pr_auc", "auprc"),
    "precision": ("ppv",),
    "recall": ("tpr", "sensitivity", "true_positive_rate"),
    "specificity": ("tnr", "true_negative_rate"),
    "negative_predictive_value": ("npv",),
    "false_positive_rate": ("fpr",),
    "false_negative_rate": ("fnr",),
    "f1": ("f1_score",),
    "matthews_corrcoef": ("mcc",),
    "expected_calibration_error": ("ece",),
    "log_loss": ("logloss", "cross_entropy"),
    "brier": ("brier_score", "brier_score_loss"),
    "mean_absolute_error": ("mae",),
    "mean_squared_error": ("mse",),
    "root_mean_squared_error": ("rmse",),
    "mean_absolute_percentage_error": ("mape",),
    "mean_squared_log_error": ("msle",),
    "root_mean_squared_log_error": ("rmsle",),
    "r2": ("r2_score", "r_squared"),
    "mean_error": ("bias",),
    "jensen_shannon": ("js", "jsd"),
    "wasserstein": ("emd",),
    "total_variation": ("tvd",),
}
ALSO_CALLED = {other: name for name, others in OTHER_NAMES.items() for other in others}
"""What measures are called elsewhere, and how they are written here."""


def meaning(measure: str) -> Meaning:
    """What a name means; ``ndcg@10`` from ``ndcg``, ``selection_rate_ratio`` as a ratio that should be high."""
    name, _, cut = measure.partition("@")
    known = KNOWN.get(name)
    if known is not None:
        return Meaning(f"{known.words}@{cut}", known.unit, known.better) if cut else known
    if name.endswith("_ratio"):
        return Meaning(name.replace("_", " "), "number", "high")
    if name.endswith(("_rate", "_difference")):
        return Meaning(name.replace("_", " "), "rate", "low" if name.endswith("_difference") else None)
    return Meaning(measure.replace("_", " "), "number", None)


def is_at_most_one(measure: str) -> bool:
    """Whether a measure cannot be above 1: a rate, or a number that is made so."""
    name = measure.partition("@")[0]
    return name in AT_MOST_ONE or (meaning(name).unit == "rate" and name != "mean_absolute_percentage_error")


AT_MOST_ONE = frozenset(
    (
        *("roc_auc", "average_precision", "f1", "brier", "ks_separation", "matthews_corrcoef", "r2"),
        *("expected_calibration_error", "label_auc", "domain_classifier_auc", "ndcg", "map", "mrr"),
        *("ks", "ks_p", "chi2_p", "jensen_shannon", "hellinger", "total_variation"),
    )
)

MAIN_MEASURES = {
    "binary": ("roc_auc", "average_precision", "accuracy"),
    "multiclass": ("accuracy", "balanced_accuracy", "f1"),
    "regression": ("mean_absolute_error", "root_mean_squared_error", "r2"),
    "ranking": ("ndcg", "map", "mrr"),
}
"""The number that stands for a model of each task, first choice first; a ranking's is taken at the card's first k."""


def main_measures(task: str, k: tuple[int, ...] = ()) -> tuple[str, ...]:
    names = MAIN_MEASURES[task]
    if task != "ranking":
        return names
    return tuple(f"{name}@{cut}" for name in names for cut in k) + names
