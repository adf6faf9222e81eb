"""Journal lines of a roll-forward: debit and credit of each month's movements, balanced entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import pandas as pd

from crm_lab.calendar import period_end
from crm_lab.checks import BadInput
from crm_lab.exports import write_csv
from crm_lab.loyalty.liability.liability_rollforward import LiabilityRollForwardResult
from crm_lab.loyalty.liability.liability_states import MOVES, REVENUE
from crm_lab.messages import LANGUAGES, Message, language
from crm_lab.results import Fact, Readout, Result

_S = "liability.journal"
ACCOUNTS = (
    "sales_revenue", "contract_liability", "points_revenue", "loyalty_expense", "points_provision", "reward_cost"
)  # fmt: skip
_AGAINST: Mapping[tuple[str, str], str] = {
    **{("contract_liability", move): "sales_revenue" for move in ("issued", "reversed")},
    ("contract_liability", "handed_on"): "points_revenue",
    **{("contract_liability", move): "points_revenue" for move in REVENUE},
    **{("provision", move): "loyalty_expense" for move in MOVES if move != "redeemed"},
    ("provision", "redeemed"): "reward_cost",
}
_BOOKED = {"contract_liability": "contract_liability", "provision": "points_provision"}


@dataclass(frozen=True, kw_only=True)
class JournalLines:
    """Journal lines of points.

    The till has booked the whole price of an order as sales revenue; an issue of points takes their part out of it.
    Redeemed and expired points, and a changed estimate, move it to revenue from points. Rewards are taken to have been
    booked as reward cost; those of points without a sale are met from the provision.

    >>> JournalLines(accounts={"contract_liability": "2410"}).number("contract_liability")
    '2410'

    Attributes:
        accounts: Numbers of one's own accounts, by the ids in `ACCOUNTS`; others keep their id.
    """

    accounts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.accounts) - set(ACCOUNTS))
        if unknown:
            raise BadInput(f"accounts names {', '.join(unknown)}; the journal has {', '.join(ACCOUNTS)}.")

    def number(self, account: str) -> str:
        """One's own number of an account.

        >>> JournalLines().number("points_revenue")
        'points_revenue'

        Args:
            account: Its id.

        Returns:
            The number, or the id.
        """
        return self.accounts.get(account, account)

    def analyze(self, rollforward: LiabilityRollForwardResult) -> JournalLinesResult:
        """Write the lines of every month.

        >>> from crm_lab.loyalty.liability import LiabilityRollForward
        >>> lots = pd.DataFrame(
        ...     {
        ...         "customer_id": ["a"],
        ...         "lot": [1],
        ...         "kind": "earn",
        ...         "order_id": ["o1"],
        ...         "points": [1_000],
        ...         "issued_on": pd.to_datetime(["2024-01-05"]),
        ...     }
        ... )
        >>> uses = lots[["customer_id", "lot", "kind", "points"]].assign(date=lots["issued_on"]).iloc[:0]
        >>> orders = pd.DataFrame({"order_id": ["o1"], "amount": [100.0]})
        >>> estimates = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.8]})
        >>> rolled = LiabilityRollForward(point_price=0.01).analyze(lots, uses, orders, estimates, as_of="2024-01-31")
        >>> JournalLines().analyze(rolled).to_frame()[["account", "debit", "credit"]].values.tolist()
        [['sales_revenue', 7.41, 0.0], ['contract_liability', 0.0, 7.41]]

        Args:
            rollforward: The roll-forward.

        Returns:
            The lines.
        """
        return JournalLinesResult(self, rollforward)


@dataclass(frozen=True, eq=False)
class JournalLinesResult(Result):
    """Journal lines of points.

    >>> from crm_lab.loyalty.liability import LiabilityRollForward
    >>> lots = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"],
    ...         "lot": [1],
    ...         "kind": "earn",
    ...         "order_id": ["o1"],
    ...         "points": [1_000],
    ...         "issued_on": pd.to_datetime(["2024-01-05"]),
    ...     }
    ... )
    >>> uses = lots[["customer_id", "lot", "kind", "points"]].assign(date=lots["issued_on"]).iloc[:0]
    >>> orders = pd.DataFrame({"order_id": ["o1"], "amount": [100.0]})
    >>> estimates = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.8]})
    >>> rolled = LiabilityRollForward(point_price=0.01).analyze(lots, uses, orders, estimates, as_of="2024-01-31")
    >>> found = JournalLines().analyze(rolled)

    Attributes:
        spec: Numbers of accounts.
        rollforward: The roll-forward.
    """

    spec: JournalLines
    rollforward: LiabilityRollForwardResult

    name: ClassVar[str] = "journal_lines"
    formats: ClassVar[Mapping[str, str]] = {"debit": ",.2f", "credit": ",.2f"}

    @cached_property
    def _lines(self) -> list[tuple[str, str, str, int, int, str, str]]:
        """Entry, date, account, debit and credit in cents, part and movement."""
        rolled, lines = self.rollforward, []
        parts = _BOOKED if rolled.spec.without_sale == "provision" else {"contract_liability": "contract_liability"}
        for at, month in enumerate(rolled.months):
            day = period_end(rolled.first + at, "month").isoformat()
            for part, account in parts.items():
                for move in MOVES:
                    cents = int(rolled.measured[part].moves[move][at])
                    if not cents:
                        continue
                    against = _AGAINST.get((part, move), "points_revenue")
                    debit, credit = (against, account) if cents > 0 else (account, against)
                    entry = f"{month}/{part}/{move}"
                    lines.append((entry, day, debit, abs(cents), 0, part, move))
                    lines.append((entry, day, credit, 0, abs(cents), part, move))
        return lines

    def to_frame(self) -> pd.DataFrame:
        """The lines.

        >>> list(found.to_frame())
        ['entry', 'date', 'account', 'debit', 'credit', 'text_en', 'text_zh']

        Returns:
            Two rows per entry: `entry` (month, part, movement), `date`, `account`, `debit`, `credit`, and the text in
            both languages.
        """
        unit = 10**self.rollforward.spec.decimals
        rows = [
            (entry, day, self.spec.number(account), debit / unit, credit / unit,
             *(_text(part, move, entry[:7], lang) for lang in LANGUAGES))
            for entry, day, account, debit, credit, part, move in self._lines
        ]  # fmt: skip
        columns = ["entry", "date", "account", "debit", "credit", *(f"text_{lang}" for lang in LANGUAGES)]
        return pd.DataFrame(rows, columns=columns)

    def shown(self) -> pd.DataFrame:
        """The lines of the last month, with the text in the reader's language; the file has all.

        >>> list(found.shown())
        ['date', 'account', 'debit', 'credit', 'text']
        """
        frame = self.to_frame()
        named = {self.spec.number(name): Message(f"{_S}.account_{name}").text() for name in ACCOUNTS}
        named = {number: word for number, word in named.items() if number in ACCOUNTS}
        frame = frame.assign(account=frame["account"].replace(named))
        last = frame[frame["date"] == frame["date"].max()].rename(columns={f"text_{language()}": "text"})
        return self.in_words(last[["date", "account", "debit", "credit", "text"]].reset_index(drop=True))

    @property
    def unbalanced(self) -> int:
        """Entries whose debit is not their credit, in cents.

        >>> found.unbalanced
        0
        """
        sums: dict[str, int] = {}
        for entry, _, _, debit, credit, _, _ in self._lines:
            sums[entry] = sums.get(entry, 0) + debit - credit
        return sum(total != 0 for total in sums.values())

    def write(self, name: str = "journal_lines.csv") -> Path:
        """Write the lines as CSV for the books.

        >>> path = found.write("example_journal.csv")
        >>> path.read_text(encoding="utf-8-sig").splitlines()[0]
        'entry,date,account,debit,credit,text_en,text_zh'
        >>> path.unlink()

        Args:
            name: File name.

        Returns:
            The path written.
        """
        return write_csv(self.to_frame(), name)

    def readout(self) -> Readout:
        """How many lines there are, and that they balance.

        >>> print(found.readout().finding)
        The journal of points has 1 entries over 1 months; debit and credit are 7.41 each, and 0 entries do not balance.
        """
        frame = self.to_frame()
        values = {
            "entries": frame["entry"].nunique(), "months": self.rollforward.n, "debit": frame["debit"].sum(),
            "unbalanced": self.unbalanced,
        }  # fmt: skip
        return Readout.of(_S, values)

    def facts(self) -> tuple[Fact, ...]:
        """Entries, and those that do not balance.

        >>> [fact.value for fact in found.facts()]
        [1, 0]
        """
        return (
            Fact("journal.entries", f"{_S}.fact_entries", int(self.to_frame()["entry"].nunique())),
            Fact("journal.unbalanced", f"{_S}.fact_unbalanced", self.unbalanced, better="down"),
        )


def _text(part: str, move: str, month: str, lang: str) -> str:
    words = {"part": Message(f"{_S}.part_{part}"), "move": Message(f"{_S}.move_{move}"), "month": month}
    return Message(f"{_S}.text", words).text(lang)
