"""A pilot that was drawn in pairs or among alike sets is tested over just those sets, from the saved draw."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from certification.pilots import chain
from crm_lab.checks import BadInput
from crm_lab.experiments.origins.panels.pilot_panel import PilotPanel
from crm_lab.experiments.pilots import CityData, CityDraw, PilotEffect, SavedDraw
from crm_lab.stats.panel.panel import Panel

WEEKS = pd.date_range("2023-01-02", periods=48, freq="7D")
NAMES = tuple(f"city {i:02d}" for i in range(12))


class Behind:
    def provenance(self):
        return {"simulated": True}


def drawn_and_run(way, seed=1, lift=0.4):
    """A draw on forty weeks, and the panel of all 48 in which the drawn cities were lifted for the last eight."""
    values = chain(np.random.default_rng(seed), 12, 48)
    past = Panel(values[:, :40], NAMES, tuple(day.date() for day in WEEKS[:40]))
    drawn = CityDraw(treated=5, way=way, seed=seed).draw(past)
    values[np.isin(NAMES, drawn.treated), 40:] *= 1 + lift
    rows = [
        (name, day, value)
        for name, row in zip(NAMES, values, strict=True)
        for day, value in zip(WEEKS, row, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["unit", "period", "value"])
    panel = PilotPanel(frame=frame, every="week", treated_from=dict.fromkeys(drawn.treated, WEEKS[40]), currency="EUR")
    return drawn, CityData.of(panel, "city", "chosen", Behind())


@pytest.mark.parametrize("way", ["complete", "pairs", "constrained"])
def test_the_test_goes_through_the_sets_of_the_draw(tmp_path, way):
    drawn, data = drawn_and_run(way)
    saved = SavedDraw.of(drawn).save(tmp_path / "next_pilot.json")
    pilot = data.pilot(draw_file=str(saved))
    assert pilot.drawn == "lot"
    assert pilot.panel.units == drawn.part.units
    np.testing.assert_array_equal(pilot.design.masks, drawn.assignments.masks)
    assert pilot.design.floor() == drawn.floor


def test_five_pairs_decide_nothing_afterwards_either(tmp_path):
    drawn, data = drawn_and_run("pairs", lift=3.0)
    saved = str(SavedDraw.of(drawn).save(tmp_path / "draw.json"))
    paired = PilotEffect(methods=("did",)).analyze(data.pilot(draw_file=saved))
    assert not paired.can_decide
    assert paired.answer.floor == 0.0625
    assert PilotEffect(methods=("did",)).analyze(data.pilot("lot")).can_decide  # among all 792 sets it could


def test_a_draw_that_is_not_the_pilots_is_refused_with_both(tmp_path):
    drawn, data = drawn_and_run("constrained")
    saved = SavedDraw.of(drawn)
    other = replace(saved, sets=saved.sets[1:])
    with pytest.raises(BadInput, match="were treated"):
        data.pilot(draw_file=str(other.save(tmp_path / "other.json")))
    foreign = replace(saved, units=("Rome", *saved.units[1:]))
    with pytest.raises(BadInput, match="the panel lacks Rome"):
        data.pilot(draw_file=str(foreign.save(tmp_path / "foreign.json")))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": 1, "units": ["a"], "sets": [[4]]}', '{"schema": 9, "units": ["a"], "sets": [[0]]}'],
)
def test_files_that_are_no_draw_are_refused_in_words(tmp_path, text):
    path = tmp_path / "draw.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"draw.json is no draw of cities"):
        SavedDraw.load(path)
    with pytest.raises(BadInput, match="is no draw"):
        SavedDraw.load(tmp_path / "nowhere.json")


def test_a_saved_draw_is_read_as_it_was_written(tmp_path):
    saved = SavedDraw.of(drawn_and_run("pairs")[0])
    assert SavedDraw.load(saved.save(tmp_path / "draw.json")) == saved
    assert set(json.loads((tmp_path / "draw.json").read_text())) == {"schema", "units", "sets"}
