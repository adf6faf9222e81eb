"""What is true of invitations: how fast members multiply, what being invited does, and which accounts are fraud."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.simulate.points.invitations_net import SCHEMES
from crm_lab.simulate.scenario.scenario import Scenario


@dataclass(frozen=True)
class ReferralTruth:
    """Honest chains of invitations and schemes of accounts that only collect rewards.

    >>> from crm_lab.simulate import make_retailer, open_key
    >>> truth = open_key(make_retailer("points", n_customers=512)).referral_truth()

    Attributes:
        scenario: The planted parameters.
        accounts: A row an account: ``inviter_id``, ``depth`` of the honest chain (0 uninvited, -1 in a scheme),
            ``fraud`` (none or the kind of scheme), ``role`` (none, organiser, account), ``scheme``, ``home`` (the
            member whose home is shared), ``invitations_expected``, ``followed`` (for the whole span of inviting).
        referrals: A row an invitation: ``referral``, ``customer_id``, ``invited_id``, ``days_after`` the inviter joined
            (or the programme began), ``fraud``, ``scheme``.
    """

    scenario: Scenario
    accounts: pd.DataFrame
    referrals: pd.DataFrame

    @property
    def value_effect(self) -> float:
        """How much more often somebody buys for having been invited, all else equal.

        >>> truth.value_effect
        0.2
        """
        return self.scenario.referrals.value

    def k(self, days: int | None = None) -> pd.DataFrame:
        """New members by invitation of one honest member, all followed for the whole span, by depth of the chain.

        >>> truth.k().columns.tolist()
        ['members', 'invitations', 'joined', 'converts', 'k', 'expected']

        Args:
            days: First days of each member in which invitations count, wherever those invited join; all days of
                inviting unless given.

        Returns:
            One row per ``depth`` of who invites: ``members`` followed, their ``invitations`` and how many ``joined``;
            ``k`` is joined over members, ``expected`` what chance would give on average to these members.
        """
        given = self.scenario.referrals
        share = 1.0 if days is None else min(days / given.days, 1.0)
        honest = self.accounts[(self.accounts["depth"] >= 0) & self.accounts["followed"]]
        honest = honest[honest["role"] == "none"]
        counted = (self.referrals["fraud"] == SCHEMES[0]) & (self.referrals["days_after"] <= share * given.days)
        sent = self.referrals[counted].merge(honest[["customer_id", "depth"]], on="customer_id")
        grouped = honest.groupby("depth")
        out = pd.DataFrame(
            {
                "members": grouped.size(),
                "invitations": sent.groupby("depth").size(),
                "joined": sent[sent["invited_id"].notna()].groupby("depth").size(),
            }
        )
        out = out.reindex(grouped.size().index).fillna(0).astype(np.int64)
        out["converts"] = out["joined"] / out["invitations"].where(out["invitations"] > 0)
        out["k"] = out["joined"] / out["members"]
        chance = given.converts * given.decay ** out.index.to_numpy(dtype=float)
        out["expected"] = share * grouped["invitations_expected"].mean() * chance
        return out

    def fraud(self) -> pd.DataFrame:
        """How much fraud there is, by kind.

        >>> truth.fraud().index.tolist()
        ['self_referral', 'ring', 'burst', 'return_after_reward', 'all']

        Returns:
            One row per kind and for ``all``: ``schemes``, ``accounts`` that are not what they seem and ``referrals`` by
            which they joined; ``share_of_accounts``, ``share_of_joined`` (of all invitations that somebody joined by).
        """
        fake = self.accounts[self._is_fake(self.accounts)]
        false = self.referrals[self.referrals["fraud"] != SCHEMES[0]]
        rows = {}
        for kind in (*SCHEMES[1:], "all"):
            accounts = fake if kind == "all" else fake[fake["fraud"] == kind]
            invitations = false if kind == "all" else false[false["fraud"] == kind]
            rows[kind] = {
                "schemes": accounts["scheme"].nunique(),
                "accounts": len(accounts),
                "referrals": len(invitations),
                "share_of_accounts": len(accounts) / len(self.accounts),
                "share_of_joined": len(invitations) / max(int(self.referrals["invited_id"].notna().sum()), 1),
            }
        return pd.DataFrame(rows).T.astype(dict.fromkeys(("schemes", "accounts", "referrals"), np.int64))

    def fake_accounts(self) -> frozenset[str]:
        """Accounts that are there for the rewards alone.

        >>> truth.fake_accounts() <= set(truth.accounts["customer_id"])
        True
        """
        return frozenset(self.accounts.loc[self._is_fake(self.accounts), "customer_id"])

    def honest_homes(self) -> pd.DataFrame:
        """Honest members who share a home: nobody should flag them.

        >>> truth.honest_homes().columns.tolist()
        ['customer_id', 'home']
        """
        honest = self.accounts[self.accounts["fraud"] == SCHEMES[0]]
        shared = honest.groupby("home")["customer_id"].transform("size") > 1
        return honest.loc[shared, ["customer_id", "home"]].reset_index(drop=True)

    @staticmethod
    def _is_fake(accounts: pd.DataFrame) -> pd.Series:
        """Accounts of a scheme; the organiser of second accounts is a real customer, too."""
        real = (accounts["role"] == "organiser") & (accounts["fraud"] == "self_referral")
        fake: pd.Series = (accounts["fraud"] != SCHEMES[0]) & ~real
        return fake
