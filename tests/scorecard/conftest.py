"""Claims for tests: the two lists the repository ships, and one written in a line."""

import pytest

from crm_lab.project import project_root
from crm_lab.scorecard import Auditor, parse_claims, read_claims

SAMPLES = project_root() / "data" / "samples"


@pytest.fixture(scope="session")
def decks():
    return read_claims(SAMPLES / "decks.yaml")


@pytest.fixture(scope="session")
def honest():
    return read_claims(SAMPLES / "honest.yaml")


@pytest.fixture(scope="session")
def audit_of():
    """The audit of claims written as YAML flow mappings, all of one deck."""

    def audit(*claims, measured=None):
        listed = ", ".join("{" + claim + "}" for claim in claims)
        return Auditor().analyze(parse_claims(f"deck: d\nclaims: [{listed}]"), measured)

    return audit


@pytest.fixture(scope="session")
def found(audit_of):
    """Rule and variant of every finding about some claims."""

    def rules(*claims, measured=None):
        audit = audit_of(*claims, measured=measured)
        return sorted((f.rule, f.sentence.key.rpartition(".")[2]) for f in audit.findings)

    return rules
