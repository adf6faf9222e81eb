"""Golden text: the readouts of each branch, word for word, in both languages (readouts.json).

After a deliberate change: ``python -m tests.experiments.test_readouts`` from the project's folder writes them again.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_lab.experiments import (
    BeforeAfterClaim,
    ChosenOnPast,
    Design,
    Effects,
    Experiment,
    Novelty,
    Preregistration,
    Programme,
    ResponseRates,
    RoiDesign,
    RunTime,
    SampleRatios,
    SoundnessCheck,
    SteadyState,
    TakeUp,
    held_against,
    many_splits,
    mean_of,
    share_of,
)

GOLDEN = Path(__file__).with_name("readouts.json")


def units(effect=10.0, n=40):
    """A test whose numbers can be followed by hand: spend 80, 100, 120, ... in turn, treated ones plus an effect."""
    arm = np.where(np.arange(n) % 2 == 0, "control", "treatment")
    spend = 80.0 + 20.0 * (np.arange(n) // 2 % 5) + effect * (arm == "treatment")
    past = 90.0 + 15.0 * (np.arange(n) // 2 % 5)
    return pd.DataFrame({"arm": arm, "spend": spend, "past": past, "joined": (arm == "treatment") * 1.0})


def experiment(effect=10.0, n=40, **options):
    settings = {"outcomes": ["spend", "joined"], "covariates": ["past"], **options}
    return Experiment.from_frame(units(effect, n), arm="arm", **settings)


def results():
    """One result per branch."""
    spend, terms = (mean_of("spend", unit="EUR"),), {"margin_share": 0.3, "reward_rate": 0.01, "currency": "EUR"}
    plain = {"covariates": []}
    short = units().iloc[lambda d: np.flatnonzero((d["arm"] == "control") | (d.index % 8 == 1))]
    lost = Experiment.from_frame(pd.concat([short] * 4), arm="arm", outcomes=["spend"], covariates=["past"])
    plan = Preregistration(
        name="spring", written_on="2017-06-20", first_day="2017-07-01", last_day="2017-12-31", outcome="spend",
        covariates=("past",), programme=Programme(**terms),
    )  # fmt: skip
    window = ("2017-07-01", "2017-12-31")
    return {
        "effect.works": Effects(metrics=spend, adjust=("none",)).analyze(experiment(60.0, **plain)),
        "effect.normal": Effects(metrics=spend, adjust=("none",)).analyze(experiment(60.0, n=400, **plain)),
        "effect.small": Effects(metrics=spend).analyze(experiment(60.0, n=14, **plain)),
        "roi.normal": Programme(**terms).analyze(experiment(40.0, n=400, **plain), "spend"),
        "roi.small": Programme(**terms).analyze(experiment(40.0, n=14, **plain), "spend"),
        "effect.harms": Effects(metrics=spend, adjust=("none",)).analyze(experiment(-60.0, **plain)),
        "effect.open": Effects(metrics=spend, adjust=("none",)).analyze(experiment(1.0, **plain)),
        "effect.refused": Effects(metrics=(mean_of("joined"),)).analyze(
            Experiment.from_frame(units().assign(joined=0.0), arm="arm", outcomes=["joined"])
        ),
        "effect.guardrail": Effects(metrics=(mean_of("spend", margin=50.0),)).analyze(experiment(0.0, **plain)),
        "effect.share": Effects(metrics=(share_of("joined"),), adjust=("none",)).analyze(
            Experiment.from_frame(units().assign(joined=[0, 1, 1, 1] * 10), arm="arm", outcomes=["joined"])
        ),
        "effect.capped": Effects(metrics=spend, adjust=("none",)).analyze(
            experiment(10.0, **plain).winsorised("spend", 0.9)
        ),
        "take_up.contaminated": TakeUp(outcome="spend", taken="joined", unit="EUR").analyze(
            Experiment.from_frame(units(40.0).assign(joined=[0, 1, 0, 1, 0, 1, 1, 1] * 5), arm="arm",
                                  outcomes=["spend", "joined"])
        ),
        "take_up.refused": TakeUp(outcome="spend", taken="joined").analyze(
            Experiment.from_frame(units().assign(spend=0.0), arm="arm", outcomes=["spend", "joined"])
        ),
        "roi.no_amount": Programme(**terms).analyze(experiment(40.0, **plain), "joined"),
        "roi_design.no_level": RoiDesign(programme=Programme(**terms), lift=0.05).analyze(
            units().assign(spend=-units()["spend"]), "spend"
        ),
        "splits.too_little": many_splits(units(n=10), "spend", splits=5, rng=1),
        "soundness.sound": SoundnessCheck().analyze(experiment()),
        "soundness.broken": SoundnessCheck().analyze(lost),
        "roi.ship": Programme(**terms).analyze(experiment(40.0, **plain), "spend"),
        "roi.stop": Programme(**terms).analyze(experiment(-40.0, **plain), "spend"),
        "roi.extend": Programme(**terms, contact_cost=2.0).analyze(experiment(20.0, **plain), "spend"),
        "roi.extend_far": Programme(**terms, contact_cost=2.0).analyze(experiment(12.0, **plain), "spend"),
        "roi.extend_blind": Programme(**terms, contact_cost=3.3).analyze(experiment(12.0, **plain), "spend"),
        "roi.planted": Programme(**terms).analyze(experiment(40.0, **plain, truth={"spend": 40.0}), "spend"),
        "roi.refused": Programme(**terms).analyze(lost, "spend", SoundnessCheck().analyze(lost)),
        "design.fits": Design(metrics=spend, lift=0.5).analyze(units()),
        "design.no_fit": Design(metrics=spend, lift=0.01).analyze(units()),
        "roi_design.no_fit": RoiDesign(programme=Programme(**terms), lift=0.05).analyze(
            units(), "spend", available=600
        ),
        "roi_design.no_fit_far": RoiDesign(programme=Programme(**terms), lift=0.05).analyze(units(), "spend"),
        "roi_design.no_amount": RoiDesign(programme=Programme(**terms), lift=0.05).analyze(units(), "joined"),
        "design.no_fit_near": Design(metrics=spend, lift=0.14).analyze(units()),
        "steady.no_amount": SteadyState().analyze(
            experiment(40.0, **plain), Programme(**terms).analyze(experiment(40.0, **plain), "joined")
        ),
        "roi_design.does_not_pay": RoiDesign(
            programme=Programme(margin_share=0.05, reward_rate=0.05), lift=0.05
        ).analyze(units(), "spend"),
        "run_time": RunTime().analyze(pd.DataFrame({"median_gap_days": [5.0, 8.0, 13.0, None]})),
        "readings": BeforeAfterClaim(before=0.61, after=0.80, control_rise=0.05).analyze(),
        "sample_ratio.broken": SampleRatios().analyze(lost),
        "novelty.refused": Novelty(weeks=()).analyze(experiment()),
        "chosen": ChosenOnPast(outcome="spend", before="past", unit="EUR").analyze(experiment()),
        "take_up": TakeUp(outcome="spend", taken="joined", unit="EUR").analyze(experiment(40.0)),
        "response": ResponseRates(target=0.75).analyze(
            pd.DataFrame({"delivered": [1, 1, 1, 0], "opened": [1, 1, 0, 0], "bought": [1, 0, 0, 0]})
        ),
        "response.none": ResponseRates().analyze(None),
        "run_time.no_purchases": RunTime().analyze(None),
        "chosen.no_past": ChosenOnPast(outcome="spend", before="").analyze(experiment()),
        "roi.measured": Programme(**terms).analyze(experiment(40.0, **plain), "spend", margin="spend"),
        "steady.none": SteadyState().analyze(experiment(), Programme(**terms).analyze(experiment(), "spend")),
        "steady.same": steady(40.0, 40.0),
        "steady.differs": steady(90.0, -30.0),
        "plan.none": held_against(None, experiment(), Programme(**terms).analyze(experiment(), "spend")),
        "plan.kept": plan.hold_against(
            replace(experiment(), window=window), Programme(**terms).analyze(experiment(), "spend")
        ),
        "plan.deviates": plan.hold_against(
            replace(experiment(), window=window), Programme(**terms, ship_at=0.5).analyze(experiment(), "spend")
        ),
        "plan.not_compared": plan.hold_against(
            experiment(), Programme(**terms).analyze(experiment(), "spend"), terms=False
        ),
    }  # fmt: skip


def steady(launch, later):
    """Four weeks, the first of them the launch, with an effect each."""
    treated = (units(0.0)["arm"] == "treatment").to_numpy()
    weeks = {
        f"week_{w:02d}": units(0.0)["spend"] / 4 + (launch if w == 1 else later) / 4 * treated for w in range(1, 5)
    }
    frame = units(0.0).assign(**weeks, spend=sum(weeks.values()))
    test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"])
    terms = Programme(margin_share=0.3, reward_rate=0.01, currency="EUR")
    return SteadyState(launch=1).analyze(test, terms.analyze(test, "spend"))


def texts():
    """Readout of each branch in both languages."""
    found = {}
    for name, result in results().items():
        readout = result.readout()
        found[name] = {lang: [m.text(lang) for _, m in readout.items()] for lang in ("en", "zh")}
    return found


@pytest.fixture(scope="module")
def found():
    return texts()


@pytest.mark.parametrize("branch", sorted(json.loads(GOLDEN.read_text(encoding="utf-8"))) if GOLDEN.exists() else [])
def test_readouts_are_the_golden_ones(found, branch):
    assert found[branch] == json.loads(GOLDEN.read_text(encoding="utf-8"))[branch]


def test_every_branch_has_its_golden_text(found):
    assert set(found) == set(json.loads(GOLDEN.read_text(encoding="utf-8")))


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(texts(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
