"""What NannyML and Parley both tell of the broad log, by NannyML. It needs an environment of its own (with pandas 3 it
runs, too, but slower):

python -m venv PEER; PEER/bin/pip install nannyml==0.13.1 'pandas<3' statsmodels
PEER/bin/python benchmarks/nannyml_shared.py build/bench/1000000-1048576

It cuts each log into ten chunks, its default, because its limits are how far the reference's own chunks lie from each
other. It rebuilds all rows from principal components; Parley does so only with a sample, and only for a card that names
``multivariate_drift``. Below the time of all come figures of the whole window, to be laid beside those of ``parley
evaluate --json -``. They differ for numbers, which NannyML puts into bins of equal width; and its chi2 of a label is
corrected for continuity.
"""

import resource
import sys
import time
import warnings
from pathlib import Path

import nannyml  # type: ignore[import-not-found]  # only the peer's environment has it
import pandas as pd  # type: ignore[import-not-found,unused-ignore]  # only the peer's environment has it

nannyml.disable_usage_logging()  # or it sends word of each fit and each calculation to its makers
warnings.simplefilter("ignore")  # hundreds, of how it builds its own tables

CHUNKS = 10
METRICS = ["roc_auc", "average_precision", "f1", "precision", "recall", "specificity", "accuracy"]
MODEL = {"y_true": "label", "y_pred": "prediction", "y_pred_proba": "score", "problem_type": "classification_binary"}

folder = Path(sys.argv[1])
began = time.perf_counter()
window, reference = (pd.read_parquet(folder / f"{name}.parquet") for name in ("window", "reference"))
for frame in (window, reference):
    frame["prediction"] = (frame["score"] >= 0.5).astype(int)
numbers = [c for c in window if c.startswith("number_")]
categories = [c for c in window if c.startswith("category_")] + ["group"]
columns = [*numbers, *categories, "score", "label"]
print(f"read: {time.perf_counter() - began:.1f} s", flush=True)
parts = {
    "univariate drift": nannyml.UnivariateDriftCalculator(
        columns,
        treat_as_categorical="label",
        continuous_methods=["jensen_shannon", "kolmogorov_smirnov"],
        categorical_methods=["jensen_shannon", "chi2"],
        chunk_number=CHUNKS,
    ),
    "realized performance": nannyml.PerformanceCalculator(METRICS, **MODEL, chunk_number=CHUNKS),
    "confusion matrix": nannyml.PerformanceCalculator("confusion_matrix", **MODEL, chunk_number=CHUNKS),
    "missing values": nannyml.MissingValuesCalculator(columns, chunk_number=CHUNKS),
    "unseen values": nannyml.UnseenValuesCalculator(categories, chunk_number=CHUNKS),
    "numbers out of range": nannyml.NumericalRangeCalculator([*numbers, "score"], chunk_number=CHUNKS),
    "rows": nannyml.SummaryStatsRowCountCalculator(chunk_number=CHUNKS),
    "means": nannyml.SummaryStatsAvgCalculator([*numbers, "score"], chunk_number=CHUNKS),
    "principal components": nannyml.DataReconstructionDriftCalculator([*numbers, *categories], chunk_number=CHUNKS),
}
for name, calculator in parts.items():
    start = time.perf_counter()
    calculator.fit(reference).calculate(window)
    print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"all: {time.perf_counter() - began:.1f} s, {peak:.0f} MB", flush=True)

whole = nannyml.PerformanceCalculator(METRICS, **MODEL, chunk_number=1)
apart = nannyml.UnivariateDriftCalculator(
    ["number_0", "number_1", "category_0", "category_1", "score", "label"],
    treat_as_categorical="label",
    continuous_methods=["jensen_shannon", "hellinger", "kolmogorov_smirnov", "wasserstein"],
    categorical_methods=["jensen_shannon", "hellinger", "chi2"],
    chunk_number=1,
)
for calculator in (whole, apart):
    told = calculator.fit(reference).calculate(window).filter(period="analysis").data.iloc[0]
    for place, value in told.items():
        if place[0] != "chunk" and place[-1] == "value":
            print(*place[:-1], f"{value:.6f}")
