"""A ledger whose customer numbers are not those of the orders says so."""

import dataclasses

from crm_lab.loyalty.open_programme import LoyaltyProgramme, open_programme


class Renumbered(LoyaltyProgramme):
    @property
    def rewards(self):
        rewards = super().rewards
        return rewards.assign(customer_id="card-" + rewards["customer_id"].astype(str))


def test_a_ledger_of_other_customer_numbers_is_named():
    programme = open_programme("simulated:points,customers=600", "2024-12-31")
    assert programme.notes() == []
    other = Renumbered(**{field.name: getattr(programme, field.name) for field in dataclasses.fields(programme)})
    [note] = other.notes()
    members = programme.rewards["customer_id"].nunique()
    assert note.startswith(f"{members:,} of the {members:,} members of the ledger have no order")


def test_a_named_scale_holds_for_all_that_reads_the_ledger():
    named = open_programme("simulated:points,customers=600", "2024-12-31", scale_changes="2024-03-01 = 10")
    plain = open_programme("simulated:points,customers=600", "2024-12-31", scale_changes="none")
    before = plain.rewards["date"] < "2024-03-01"
    assert (named.rewards["points"][before] == 10 * plain.rewards["points"][before]).all()
    assert (named.rewards["points"][~before] == plain.rewards["points"][~before]).all()
    assert named.named_scales == plain.named_scales == {}
