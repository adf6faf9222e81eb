"""Page 17 and `init` on odd files: what is true of them is found, what cannot be answered is said in words."""

import json
import os

import numpy as np
import pytest
from click.testing import CliRunner

from crm_lab.checks import BadInput
from crm_lab.cli import main
from crm_lab.project import project_root
from tests.experiments.odd_offer_tests import odd_tests

ODD = odd_tests()
_PAGE = next((project_root() / "notebooks").glob("17_*.ipynb"))
_PICTURES = ("tenths", "curve", "money-plot", "tree-plot", "list-plot", "yours")  # drawn by other tests
_CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads(_PAGE.read_text(encoding="utf-8"))["cells"]
    if cell["cell_type"] == "code" and not {"example", "teaching"} & set(cell["metadata"].get("tags", ()))
}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """An empty project of its own."""
    for folder in ("suites", "notebooks", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / _PAGE.name).write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path / "out"))
    return tmp_path


def run_page(settings):
    """The code of page 17 with other parameters, cell by cell."""
    names = {}
    exec(_CELLS["parameters"], names)  # noqa: S102 - the page's own cells
    names |= {"source": "", "as_of": "2024-12-31", **settings}
    for name, cell in _CELLS.items():
        if name not in ("parameters", *_PICTURES):
            exec(cell.replace("check_params(globals())", ""), names)  # noqa: S102
    return names


def told(settings):
    """The page's names, or the sentence that it ends in."""
    try:
        return run_page(settings), ""
    except BadInput as error:
        return {}, str(error)


def cases():
    """Names of the files; what ends in words early is quick."""
    quick = {name for name, odd in ODD.items() if odd.init or odd.page_says}
    return [pytest.param(name, marks=[] if name in quick else [pytest.mark.slow]) for name in sorted(ODD)]


@pytest.mark.parametrize("name", cases())
def test_an_odd_test_is_read_rightly_or_refused_in_words(name, lab):
    odd = ODD[name]
    odd.frame.to_csv(lab / "units.csv", index=False)
    said = CliRunner().invoke(main, ["init", str(lab / "units.csv"), "--name", "odd", *odd.flags])
    assert said.exit_code == (2 if odd.init else 0), said.output
    assert odd.init in said.output
    if odd.init:
        return
    settings = dict(odd.page) | {"test_file": "suites/odd.toml"}
    if odd.later is not None:
        odd.later.to_csv(lab / "next.csv", index=False)
        settings["next_file"] = str(lab / "next.csv")
    page, ended = told(settings)
    assert not ended or (odd.page_says and odd.page_says in ended), ended
    if ended:
        return
    result, offers = page["result"], page["offers"]
    refused = [str(one.refusal()) for one in (result, offers) if one.refusal()]
    assert not odd.page_says or any(odd.page_says in words for words in refused)
    if result.known:
        assert not set(odd.unread) & {column for column, _ in result.known.names}
    if offers.refusal() is None:
        check_list(page, odd)
    elif odd.effect and result.found is not None:
        check_money(page, odd)


def check_list(page, odd):
    """Bounds hold, ids are the file's, the readout says what is so."""
    offers, plan = page["offers"], page["plan"]
    listed = offers.to_frame()
    assert not plan.capacity or len(listed) <= plan.capacity
    assert not plan.budget or offers.spent <= plan.budget
    given = odd.frame if odd.later is None else odd.later
    ids = next((column for column in ("customer_id", "客户编号") if column in given), None)
    assert set(listed["customer_id"]) <= set(map(str, given[ids] if ids else range(1, len(given) + 1)))
    if plan.contacts:
        left = given.loc[given[plan.contacts] >= plan.most_contacts, ids]
        assert not set(left) & set(listed["customer_id"])
    words = offers.readout().text("en")
    assert ("Nobody is dealt by lot" in words) == (plan.apart == 0)
    assert ("Send the list" in words) == (offers.expected[1] > 0)
    assert np.isfinite(listed["net"]).all()
    check_money(page, odd)


def check_money(page, odd):
    """Five standard errors around what the page says of the rule and of each treatment hold the truth."""
    result, value = page["result"], page["earning"].value
    if not odd.effect or "till" in os.environ.get("PYTEST_CURRENT_TEST", ""):  # one till is most of the outcome
        return
    net = np.column_stack(
        [np.zeros(result.units), *(value * odd.effect[arm].to_numpy() - page["costs"][arm] for arm in result.arms[1:])]
    )
    true = {"rule": net[np.arange(result.units), result.rule].mean()}
    true |= {f"all {arm}": net[:, arm].mean() for arm in range(1, len(result.arms))}
    for strategy in result.strategies:
        kind, _, arm = strategy.name.partition(" ")
        expected = true[f"all {arm}"] * strategy.treated / result.units if kind == "lot" else true.get(strategy.name)
        if expected is not None:
            half = (strategy.hi - strategy.lo) / 2 * 5 / 1.96
            assert abs(strategy.gain - expected) <= half + 1e-9, strategy.name
