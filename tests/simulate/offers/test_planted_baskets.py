import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from certification.baskets import NONE, certify_basket_days, certify_basket_rules, pairs_of
from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.simulate import load_scenario, make_retailer, open_key, prepare, write_retailer
from crm_lab.simulate.customers.basket_needs import draw_needs
from crm_lab.simulate.scenario.streams import BLOCK

N = 1024


@pytest.fixture(scope="module")
def shop():
    return make_retailer("baskets", N)


@pytest.fixture(scope="module")
def few():
    return make_retailer("baskets", 50)


@pytest.fixture(scope="module")
def truth(shop):
    return open_key(shop).basket_truth()


@pytest.fixture(scope="module")
def together(shop, truth):
    """Baskets with each two products, by id, and how many baskets there are; orders that messages caused are apart."""
    lines = shop.tables["transactions"]
    caused = open_key(shop).lines.query("origin == 'message'")["line_id"]
    lines = lines[~lines["line_id"].isin(caused)]
    ids = pd.Index(truth.products["product_id"])
    order, place = pd.factorize(lines["order_id"])[0], ids.get_indexer(lines["product_id"])
    matrix = sparse.csr_array((np.ones(len(lines)), (order, place)), shape=(order.max() + 1, len(ids)))
    assert matrix.max() == 1  # no order has a product twice
    return pd.DataFrame((matrix.T @ matrix).toarray(), index=ids, columns=ids), matrix.shape[0]


def _misses(pairs, together):
    """By how many standard errors the logarithm of each lift misses the planted one."""
    counts, n = together
    both = np.array([counts.loc[a, b] for a, b in zip(pairs["a"], pairs["b"], strict=True)])
    one, other = (counts.to_numpy().diagonal()[counts.index.get_indexer(pairs[side])] for side in ("a", "b"))
    error = np.sqrt(1 / both - 1 / one - 1 / other + 2 * both / one / other - 1 / n)
    return np.log(both * n / one / other / pairs["lift"]) / error


def test_pairs_have_the_planted_lift(truth, together):
    assert (len(truth.complements), len(truth.substitutes)) == (20, 10)
    misses = np.concatenate([_misses(pairs, together) for pairs in (truth.complements, truth.substitutes)])
    assert np.abs(misses).max() < 4.5
    assert stats.chi2.sf((misses**2).sum(), len(misses)) > 1e-4


def test_no_other_pair_goes_together_more_often_than_by_chance(truth, together):
    counts, n = together
    role = truth.products["role"].to_numpy()
    one, other = np.triu_indices(len(role), 1)
    planted = pairs_of(pd.concat([truth.complements, truth.substitutes]), "a", "b")
    ids = counts.index.to_numpy()
    free = np.array([frozenset(pair) not in planted for pair in zip(ids[one], ids[other], strict=True)])
    one, other = one[free], other[free]
    both, alone = counts.to_numpy()[one, other], counts.to_numpy().diagonal()
    expected = alone[one] * alone[other] / n
    staples = (role[one] == "staple") & (role[other] == "staple")
    assert both[staples].sum() < 0.4 * expected[staples].sum()
    z = (both - expected)[~staples] / np.sqrt(expected[~staples])
    assert abs(z.mean()) < 0.05
    assert z.std() < 1.1  # tastes that differ make counts vary a little more than by chance alone
    assert z.max() < 5.5


def test_without_pairs_nothing_else_changes(shop, truth):
    alike = make_retailer("baskets", BLOCK, overrides=NONE)
    flat, ids = open_key(alike).basket_truth(), alike.tables["customers"]["customer_id"]
    assert (pd.concat([flat.complements, flat.substitutes])["lift"] == 1).all()
    pd.testing.assert_frame_equal(flat.cycles, _of(ids, truth.cycles))
    pd.testing.assert_frame_equal(alike.tables["exposures"], _of(ids, shop.tables["exposures"]))
    seconds, columns = pd.concat([truth.complements, truth.substitutes])["b"], ["customer_id", "date", "product_id"]
    ours, theirs = (
        lines[~lines["product_id"].isin(seconds)].groupby(columns).size()
        for lines in (_of(ids, shop.tables["transactions"]), alike.tables["transactions"])
    )
    assert ours.sub(theirs, fill_value=0).abs().sum() < 0.002 * len(ours)  # an empty order takes another product


def _of(ids, frame):
    return frame[frame["customer_id"].isin(ids)].reset_index(drop=True)


def test_gaps_of_staples_are_as_planted():
    scenario = load_scenario("baskets", {"baskets.ends": 0.0, "baskets.adopted": 0.5})
    drawn = draw_needs(scenario, 5, 0, np.full(BLOCK, -300.0), np.full(BLOCK, np.inf))
    events = pd.DataFrame({"pair": drawn.pair, "day": drawn.day}).sort_values(["pair", "day"])
    gaps = events.groupby("pair")["day"].diff().groupby(events["pair"]).nth(1)  # the first of each pair
    pair = events.loc[gaps.index, "pair"].to_numpy()
    assert len(gaps) > 0.999 * len(drawn.gap)
    ratio = pd.Series(gaps.to_numpy() / drawn.gap[pair]).groupby(drawn.product[pair])
    assert abs(ratio.mean().mean() - 1) < 4 * ratio.sem().mean() / np.sqrt(40)
    k = drawn.plan.regularity
    assert (ratio.var() * k).mean() == pytest.approx(1, abs=4 * np.sqrt(2 / len(gaps)) * 1.3)
    assert np.corrcoef(ratio.var(), 1 / k)[0, 1] > 0.9
    assert not drawn.ended.any()


def test_staples_are_given_up_after_a_purchase_with_the_planted_chance():
    scenario = load_scenario("baskets")
    drawn = draw_needs(scenario, 6, 0, np.full(BLOCK, -100.0), np.full(BLOCK, np.inf))
    bought = (drawn.day < scenario.days).sum()
    assert stats.binomtest(int(drawn.ended.sum()), int(bought), scenario.baskets.ends).pvalue > 1e-4


def test_the_key_knows_the_next_day_of_each_staple(shop, truth):
    last = pd.Timestamp(shop.scenario.last_date)
    later = truth.next_purchases
    assert (later["date"] > last).all()
    assert later["date"].max() == last + pd.Timedelta(days=90)
    first = later.groupby(["customer_id", "product_id"], as_index=False)["date"].min()
    cycles = truth.cycles.merge(first, how="left")
    assert (cycles["next_day"].isna() == cycles["date"].isna()).all()
    assert (cycles["next_day"] == cycles["date"])[cycles["next_day"].notna()].all()
    assert cycles.loc[cycles["ended"], "next_day"].isna().all()
    assert cycles.loc[~cycles["ended"], "next_day"].notna().mean() > 0.97
    assert shop.tables["transactions"]["date"].max() == last


def test_staples_are_bought_by_those_who_use_them_alone(shop, truth):
    role = shop.tables["transactions"]["product_id"].map(truth.products.set_index("product_id")["role"])
    bought = shop.tables["transactions"].loc[role == "staple", ["customer_id", "product_id"]]
    used = pd.MultiIndex.from_frame(truth.cycles[["customer_id", "product_id"]])
    assert pd.MultiIndex.from_frame(bought).isin(used).all()
    assert stats.binomtest(len(used), N * 40, 0.15).pvalue > 1e-4


def test_messages_show_products_with_the_logged_chance(shop, truth):
    shown, chances = shop.tables["exposures"], truth.clicks()
    rows = shown.merge(chances, on=["customer_id", "product_id"], validate="m:1")
    assert len(rows) == len(shown)
    assert (rows["propensity"] == rows["lottery"]).all()
    assert np.allclose(chances.groupby("customer_id")["lottery"].sum(), 1)
    each = shown["customer_id"].value_counts()
    chances = chances.assign(n=chances["customer_id"].map(each).fillna(0))
    expected = (chances["n"] * chances["lottery"]).groupby(chances["product_id"]).sum()
    spread = (chances["n"] * chances["lottery"] * (1 - chances["lottery"])).groupby(chances["product_id"]).sum()
    z = (shown["product_id"].value_counts().reindex(expected.index) - expected) / np.sqrt(spread)
    assert z.abs().max() < 4
    assert not shown.duplicated(["customer_id", "campaign"]).any()


def test_clicks_and_the_orders_they_bring_have_the_planted_chance(shop, truth):
    shown, key = shop.tables["exposures"], open_key(shop)
    rows = shown.merge(truth.clicks(), on=["customer_id", "product_id"])
    z = (rows["clicked"] - rows["click"]).sum() / np.sqrt((rows["click"] * (1 - rows["click"])).sum())
    assert abs(z) < 4
    caused = shop.tables["transactions"].merge(key.lines.query("origin == 'message'"), on="line_id")
    columns = ["customer_id", "product_id", "date"]
    assert (
        caused[columns].merge(shown[shown["clicked"]][columns], how="left", indicator=True)["_merge"].eq("both").all()
    )
    assert stats.binomtest(len(caused), int(shown["clicked"].sum()), 0.3).pvalue > 1e-4


def test_a_policy_is_worth_what_its_products_are(shop, truth):
    seen, chances = shop.tables["exposures"]["customer_id"], truth.clicks()
    lottery = chances.assign(chance=chances["lottery"])
    by_hand = chances.assign(v=chances["lottery"] * chances["click"]).groupby("customer_id")["v"].sum()
    assert truth.policy_value(lottery)["clicks"] == pytest.approx(by_hand.mean())
    assert truth.policy_value(lottery, seen)["clicks"] == pytest.approx(by_hand.reindex(seen).mean())
    value = truth.policy_value(lottery)
    assert value["orders"] == pytest.approx(0.3 * value["clicks"])
    margins = truth.products.set_index("product_id")["margin"]
    product = chances["product_id"].iloc[0]
    one = chances.query("product_id == @product").assign(chance=1.0)
    assert truth.policy_value(one)["margin"] == pytest.approx(0.3 * one["click"].mean() * margins[product])
    staple = truth.products["product_id"].iloc[0]  # never shown, and still known
    assert 0 < truth.policy_value(one.assign(product_id=staple))["clicks"] < 1


def test_policies_that_cannot_be_are_refused(truth):
    policy = truth.clicks().assign(chance=1.0)
    with pytest.raises(BadInput, match="The policy has no chance"):
        truth.policy_value(truth.clicks())
    with pytest.raises(BadInput, match=r"The chances of 1,024 customers do not add up to 1\."):
        truth.policy_value(policy)
    with pytest.raises(BadInput, match="1 rows name products that the retailer does not have"):
        truth.policy_value(policy.head(1).assign(product_id="tea"))
    with pytest.raises(BadInput, match="1 chances are below 0 or missing"):
        truth.policy_value(policy.head(1).assign(chance=np.nan))
    with pytest.raises(BadInput, match="1 customer ids are none of a simulated retailer"):
        truth.policy_value(policy.head(1).assign(customer_id="me"))
    with pytest.raises(BadInput, match="says nothing of 1 customers who saw a message"):
        truth.policy_value(policy.head(1), pd.Series(["C0000000", "C0000005"]))


def test_more_customers_change_nobody(shop, truth, few):
    ids = few.tables["customers"]["customer_id"]
    assert len(ids) == 50
    for name in ("transactions", "exposures"):
        pd.testing.assert_frame_equal(few.tables[name], _of(ids, shop.tables[name]))
    pd.testing.assert_frame_equal(open_key(few).basket_truth().cycles, _of(ids, truth.cycles))


def test_the_key_comes_back_from_a_folder(tmp_path, few):
    write_retailer(prepare("baskets", 50), tmp_path / "tables", tmp_path / "key")
    ours, theirs = (open_key(where).basket_truth() for where in (tmp_path / "key", few))
    for name in ("cycles", "next_purchases", "complements", "products"):
        pd.testing.assert_frame_equal(getattr(ours, name), getattr(theirs, name))
    assert not list((tmp_path / "tables").glob("basket*"))


def test_a_workspace_has_the_products_shown():
    tables = open_workspace("simulated:baskets,customers=40").at("2023-06-30")
    shown = tables["exposures"]
    assert {"product_id", "propensity", "clicked"} <= set(shown)
    assert shown["propensity"].between(0, 1).all()
    assert shown["date"].max() <= pd.Timestamp("2023-06-30")


def test_other_retailers_show_no_products():
    cohort = make_retailer("cohort", 5)
    assert "propensity" not in cohort.tables["exposures"]
    with pytest.raises(BadInput, match="cohort has no planted baskets; the scenario baskets has them"):
        open_key(cohort).basket_truth()


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ({"baskets.gap": 3.0}, "baskets: gap is 3.0; it must be 7 days or more."),
        ({"baskets.lifts": [3.0, 2.0]}, "baskets: lifts is [3.0, 2.0]; give the least and the most, from 1 to 5."),
        ({"baskets.click": 1.0}, "baskets: click is 1.0; it lies between 0 and 1."),
        ({"products.count": 50}, "products: count is 50; staples, pairs and products shown by messages are 112."),
        ({"products.new": 0.1}, "baskets: it is on, and there are new products; leave them out"),
        ({"contacts.effect": 0.1}, "baskets: it is on, and there are effects of messages; leave them out"),
        ({"personas.on": True}, "baskets: it is on, and there are personas"),
    ],
)
def test_impossible_baskets_are_refused(override, sentence):
    with pytest.raises(BadInput) as caught:
        load_scenario("baskets", override)
    assert sentence in str(caught.value)


def test_the_long_certification_runs():
    """Its quick version: figures of one draw are held to what one draw can show."""
    rows = [*certify_basket_rules(1), *certify_basket_days(BLOCK)]
    found = {row["name"].removeprefix("experiments.baskets."): row["value"] for row in rows}
    assert found["rules_precision"] >= 0.9
    assert found["rules_recall"] >= 0.8
    assert found["rules_from_nothing"] == 0
    assert abs(found["days_cover"] - 0.8) < 0.05  # 2,000 pairs: 3 standard errors are .03
    assert abs(found["days_go_on"]) < 0.05
