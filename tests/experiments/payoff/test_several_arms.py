"""Several treatments against one control."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_lab.experiments import Experiment, OwnTest, Programme, ProgrammeResult, SeveralArms, SoundnessCheck
from crm_lab.experiments.core.estimate import joint_means
from crm_lab.experiments.payoff.several_arms import _covariance, only
from crm_lab.messages import LANGUAGES
from crm_lab.stats.moments import Moments

TERMS = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5)


def make(effects, n=1500, seed=1, **options):
    rng = np.random.default_rng(seed)
    names = ["control", *effects]
    arm = np.array(names)[np.arange(n) % len(names)]
    spend = rng.gamma(4, 20, n) + np.array([{"control": 0.0, **effects}[name] for name in arm])
    return Experiment.from_frame(pd.DataFrame({"arm": arm, "spend": spend}), arm="arm", outcomes=["spend"], **options)


def compare(test, terms=TERMS):
    return SeveralArms(programme=terms).analyze(test, "spend")


def test_each_arm_is_read_as_if_it_were_alone():
    test = make({"card": 12.0, "mail": 0.0, "call": -5.0})
    result = compare(test)
    for arm in test.treatments:
        alone = TERMS.analyze(only(test, arm), "spend")
        assert result.answers[arm].returns == alone.returns
    assert result.to_frame()["arm"].tolist() == ["call", "card", "mail"]


def test_the_best_arm_is_shipped_and_the_worst_stopped():
    result = compare(make({"card": 15.0, "mail": 0.0, "call": -15.0}, 3000))
    decisions = result.to_frame().set_index("arm")["decision"]
    assert (result.best, decisions["card"], decisions["call"]) == ("card", "ship", "stop")
    assert all(result.readout().text(lang) for lang in LANGUAGES)


def test_of_four_arms_that_do_nothing_none_is_shipped_more_often_than_agreed():
    """100 tests, four treatments, a true net of 0: some arm is shipped in at most 10 %, uncorrected in far more."""
    free = Programme(margin_share=0.3, reward_rate=0.0)
    tables = [compare(make(dict.fromkeys("abcd", 0.0), 600, seed), free).to_frame() for seed in range(100)]
    shipped = sum((table["decision"] == "ship").any() for table in tables)
    assert shipped <= stats.binom.ppf(0.999, 100, 0.1)
    assert sum((table["p_needed"] >= 0.9).any() for table in tables) > shipped + 5


def test_holm_is_by_hand():
    table = compare(make({"card": 8.0, "mail": 4.0})).to_frame().sort_values("p_needed", ascending=False)
    p = 1 - table["p_needed"].to_numpy()
    assert 1 - table["p_corrected"].to_numpy() == pytest.approx([min(1, 2 * p[0]), max(min(1, 2 * p[0]), p[1])])


def test_arms_share_the_error_of_their_control():
    """The covariance of two nets is that of 400 tests drawn anew; the control is small, so that it rules."""
    rng, nets, said = np.random.default_rng(8), [], []
    free = Programme(margin_share=0.3, reward_rate=0.01, redemption_sd=0.0)
    for _ in range(400):
        moments = [Moments.from_array(["spend"], rng.gamma(4, 20, (n, 1))) for n in (60, 300, 300)]
        means = [joint_means([moments[0], moments[a]], [("spend", None)]) for a in (1, 2)]
        parts = [free.parts(m, 300) for m in means]
        answers = [ProgrammeResult(free, "spend", {}, 300, 360, m, p, None) for m, p in zip(means, parts, strict=True)]
        nets.append([p.total()[0] for p in parts])
        said.append(_covariance(answers))
    seen = np.cov(np.array(nets).T)
    assert np.mean(said, axis=0) == pytest.approx(seen, rel=0.15)
    assert seen[0, 1] > 0.6 * seen[0, 0]


def test_example_terms_decide_for_no_arm():
    result = compare(
        make({"card": 12.0, "mail": 0.0}), Programme(margin_share=0.3, reward_rate=0.01, assumed=("margin_share",))
    )
    assert set(result.to_frame()["decision"]) == {"terms"}
    assert "Set your terms first" in result.readout().action.text("en")


def test_a_broken_ratio_refuses_every_arm():
    test = make({"card": 12.0, "mail": 0.0}, shares={"control": 0.6, "card": 0.2, "mail": 0.2})
    result = SeveralArms(programme=TERMS).analyze(test, "spend", SoundnessCheck().analyze(test))
    assert result.refusal().key == "experiments.refused.srm"
    assert result.best is None
    assert result.to_frame().empty
    assert all(fact.refusal for fact in result.facts())


def test_all_arms_of_a_file_are_opened(tmp_path):
    make({"card": 12.0, "mail": 0.0}).frame.to_csv(tmp_path / "t.csv", index=False)
    own = OwnTest(file=str(tmp_path / "t.csv"), treatment="mail")
    assert own.open().treatments == ("mail",)
    assert own.open_all().treatments == ("card", "mail")


def test_of_arms_alike_it_is_said_that_chance_explains_them():
    """Three arms alike: by chance their nets lie nearer together than expected in about six of ten tests."""
    alike = [compare(make(dict.fromkeys("abc", 0.0), 600, seed)) for seed in range(12)]
    keys = [result.readout().finding.key for result in alike]
    assert 3 <= keys.count("experiments.arms.finding_chance") <= 11
    for result in alike:
        table = result.to_frame()
        assert result.best == table["arm"][table["net"].argmax()]
        assert all(result.readout().text(lang) for lang in LANGUAGES)
    clear = compare(make({"a": 15.0, "b": 0.0, "c": -15.0}))
    assert clear.readout().finding.key == "experiments.arms.finding"


@pytest.mark.parametrize(
    ("decisions", "action"),
    [({"a": "ship", "b": "stop"}, "ship"), ({"a": "extend", "b": "ship"}, "other"),
     ({"a": "stop", "b": "ship"}, "other"), ({"a": "stop", "b": "extend"}, "extend"),
     ({"a": "extend", "b": "stop"}, "extend"),
     ({"a": "stop", "b": "stop"}, "stop"), ({"a": "terms", "b": "terms"}, "terms")],
)  # fmt: skip
def test_the_action_is_that_of_all_arms(monkeypatch, decisions, action):
    result = compare(make({"a": 15.0, "b": 0.0}))
    assert result.best == "a"
    monkeypatch.setattr(type(result), "_decision", lambda self, answer, _: decisions[arm_of(self, answer)])
    assert result.readout().action.key == f"experiments.arms.action_{action}"
    assert all(result.readout().text(lang) for lang in LANGUAGES)


def arm_of(result, answer):
    return next(arm for arm, one in result.answers.items() if one is answer)
