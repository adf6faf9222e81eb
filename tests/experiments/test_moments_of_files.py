"""Moments from Parquet are those of the frame, whatever the batch."""

import numpy as np
import pytest

from benchmarks.moments_of_files import moments_of_parquet
from crm_lab.checks import BadInput
from crm_lab.stats.moments import moments_by


@pytest.mark.parametrize("batch", [7, 100, 10_000])
def test_batches_add_up_to_the_frame(households, tmp_path, batch):
    households.to_parquet(tmp_path / "test.parquet", row_group_size=90)
    names = ["spend", "spend_before", "orders"]
    found = moments_of_parquet(tmp_path / "test.parquet", "arm", names, batch)
    for arm, expected in moments_by(households, "arm", names).items():
        assert found[arm].n == expected.n
        np.testing.assert_allclose(found[arm].mean, expected.mean)
        np.testing.assert_allclose(found[arm].comoment, expected.comoment)


def test_gaps_are_refused(households, tmp_path):
    households.loc[5, "spend"] = np.nan
    households.to_parquet(tmp_path / "test.parquet")
    with pytest.raises(BadInput, match="missing or infinite in spend"):
        moments_of_parquet(tmp_path / "test.parquet", "arm", ["orders", "spend"])
