"""The purchase models by name."""

from __future__ import annotations

from crm_lab.checks import BadInput
from crm_lab.clv.bgnbd import BGNBD
from crm_lab.clv.mbgnbd import MBGNBD
from crm_lab.clv.model import PurchaseModel
from crm_lab.clv.nbd import NBD
from crm_lab.clv.paretonbd import ParetoNBD
from crm_lab.data.purchases import Unit

MODELS: dict[str, type[PurchaseModel]] = {m.key: m for m in (NBD, BGNBD, MBGNBD, ParetoNBD)}


def purchase_model(name: str, unit: Unit = "W") -> PurchaseModel:
    """A purchase model by its key.

    >>> purchase_model("mbgnbd").title
    'MBG/NBD'

    Raises:
        BadInput: If there is no such model.
    """
    if name not in MODELS:
        raise BadInput(f"model is {name!r}; it must be one of {', '.join(MODELS)}.")
    return MODELS[name](unit=unit)
