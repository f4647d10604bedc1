"""The return-risk model of the simulation: orders, the model that scores them at checkout, what came back.

One thing happens to it. A new carrier in the north books returns by parcel and not by item, so what the model knows
about an order says next to nothing there any more. And an order is settled days after it was scored, whether it comes
back or not: labels arrive late.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bot.demo.weeks import Numbers, Weeks
from bot.demo.world import AGE_BANDS, REGIONS, History, days, effect, happens, numbered, pick

MODEL = "return-risk"
ROWS, ROWS_TO_LEARN_FROM = 40_000, 30_000
WORDS = ["category", "payment", "device", "region"]
NUMBERS = ["basket_value", "items", "sizes_per_item", "discount", "past_return_rate", "account_days", "delivery_days"]

CATEGORIES = {"dresses": 0.26, "shirts": 0.22, "trousers": 0.18, "knitwear": 0.12, "jackets": 0.08, "shoes": 0.14}
PAYMENTS = {"card": 0.42, "invoice": 0.33, "wallet": 0.25}
DEVICES = {"phone": 0.55, "desktop": 0.37, "tablet": 0.08}
RETURNED_MORE = {"dresses": 0.6, "shoes": 0.45, "jackets": 0.2, "shirts": -0.35, "knitwear": -0.25, "invoice": 0.55}
RETURNED_AT_ALL = -1.15

FAILING_REGION = "north"
NEW_CARRIER_DAYS_AGO = 26
BOOKED_AS_RETURNED = -0.25
SETTLED_AFTER_DAYS = (2.0, 21.0)


def return_history(weeks: Weeks, rng: np.random.Generator) -> History:
    """Ten weeks of orders, scored by a model that learnt from earlier ones."""
    learnt_from = _orders(ROWS_TO_LEARN_FROM, rng)
    model = _scorer(learnt_from, happens(_log_odds(learnt_from), rng))
    at = weeks.moments(ROWS, rng)
    orders = _orders(ROWS, rng)
    by_parcel = (orders["region"] == FAILING_REGION).to_numpy() & (weeks.days_ago(at) <= NEW_CARRIER_DAYS_AGO)
    odds = _log_odds(orders)
    returned = happens(np.where(by_parcel, BOOKED_AS_RETURNED + 0.05 * odds, odds), rng)
    ids = numbered("order", ROWS, 730_000)
    log = {
        "order_id": ids,
        "ordered_at": at,
        "model_version": np.full(ROWS, "v4", dtype=object),
        **{name: orders[name].to_numpy(dtype=object) for name in [*WORDS, "age_band"]},
        **{name: orders[name].to_numpy() for name in NUMBERS},
        "risk": np.round(model.predict_proba(orders)[:, 1], 6),
    }
    arrived = at + days(_until_settled(rng))
    labels = {"order_id": ids, "returned": returned, "settled_at": arrived}
    return History(model=MODEL, rows_are="orders", at=at, log=log, arrived=arrived, labels=labels)


def _until_settled(rng: np.random.Generator) -> Numbers:
    """Days from the order to its settling. It does not depend on the outcome, or early labels would be a biased lot."""
    soonest, latest = SETTLED_AFTER_DAYS
    return soonest + (latest - soonest) * rng.beta(1.3, 2.2, ROWS)


def _orders(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    items = 1 + rng.poisson(1.6, rows)
    return pd.DataFrame(
        {
            "category": pick(CATEGORIES, rows, rng),
            "payment": pick(PAYMENTS, rows, rng),
            "device": pick(DEVICES, rows, rng),
            "region": pick(REGIONS, rows, rng),
            "age_band": pick(AGE_BANDS, rows, rng),
            "basket_value": np.round(items * rng.lognormal(3.6, 0.4, rows), 2),
            "items": items,
            "sizes_per_item": np.round(1 + rng.beta(0.7, 2.4, rows) * 2, 2),
            "discount": np.where(rng.random(rows) < 0.35, rng.choice([0.1, 0.2, 0.3], rows), 0.0),
            "past_return_rate": np.round(rng.beta(1.4, 3.0, rows), 4),
            "account_days": np.floor(rng.exponential(420.0, rows)).astype(int),
            "delivery_days": 1 + rng.poisson(2.2, rows),
        }
    )


def _log_odds(orders: pd.DataFrame) -> Numbers:
    words = sum(effect(RETURNED_MORE, orders[name].to_numpy(dtype=object)) for name in ["category", "payment"])
    odds: Numbers = (
        RETURNED_AT_ALL
        + 4.2 * (orders["past_return_rate"].to_numpy() - 0.32)
        + 2.2 * (orders["sizes_per_item"].to_numpy() - 1.45)
        + 0.35 * np.log(orders["basket_value"].to_numpy() / 95)
        - 1.2 * orders["discount"].to_numpy()
        + 0.12 * (orders["delivery_days"].to_numpy() - 3.2)
        - 0.0004 * (orders["account_days"].to_numpy() - 420)
        + words
    )
    return odds


def _scorer(orders: pd.DataFrame, returned: Any) -> Any:
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), WORDS), (StandardScaler(), NUMBERS), verbose_feature_names_out=False
    )
    return make_pipeline(columns, LogisticRegression(max_iter=500)).fit(orders[[*WORDS, *NUMBERS]], returned)
