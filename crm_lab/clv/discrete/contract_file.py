"""A shop's table of contracts, where it has one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.clv.discrete.contract_value import ContractValue, ContractValueResult
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult


class NoContracts(TableResult):
    """Stands where no table of contracts was named: what it would have to hold.

    >>> NoContracts().to_frame().empty
    True
    """

    name = "no_contracts"
    frame = pd.DataFrame(columns=["contract_id", "start", "end", "price"])

    def refusal(self) -> Message | None:
        """That no table was named.

        >>> NoContracts().refusal().key
        'clv.contracts.none'
        """
        return Message("clv.contracts.none")

    def readout(self) -> Readout:
        """What a table of contracts holds, and what it would answer.

        >>> print(NoContracts().readout().finding)
        No table of contracts was named, so nothing is said of renewals.
        """
        return Readout("clv.contracts.none", "clv.contracts.none_form", "clv.contracts.none_action")

    def facts(self) -> tuple[Fact, ...]:
        """None.

        >>> NoContracts().facts()
        ()
        """
        return ()


def value_of_contracts(
    path: str, as_of: str | date, spec: ContractValue | None = None
) -> ContractValueResult | NoContracts:
    """Value the contracts of a CSV file; without a file, say what it would have to hold.

    >>> value_of_contracts("", "2024-06-30").refusal().key
    'clv.contracts.none'

    Args:
        path: CSV with contract_id, start, end (empty while it runs) and price per term; empty for none.
        as_of: Last day that counts.
        spec: Settings.

    Returns:
        The value of running contracts, or what stands in its place.

    Raises:
        BadInput: If the file is not there or cannot be used.
    """
    if not path:
        return NoContracts()
    if not Path(path).is_file():
        raise BadInput(f"There is no file {path}; name a CSV with contract_id, start, end and price.")
    return (spec or ContractValue()).analyze(pd.read_csv(path, dtype={"contract_id": str}), as_of)
