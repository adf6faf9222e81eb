"""Whatever a list of claims holds, it is refused in words or audited: no claim makes the auditor stumble."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.scorecard import Auditor, Claim, ClaimList, Control, Deck, change, figure, metrics
from crm_lab.scorecard.kpi_registry import UNITS

figures = st.builds(
    lambda bound, number, percent: figure(f"{bound}{number}{percent}"),
    st.sampled_from(["", "", "", ">=", "<", "~"]),
    st.sampled_from(["0", "1", "3", "0.5", "61", "80.25", "-3", "100", "250", "12000"]),
    st.sampled_from(["", " %"]),
)
changes = st.sampled_from(["+5 %", "-40 %", "+31 % relative", "+19 points", "+1.8", "-150 %", "0 %"]).map(change)
named = st.dictionaries(st.sampled_from(["x", "y", "z"]), figures, max_size=3)
given_numbers = st.dictionaries(
    st.sampled_from(["investment", "sales_gain_per_year", "contribution_margin"]), figures, max_size=3
)
controls = st.builds(
    Control,
    value=st.none() | figures,
    before=st.none() | figures,
    after=st.none() | figures,
    change=st.none() | changes,
)


@st.composite
def claims(draw, number):
    metric = draw(st.sampled_from(sorted(metrics())))
    levels = {name: draw(st.none() | figures) for name in ("value", "before", "after", "target", "base_rate", "total")}
    counted = draw(st.booleans())
    about = metrics()[metric]
    try:
        return Claim(
            deck="d",
            id=f"c{number}",
            metric=metric,
            population=draw(st.sampled_from(["", "p"])),
            unit=draw(st.sampled_from(["", *UNITS[about.dimension]])),
            **levels,
            change=draw(st.none() | changes),
            effect=draw(st.none() | changes),
            control=draw(st.none() | controls),
            comparison=draw(st.sampled_from([None, "random", "self_selected"])),
            credited_to=draw(st.sampled_from(["", "a club"])),
            basis=draw(st.sampled_from(["", *about.bases])),
            scale=draw(st.sampled_from([None, (0.0, 10.0), (-100.0, 100.0)])),
            count=draw(figures) if counted else None,
            of=draw(figures) if counted else None,
            n=draw(st.none() | st.integers(1, 10**6)),
            margin=draw(st.none() | figures),
            parts=draw(named),
            items=tuple(draw(st.lists(st.just("i"), max_size=4))),
            given=draw(given_numbers),
            verdict=draw(st.sampled_from([None, "met", "missed"])),
            data=draw(st.sampled_from(["", "complete_journey"])),
        )
    except BadInput:
        return None


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_list_is_audited_and_every_finding_can_be_said(data):
    drawn = [data.draw(claims(number)) for number in range(data.draw(st.integers(1, 4)))]
    kept = tuple(claim for claim in drawn if claim)
    audit = Auditor().analyze(ClaimList((Deck("d", {}, kept),)))
    for lang in ("en", "zh"):
        said = audit.shown(lang)
        assert not said["finding"].str.contains(r"[{}]|\bnan\b").any()
    assert str(audit.readout())
    assert audit.per_deck()["claims"].tolist() == [len(kept)]
