"""The quick version of what `python -m certification channels` runs at length."""

from certification.channels import OPT_OUT, SETTINGS, shop_log, slope_of
from crm_lab.channels import ContactDoses, OptOutHazard

SEEDS = range(100, 106)


def test_planted_fatigue_and_opt_outs_are_covered():
    given = {**SETTINGS["usual"], "contacts.opt_out": OPT_OUT}
    slopes = [slope_of(seed, 600, **given) for seed in SEEDS]
    assert sum(slope.interval.lo <= 0.08 <= slope.interval.hi for slope in slopes) >= len(slopes) - 1
    spread = 3 * slopes[0].fit.se[0] / len(slopes) ** 0.5
    assert abs(sum(slope.fall for slope in slopes) / len(slopes) - 0.08) < spread
    found = OptOutHazard().analyze(ContactDoses.of(shop_log(100, 1_500, **given)))
    assert found.interval.lo <= OPT_OUT <= found.interval.hi
