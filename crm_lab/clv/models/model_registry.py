"""The purchase models by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.clv.models.bgnbd import BGNBD
from crm_lab.clv.models.mbgnbd import MBGNBD
from crm_lab.clv.models.nbd import NBD
from crm_lab.clv.models.paretonbd import ParetoNBD
from crm_lab.clv.models.purchase_model import PurchaseModel
from crm_lab.clv.models.regular_purchases import BGCNBD, MBGCNBD
from crm_lab.data.kernels.purchases import Unit
from crm_lab.messages import Message

MODELS: dict[str, type[PurchaseModel]] = {m.key: m for m in (NBD, BGNBD, MBGNBD, ParetoNBD, BGCNBD, MBGCNBD)}


def purchase_model(name: str, unit: Unit = "W") -> PurchaseModel:
    """A purchase model by its key.

    >>> purchase_model("mbgnbd").title
    'MBG/NBD'

    Args:
        name: A key of `MODELS`: ``nbd``, ``bgnbd``, ``mbgnbd``, ``paretonbd``, ``bgcnbd``, ``mbgcnbd``.
        unit: Unit of time of the summaries it is fitted to.

    Returns:
        The model, not yet fitted.

    Raises:
        BadInput: If there is no such model.
    """
    if name not in MODELS:
        raise BadInput(f"model is {name!r}; it must be one of {', '.join(MODELS)}.")
    return MODELS[name](unit=unit)


def titles(keys: Iterable[str]) -> str:
    """The names of models, one after another."""
    return ", ".join(MODELS[key].title for key in keys)


def model_title(key: str) -> Message:
    """The name of a model or of one of the other ways to predict."""
    if key in MODELS:
        return Message("clv.backtest.title", {"title": MODELS[key].title})
    return Message(f"clv.backtest.{key}")


def label_of(measure: str, row: Mapping[str, Any]) -> Message:
    """What a score is called of the model in a row."""
    return Message(f"clv.backtest.{measure}", {"model": model_title(row["model"])})
