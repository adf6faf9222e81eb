"""What members whom somebody brought are worth against comparable ones who came by themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Integers
from crm_lab.checks import BadInput, CannotAnswer, check_settings, need_columns, not_levels, not_portions, too_small
from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.invitation_log.log_checks import NEVER
from crm_lab.loyalty.referral.invitation_log.referral_log import UNKNOWN, ReferralLog
from crm_lab.loyalty.referral.outcomes.value_result import ReferredValueResult, SecondOrder
from crm_lab.messages import Message
from crm_lab.stats.observational.balancing import Estimand
from crm_lab.stats.observational.comparable_units import FEWEST, Comparison, compare

_NEVER_BOUGHT = np.iinfo(np.int64).max
_RARE = 0.01  # of members: levels below are taken together


@dataclass(frozen=True, kw_only=True)
class ReferredValue:
    """Over which time members are compared, and by what they are made comparable.

    Everybody is counted over as many days from the first order, and is made comparable in its month and its value.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> honest = PlantedReferrals(members=5_000, rings=0, self_referrers=0, bursts=0, seed=1)
    >>> fraud = ReferralFraud().analyze(honest.make().log())
    >>> result = ReferredValue(days=120).analyze(fraud)
    >>> result.interval.lo < 0 < result.interval.hi  # nothing is planted
    True

    Attributes:
        days: Days from the first order.
        also: Further columns of the customers to make members comparable in: city, age group, ... A column that says
            whether somebody was referred does not belong here.
        margin_share: Margin per money spent; without it values are spend.
        estimand: Among whom: the ``treated`` (the referred), the ``overlap``, or ``all``.
        first_days: Days of a member in which whom it brings counts for its second-order value.
        level: Confidence level.
        most: Members that are compared at most; more are drawn by lot.
    """

    days: int = 180
    also: tuple[str, ...] = field(default=())
    margin_share: float | None = None
    estimand: Estimand = "treated"
    first_days: int = 90
    level: float = 0.95
    most: int = 200_000

    def __post_init__(self) -> None:
        margin = not_portions(self, "margin_share") if self.margin_share is not None else ()
        check_settings(self, too_small(self, days=7, first_days=1, most=1000), not_levels(self, "level"), margin)

    def analyze(self, fraud: ReferralFraudResult, customers: pd.DataFrame | None = None) -> ReferredValueResult:
        """Compare, suspected accounts left out.

        >>> print(ReferredValue(days=500).analyze(fraud).refusal().key)
        referral.value.refused_few

        Args:
            fraud: Referrals, looked through.
            customers: The contract's `customers`, for the columns of `also`.

        Returns:
            The difference with its interval, balance and E-value, or why none can be said.

        Raises:
            BadInput: If a column of `also` is missing.
        """
        log, share = fraud.log, self.margin_share or 1.0
        first = _first_day(log)
        begins = int(log.rows["invited_day"].min())
        kept = (first != NEVER) & (first >= begins) & (first + self.days - 1 <= log.as_of) & ~fraud.suspected
        bought, returned = log.spent(np.where(kept, first, NEVER), self.days)
        order, _ = log.spent(np.where(kept, first, NEVER), 1)
        who = _sample(np.flatnonzero(kept), log.inviter_of != UNKNOWN, self.most)
        frame = pd.DataFrame(
            {
                "referred": (log.inviter_of[who] != UNKNOWN).astype(int), "value": share * (bought - returned)[who],
                "first_order": order[who],
            }
        )  # fmt: skip
        frame = frame.join(_months(first[who])).join(_levels(self.also, customers, log, who))
        second = _second_order(self, fraud, share)
        sides = int(frame["referred"].sum()), int((1 - frame["referred"]).sum())
        if min(sides) < FEWEST:
            values = {"referred": sides[0], "others": sides[1], "days": self.days, "least": FEWEST}
            return ReferredValueResult(self.days, self.level, self.margin_share is not None, fraud, frame, None,
                                       1.0, second, Message("referral.value.refused_few", values))  # fmt: skip
        found, refused = _compared(self, frame)
        alike = _alike(frame["value"].to_numpy()[frame["referred"] == 1], log.inviter_of[who][frame["referred"] == 1])
        with_margin = self.margin_share is not None
        return ReferredValueResult(self.days, self.level, with_margin, fraud, frame, found, alike, second, refused)


def _compared(spec: ReferredValue, frame: pd.DataFrame) -> tuple[Comparison | None, Message | None]:
    covariates = [str(name) for name in frame if name not in ("referred", "value")]
    try:
        found = compare(
            frame, treated="referred", outcome="value", covariates=covariates, estimand=spec.estimand, level=spec.level
        )
    except CannotAnswer as error:
        return None, Message("referral.value.refused", {"why": str(error)})
    return found, None


def _first_day(log: ReferralLog) -> Integers:
    """Day of each account's first purchase, of the invited from joining on."""
    first = np.full(log.accounts, _NEVER_BOUGHT)
    bought = log.lines["amount"].to_numpy() > 0
    np.minimum.at(first, log.lines["account"].to_numpy()[bought], log.lines["day"].to_numpy()[bought])
    return np.where(first == _NEVER_BOUGHT, NEVER, first)


def _sample(who: Integers, brought: Booleans, most: int) -> Integers:
    """All, or as many referred as others are left for: half at most of each by lot (seed 0)."""
    if len(who) <= most:
        return who
    rng = np.random.default_rng(0)
    referred, others = who[brought[who]], who[~brought[who]]
    take = min(len(referred), max(most // 2, most - len(others)))
    parts = rng.permutation(referred)[:take], rng.permutation(others)[: most - take]
    return np.sort(np.concatenate(parts))


def _months(days: Integers) -> pd.DataFrame:
    """A column per month of the first order but the commonest; rare ones are taken together."""
    month = pd.Series(days.astype("datetime64[D]").astype("datetime64[M]").astype(str))
    return _dummies(month, "month")


def _dummies(values: pd.Series, name: str) -> pd.DataFrame:
    share = values.value_counts(normalize=True)
    text = values.where(values.map(share) >= _RARE, "others")
    made = pd.get_dummies(text, prefix=name, dtype=float)
    return made.drop(columns=f"{name}_{text.mode().iloc[0]}") if len(text) else made


def _levels(also: Sequence[str], customers: pd.DataFrame | None, log: ReferralLog, who: Integers) -> pd.DataFrame:
    """Further columns: numbers as they are, names as a column per level; a gap is a level of its own."""
    if not also:
        return pd.DataFrame(index=range(len(who)))
    if customers is None:
        raise BadInput(f"Members are to be made comparable in {', '.join(also)}; give the customers with them.")
    need_columns(customers.columns, ["customer_id", *also], "The customers")
    own = customers.set_index(customers["customer_id"].astype(str)).reindex(log.customer_id[who]).reset_index(drop=True)
    parts = []
    for name in also:
        values = own[name]
        if pd.api.types.is_numeric_dtype(values) and values.notna().all():
            parts.append(values.astype(float).to_frame())
        else:
            parts.append(_dummies(values.astype("string").fillna("not known").astype(str), name))
    return pd.concat(parts, axis=1)


def _alike(value: np.ndarray, inviter: Integers) -> float:
    """By how much those of one inviter are alike: variance of their sums over that of unlike ones, 1 or more."""
    left = value - value.mean()
    total = float((left**2).sum())
    sums = np.bincount(pd.factorize(inviter)[0], left)
    return max(float((sums**2).sum()) / total, 1.0) if total > 0 else 1.0


def _second_order(spec: ReferredValue, fraud: ReferralFraudResult, share: float) -> SecondOrder | None:
    """Spend of whom members brought in their first days, by whether they were brought themselves."""
    log = fraud.log
    begins = int(log.rows["invited_day"].min())
    last = log.as_of - spec.first_days - spec.days + 1
    kept = (log.joined != NEVER) & (log.joined >= begins) & (log.joined <= last) & ~fraud.suspected
    rows = log.brought
    inviter, invited = rows["inviter"].to_numpy(), rows["invited"].to_numpy()
    early = kept[inviter] & ~fraud.suspected[invited] & (rows["joined_day"].to_numpy() >= log.joined[inviter])
    early &= rows["joined_day"].to_numpy() < log.joined[inviter] + spec.first_days
    start = np.full(log.accounts, NEVER)
    start[invited[early]] = rows["joined_day"].to_numpy()[early]
    bought, returned = log.spent(start, spec.days)
    worth = np.bincount(inviter[early], share * (bought - returned)[invited[early]], minlength=log.accounts)
    sides = [worth[kept & side] for side in (log.inviter_of != UNKNOWN, log.inviter_of == UNKNOWN)]
    if min(len(side) for side in sides) < FEWEST:
        return None
    means, errors = [float(side.mean()) for side in sides], [float(side.var(ddof=1) / len(side)) for side in sides]
    return SecondOrder(means[0], means[1], math.sqrt(sum(errors)), len(sides[0]), len(sides[1]))
