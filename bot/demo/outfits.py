"""The clothing recommender of the simulation: items that were shown, the model that ranks them, what was bought.

Two things happen to it. Since an app was relaunched more people come by phone: a drift that does no harm, since a
person buys as before. And a supplier calls its linen `linen-blend`, a word that the model has never seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from bot.demo.weeks import Numbers, Times, Weeks
from bot.demo.world import AGE_BANDS, REGIONS, History, Words, days, effect, happens, numbered, pick

MODEL = "outfit-ranker"
ROWS, ROWS_TO_LEARN_FROM = 84_000, 40_000
WORDS = ["category", "material", "supplier", "device"]
NUMBERS = ["price", "discount", "position", "style_match", "brand_affinity", "days_since_visit"]

CATEGORIES = {"dresses": 0.22, "shirts": 0.24, "trousers": 0.18, "knitwear": 0.14, "jackets": 0.10, "shoes": 0.12}
MATERIALS = {"cotton": 0.38, "linen": 0.18, "wool": 0.12, "polyester": 0.16, "viscose": 0.12, "leather": 0.04}
SUPPLIERS = {"halden": 0.30, "mirabel": 0.26, "ostara": 0.24, "quint": 0.20}
USUAL_PRICE = {"dresses": 64.0, "shirts": 38.0, "trousers": 56.0, "knitwear": 52.0, "jackets": 118.0, "shoes": 84.0}
LIKED = {
    "dresses": 0.25,
    "shirts": 0.1,
    "jackets": -0.3,
    "shoes": -0.1,
    "linen": 0.55,
    "wool": 0.15,
    "polyester": -0.35,
}
BOUGHT_AT_ALL = -2.4

NEW_MATERIAL, ITS_SUPPLIER = "linen-blend", "mirabel"
RENAMED_DAYS_AGO = 17
RELAUNCHED_DAYS_AGO = 40
LABEL_AFTER_DAYS = 3.0


def outfit_history(weeks: Weeks, rng: np.random.Generator) -> History:
    """Ten weeks of shown items, scored by a model that learnt from earlier ones."""
    learnt_from = _shown(ROWS_TO_LEARN_FROM, np.full(ROWS_TO_LEARN_FROM, 1000.0), rng)
    model = _ranker(learnt_from, _bought(learnt_from, rng))
    at = weeks.moments(ROWS, rng)
    shown = _shown(ROWS, weeks.days_ago(at), rng)
    bought = _bought(shown, rng)
    renamed = _renamed(shown, weeks.days_ago(at))
    ids = numbered("shown", ROWS, 4_100_000)
    log = {
        "shown_id": ids,
        "shown_at": at,
        "model_version": np.full(ROWS, "r12", dtype=object),
        **{name: renamed[name].to_numpy(dtype=object) for name in [*WORDS, "region", "age_band"]},
        **{name: renamed[name].to_numpy() for name in NUMBERS},
        "score": np.round(model.predict_proba(renamed)[:, 1], 6),
    }
    arrived = at + days(LABEL_AFTER_DAYS * rng.beta(1.2, 3.0, ROWS))
    return History(model=MODEL, rows_are="shown", at=at, log=log, arrived=arrived, labels=_labels(ids, bought, arrived))


def _labels(ids: Words, bought: Any, arrived: Times) -> dict[str, Any]:
    return {"shown_id": ids, "bought": bought, "known_at": arrived}


def _shown(rows: int, days_ago: Numbers, rng: np.random.Generator) -> pd.DataFrame:
    category = pick(CATEGORIES, rows, rng)
    material = pick(MATERIALS, rows, rng)
    supplier = pick(SUPPLIERS, rows, rng)
    supplier[(material == "linen") & (rng.random(rows) < 0.8)] = ITS_SUPPLIER
    return pd.DataFrame(
        {
            "category": category,
            "material": material,
            "supplier": supplier,
            "device": _device(days_ago, rng),
            "region": pick(REGIONS, rows, rng),
            "age_band": pick(AGE_BANDS, rows, rng),
            "price": np.round(effect(USUAL_PRICE, category) * rng.lognormal(0.0, 0.35, rows), 2),
            "discount": np.where(rng.random(rows) < 0.3, rng.choice([0.1, 0.2, 0.3, 0.5], rows), 0.0),
            "position": rng.integers(1, 11, rows),
            "style_match": np.round(rng.beta(4.0, 3.0, rows), 4),
            "brand_affinity": np.round(rng.beta(1.6, 3.2, rows), 4),
            "days_since_visit": np.minimum(np.floor(rng.exponential(9.0, rows)), 90).astype(int),
        }
    )


def _device(days_ago: Numbers, rng: np.random.Generator) -> Words:
    """Around the relaunch phones take over, mostly from desktops."""
    relaunched = 1 / (1 + np.exp((days_ago - RELAUNCHED_DAYS_AGO) / 4.0))
    phones, tablets = 0.22 + 0.34 * relaunched, 0.10 - 0.04 * relaunched
    chance = rng.random(len(days_ago))
    return np.select([chance < phones, chance < phones + tablets], ["phone", "tablet"], "desktop").astype(object)


def _bought(shown: pd.DataFrame, rng: np.random.Generator) -> Any:
    """Taste, price and place on the page decide; the device does not."""
    usual = effect(USUAL_PRICE, shown["category"].to_numpy(dtype=object))
    odds = (
        BOUGHT_AT_ALL
        + 4.4 * (shown["style_match"].to_numpy() - 0.57)
        + 2.6 * (shown["brand_affinity"].to_numpy() - 0.33)
        - 0.9 * np.log(shown["price"].to_numpy() / usual)
        + 2.0 * shown["discount"].to_numpy()
        - 0.11 * (shown["position"].to_numpy() - 5.5)
        - 0.012 * shown["days_since_visit"].to_numpy()
        + effect(LIKED, shown["category"].to_numpy(dtype=object))
        + effect(LIKED, shown["material"].to_numpy(dtype=object))
    )
    return happens(odds, rng)


def _renamed(shown: pd.DataFrame, days_ago: Numbers) -> pd.DataFrame:
    """The same items under the name that the supplier gives them since it changed its feed."""
    linen = (shown["material"] == "linen") & (shown["supplier"] == ITS_SUPPLIER) & (days_ago <= RENAMED_DAYS_AGO)
    return shown.assign(material=shown["material"].mask(linen, NEW_MATERIAL))


def _ranker(shown: pd.DataFrame, bought: Any) -> Any:
    words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer((words, WORDS), ("passthrough", NUMBERS), verbose_feature_names_out=False)
    trees = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.1, max_leaf_nodes=15, categorical_features=list(range(len(WORDS))), random_state=0
    )
    return make_pipeline(columns, trees).fit(shown[[*WORDS, *NUMBERS]], bought)
