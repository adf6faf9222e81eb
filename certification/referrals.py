"""Referrals: planted rings found, honest accounts left alone, K and decay covered by their intervals; fixed seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from certification.experiments import entry
from crm_lab.loyalty.referral import InvitationChains, Invitations, PlantedReferrals, ReferralFraud, ReferredValue

SEED = 20_261_201
DRAWS = 40  # programmes per setting of fraud
COVERS = 1_000  # programmes whose K is known
SETTINGS: dict[str, dict[str, Any]] = {
    "usual": {},
    "rare": {"rings": 2, "self_referrers": 4, "bursts": 1},
    "common": {"rings": 60, "self_referrers": 100, "bursts": 10},
    "households": {"home": 0.8, "buys": 0.5},
    "paid_on_joining": {"pays_on": "joining"},
}
"""Prevalence of fraud among accounts: about 1 %, 0.2 %, 6 %; many households; rewards for joining."""
NONE: dict[str, Any] = {"rings": 0, "self_referrers": 0, "bursts": 0}


def counted(spec: PlantedReferrals) -> dict[str, int]:
    """Found and planted: rings (half of their accounts or more), named groups, honest accounts, those in households."""
    planted = spec.make()
    found = ReferralFraud().analyze(planted.log())
    truth = planted.truth.assign(named=found.suspected, into=found.group)
    honest = truth["scheme"] == "honest"
    rings = truth[truth["scheme"] == "ring"].groupby("group")["named"].mean()
    made_up = truth[truth["named"]].groupby("into")["scheme"].agg(lambda scheme: (scheme != "honest").mean())
    return {
        "rings": len(rings), "rings_found": int((rings >= 0.5).sum()),
        "named": len(made_up), "named_true": int((made_up >= 0.5).sum()),
        "honest": int(honest.sum()), "honest_named": int(truth["named"][honest].sum()),
        "households": int((honest & truth["household"]).sum()),
        "households_named": int(truth["named"][honest & truth["household"]].sum()),
        "ring_accounts": int((truth["scheme"] == "ring").sum()),
        "ring_accounts_named": int(truth["named"][truth["scheme"] == "ring"].sum()),
    }  # fmt: skip


def certify_referral_fraud(draws: int = DRAWS) -> Iterator[dict]:
    """Per setting: recall of rings, precision of named groups, honest accounts and those of households named."""
    for name, given in SETTINGS.items():
        made = [counted(PlantedReferrals(seed=SEED + k, **given)) for k in range(draws)]
        total = pd.DataFrame(made).sum()
        said = f"{draws} programmes, {total['rings']:,} rings, {total['honest']:,} honest accounts"
        yield entry(f"referrals.{name}.ring_recall", total["rings_found"] / total["rings"], 0.9, 1, said)
        yield entry(f"referrals.{name}.group_precision", total["named_true"] / total["named"], 0.95, 1, said)
        yield entry(f"referrals.{name}.honest_named", total["honest_named"] / total["honest"], 0, 0.001, said)
        share = total["households_named"] / total["households"]
        yield entry(f"referrals.{name}.households_named", share, 0, 0.001, said)


def certify_k(draws: int = COVERS) -> Iterator[dict]:
    """Intervals of K cover the planted K in 93 to 97 % of programmes, with and without planted fraud."""
    for name, given, counted_as in (
        ("honest", NONE, "joined"),
        ("after_fraud", {"rings": 3, "self_referrers": 5}, "real"),
    ):
        held = 0
        for k in range(draws):
            spec = PlantedReferrals(members=1_500, decay=1.0, wifi=0, seed=SEED + k, **given)
            _, ci = Invitations().analyze(ReferralFraud().analyze(spec.make().log())).k(counted_as)  # type: ignore[arg-type]
            held += ci is not None and ci.lo <= spec.true_k(90, 30) <= ci.hi
        near = 2 * math.sqrt(0.95 * 0.05 / draws)
        yield entry(f"referrals.k_covers_{name}", held / draws, 0.93 - near, 0.97 + near, f"{draws} programmes")


def certify_decay(draws: int = 400) -> dict:
    """Intervals of the decay by generation cover the planted one."""
    held = 0
    for k in range(draws):
        spec = PlantedReferrals(members=4_000, invitations=1.8, decay=0.8, seed=SEED + k, **NONE)
        _, ci = InvitationChains().analyze(ReferralFraud().analyze(spec.make().log())).decay
        held += ci is not None and ci.lo <= 0.8 <= ci.hi
    near = 2 * math.sqrt(0.95 * 0.05 / draws)
    return entry("referrals.decay_covers", held / draws, 0.93 - near, 0.97 + near, f"{draws} programmes")


def certify_referred_value(draws: int = 400) -> dict:
    """Where nothing is planted, the interval of the value of the referred holds no difference."""
    held = 0
    for k in range(draws):
        spec = PlantedReferrals(members=3_000, seed=SEED + k, **NONE)
        ci = ReferredValue(days=120).analyze(ReferralFraud().analyze(spec.make().log())).interval
        held += ci.lo <= 0 <= ci.hi
    near = 2 * math.sqrt(0.95 * 0.05 / draws)
    return entry("referrals.value_covers", held / draws, 0.93 - near, 0.97 + near, f"{draws} programmes")
