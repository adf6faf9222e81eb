"""Which accounts are one person, what tells their records apart, and the figures by person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from crm_lab.checks import as_date
from crm_lab.simulate.scenario.scenario import Scenario


@dataclass(frozen=True)
class IdentityTruth:
    """The persons behind the accounts.

    >>> from crm_lab.simulate import make_retailer, open_key
    >>> truth = open_key(make_retailer("doubles", n_customers=512)).identity_truth()

    Attributes:
        scenario: The planted parameters.
        accounts: A row an account: ``customer_id``, ``person_id``, ``number`` (1 for a person's first account),
            ``kind`` (how a further account's record differs from the first one's), ``system``, ``opened_on``, ``tie``
            (none, household, twins, father_and_son) and the person it is with, ``tied_to``.
        orders: A row a line: ``customer_id``, ``order_id``, ``date``, ``sale`` or return, ``net_amount``.
    """

    scenario: Scenario
    accounts: pd.DataFrame
    orders: pd.DataFrame

    @property
    def persons(self) -> pd.DataFrame:
        """Whose each account is: ``customer_id``, ``person_id``.

        >>> len(truth.persons), bool(truth.persons["person_id"].nunique() < 512)
        (512, True)
        """
        return self.accounts[["customer_id", "person_id"]].copy()

    @property
    def kind(self) -> pd.DataFrame:
        """A row for each further account: ``customer_id``, ``person_id``, ``kind``.

        >>> bool(truth.kind["kind"].notna().all())
        True
        """
        further = self.accounts[self.accounts["kind"].notna()]
        return further[["customer_id", "person_id", "kind"]].reset_index(drop=True)

    def counts(self) -> pd.Series:
        """How many further accounts of each kind there are.

        >>> int(truth.counts().sum()) == len(truth.kind)
        True
        """
        return self.kind["kind"].value_counts().sort_index()

    def pairs(self) -> pd.DataFrame:
        """Pairs of accounts that are one person: ``customer_id_l``, ``customer_id_r``, ``kind`` of the later one.

        >>> list(truth.pairs())
        ['customer_id_l', 'customer_id_r', 'kind']
        """
        have = self.accounts[["customer_id", "person_id", "number", "kind"]]
        both = have.merge(have, on="person_id", suffixes=("_l", "_r")).query("number_l < number_r")
        return (
            both[["customer_id_l", "customer_id_r", "kind_r"]].rename(columns={"kind_r": "kind"}).reset_index(drop=True)
        )

    def ties(self) -> pd.DataFrame:
        """Pairs of persons who are not one but much alike: ``person_id``, ``other_id``, ``tie``.

        >>> sorted(truth.ties()["tie"].unique())
        ['father_and_son', 'household', 'twins']
        """
        there = self.accounts[self.accounts["tied_to"].isin(self.accounts["person_id"])]
        once = there.drop_duplicates("person_id").rename(columns={"tied_to": "other_id"})
        return once[["person_id", "other_id", "tie"]].reset_index(drop=True)

    def kpis(self, as_of: str | date, by: str = "person") -> pd.Series:
        """Figures by person, or by account as a file without persons has them, from the lines up to a day.

        >>> by_person, by_account = truth.kpis("2024-12-31"), truth.kpis("2024-12-31", by="account")
        >>> bool(by_person["repurchase_rate"] > by_account["repurchase_rate"])
        True

        Args:
            as_of: The last day that counts.
            by: ``person`` or ``account``.

        Returns:
            ``persons`` who bought, ``repurchase_rate`` (share of them who bought on two days or more),
            ``orders_per_person``, ``revenue_per_person`` (net of returns).
        """
        lines = self.orders[self.orders["date"] <= pd.Timestamp(as_date(as_of))]
        names = self.accounts.set_index("customer_id")["person_id"]
        who = lines["customer_id"].map(names) if by == "person" else lines["customer_id"]
        sales = lines[lines["sale"]].assign(who=who).groupby("who")
        days, orders = sales["date"].nunique(), sales["order_id"].nunique()
        return pd.Series(
            {
                "persons": float(len(days)),
                "repurchase_rate": float((days > 1).mean()),
                "orders_per_person": float(orders.mean()),
                "revenue_per_person": float(lines["net_amount"].sum() / max(len(days), 1)),
            }
        )
