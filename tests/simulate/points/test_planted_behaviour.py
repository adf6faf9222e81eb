"""What is planted is found by plain means, with the truth known."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from crm_lab.simulate import make_retailer, open_key

_ERRORS = 4.0  # standard errors that an estimate may lie from what is planted


@pytest.fixture(scope="module")
def shop():
    return make_retailer("points", 4096)


@pytest.fixture(scope="module")
def key(shop):
    return open_key(shop)


@pytest.fixture(scope="module")
def orders(shop, key):
    """Orders with what caused them and the points before them, pending ones counted as there."""
    sales = shop.tables["transactions"].query("kind == 'sale'").merge(key.lines, on="line_id", how="left")
    sales["origin"] = sales["origin"].astype(object).fillna("base")
    made = sales.groupby("order_id").agg(
        customer_id=("customer_id", "first"),
        date=("date", "first"),
        origin=("origin", "first"),
        net=("net_amount", "sum"),
    )
    rows = shop.tables["rewards"]
    change = rows["points"].where(rows["kind"] != "activate", 0)
    before = change.groupby(rows["customer_id"]).cumsum() - change
    first = rows.assign(before=before)[rows["order_id"].notna() & rows["kind"].isin(["earn", "pending", "redeem"])]
    made["before"] = first.drop_duplicates("order_id").set_index("order_id")["before"]
    return made.dropna(subset="before").merge(key.points_members, on="customer_id")


def _rises_by(orders, origin, planted):
    """Orders that something caused over those made anyway, against what is planted: both are Poisson."""
    counts = Counter(orders["origin"])
    ratio = counts[origin] / counts["base"]
    error = ratio * np.sqrt(1 / counts[origin] + 1 / counts["base"])
    assert counts[origin] > 200
    assert abs(ratio - planted) < _ERRORS * error


def test_members_buy_more_often_while_a_reward_is_near(shop, orders):
    given = shop.scenario.points
    gap = orders["reward"].map(given.rewards).astype(int) - orders["before"]
    near = (gap > 0) & (gap <= given.pressure_points) & orders["redeems"]
    _rises_by(orders[near], "near_reward", given.pressure)
    assert not orders.loc[~near, "origin"].eq("near_reward").any()


def test_members_buy_more_often_after_a_reward(shop, orders):
    given, rows = shop.scenario.points, shop.tables["rewards"]
    spent = rows.loc[rows["kind"] == "redeem", ["customer_id", "date"]].assign(got=lambda d: d["date"])
    dated = pd.merge_asof(
        orders.sort_values("date"), spent.sort_values("date"), on="date", by="customer_id", allow_exact_matches=False
    )
    after = (dated["date"] - dated["got"]).dt.days <= given.after_days
    _rises_by(dated[after], "after_reward", given.after)
    redeemed = pd.MultiIndex.from_frame(spent[["customer_id", "date"]])
    that_day = pd.MultiIndex.from_frame(dated[["customer_id", "date"]]).isin(redeemed)  # later on the day itself
    assert not dated.loc[~after & ~that_day, "origin"].eq("after_reward").any()


@pytest.mark.parametrize("tier", ["silver", "gold"])
def test_a_tier_adds_the_planted_share_of_orders(shop, key, orders, tier):
    dated = orders.assign(year=orders["date"].dt.year).merge(
        key.points_years[["customer_id", "year", "tier"]], on=["customer_id", "year"]
    )
    _rises_by(dated[dated["tier"] == tier], "tier", shop.scenario.points.tier_orders[tier])
    assert not dated.loc[dated["tier"] == "basic", "origin"].eq("tier").any()


def test_members_sort_themselves_at_gold_and_not_at_silver(shop, key):
    counted = key.points_years["counted"]
    below, above = (int(counted.between(low, low + 20, inclusive="left").sum()) for low in (480, 500))
    assert above > 2 * below
    below, above = (int(counted.between(low, low + 30, inclusive="left").sum()) for low in (220, 250))
    assert abs(np.log(above / below)) < 3 * np.sqrt(1 / above + 1 / below) + 0.12  # the density falls by a tenth
    topped = key.points_truth().topped_up().merge(key.points_years, on=["customer_id", "year"])
    assert (topped["counted"] >= 500).mean() > 0.95  # goods of an earlier order may come back before the year is over
    assert set(topped["customer_id"]) <= set(key.points_members.loc[key.points_members["sorter"], "customer_id"])


def test_a_quarter_of_near_misses_leave_and_buy_nothing_after(shop, key, orders):
    years = key.points_years.set_index(["customer_id", "year"])
    before = years["counted"].groupby("customer_id").shift()
    near = before[(before >= 450) & (before < 500)].index
    left = years.loc[near, "left_after_miss"]
    assert abs(left.mean() - 0.25) < _ERRORS * np.sqrt(0.25 * 0.75 / len(left))
    assert not years["left_after_miss"].drop(near).any()
    gone = dict(left[left].index)
    late = orders[orders["customer_id"].isin(gone)]
    assert (late["date"].dt.year < late["customer_id"].map(gone)).all()


def test_the_rule_change_makes_redeeming_rarer_from_its_day_on(shop):
    before, after = (make_retailer(name, 1024).tables["rewards"] for name in ("points", "points_rule_change"))
    old = [rows[rows["date"] < "2024-01-01"].reset_index(drop=True) for rows in (before, after)]
    pd.testing.assert_frame_equal(*old)
    spent = [
        -rows.loc[(rows["kind"] == "redeem") & (rows["date"] >= "2024-01-01"), "points"].sum()
        for rows in (before, after)
    ]
    assert spent[1] < 0.7 * spent[0]


def test_honest_members_invite_and_convert_as_planted(key):
    truth = key.referral_truth()
    found, given = truth.k(), truth.scenario.referrals
    for depth in (0, 1):
        row = found.loc[depth]
        chance = given.converts * given.decay**depth
        assert abs(row["converts"] - chance) < _ERRORS * np.sqrt(chance * (1 - chance) / row["invitations"])
        assert abs(row["joined"] - row["expected"] * row["members"]) < _ERRORS * np.sqrt(row["joined"])
    assert found.loc[0, "invitations"] / found.loc[0, "members"] == pytest.approx(given.invitations, abs=0.06)
    early = truth.k(days=90)
    assert early["expected"].tolist() == pytest.approx((found["expected"] / 2).tolist())
    assert abs(early.loc[0, "joined"] - found.loc[0, "joined"] / 2) < _ERRORS * np.sqrt(found.loc[0, "joined"]) / 2


def test_invited_members_joined_by_their_first_purchase(shop, key):
    sent = shop.tables["referrals"]
    joined = sent[sent["invited_id"].notna()]
    customers = shop.tables["customers"].set_index("customer_id")["joined_on"]
    assert (joined["joined_on"].to_numpy() == customers[joined["invited_id"]].to_numpy()).all()
    assert (joined["invited_on"] <= joined["joined_on"]).all()
    start = customers[sent["customer_id"]].clip(lower=pd.Timestamp("2022-01-01")).to_numpy()
    assert (sent["invited_on"].to_numpy() >= start).all()
    assert not joined["invited_id"].duplicated().any()
    honest = key.referral_labels["fraud"].eq("none").to_numpy()
    assert ((sent["invited_on"].to_numpy() - start)[honest] <= np.timedelta64(180, "D")).all()
    accounts = key.points_members.set_index("customer_id")
    deeper = accounts[accounts["depth"] > 0]
    assert (deeper["depth"].to_numpy() == accounts.loc[deeper["inviter_id"], "depth"].to_numpy() + 1).all()


def test_being_invited_is_worth_what_is_planted_once_age_is_held_fixed(shop, key):
    """Members invited are of their inviter's age, so a comparison within age bands finds the effect, others do not."""
    people = (
        shop.tables["customers"]
        .merge(key.points_members, on="customer_id")
        .merge(key.customers[["customer_id", "rate_per_week"]], on="customer_id")
    )
    people = people[people["fraud"] == "none"]
    invited = people["inviter_id"].notna()
    means = people.assign(invited=invited).pivot_table(
        index="age_group", columns="invited", values="rate_per_week", aggfunc=["mean", "sem"], observed=True
    )
    ratio = means["mean", True] / means["mean", False]
    error = ratio * np.hypot(means["sem", True] / means["mean", True], means["sem", False] / means["mean", False])
    weight = 1 / error**2
    planted = 1 + key.referral_truth().value_effect
    assert abs((ratio * weight).sum() / weight.sum() - planted) < _ERRORS / np.sqrt(weight.sum())
    naive = people.loc[invited, "rate_per_week"].mean() / people.loc[~invited, "rate_per_week"].mean()
    assert naive > planted + 0.15


def _linked(marks, kinds, accounts):
    """Groups of accounts that share a mark of these kinds with another of them."""
    seen = marks[marks["kind"].isin(kinds) & marks["customer_id"].isin(accounts)]
    group = {who: who for who in accounts}
    for _, part in seen.groupby(["kind", "mark"])["customer_id"]:
        roots = {_root(group, who) for who in part}
        least = min(roots)
        group.update(dict.fromkeys(roots, least))
    return pd.Series({who: _root(group, who) for who in accounts})


def _root(group, who):
    while group[who] != who:
        who = group[who]
    return who


def test_accounts_of_a_ring_hang_together_by_devices_and_cards(shop, key):
    accounts = key.referral_truth().accounts
    rings = accounts[accounts["fraud"] == "ring"].set_index("customer_id")
    linked = _linked(shop.tables["account_marks"], ["device", "card"], list(rings.index))
    assert rings["scheme"].nunique() >= 3
    assert pd.Series(linked.to_numpy()).groupby(rings["scheme"].to_numpy()).nunique().eq(1).all()
    assert rings.groupby("scheme").size().between(5, 9).all()


def test_honest_members_share_addresses_devices_and_cards_at_home_but_no_phone(shop, key):
    truth, marks = key.referral_truth(), shop.tables["account_marks"]
    honest = marks[~marks["customer_id"].isin(key.points_members.query("fraud != 'none'")["customer_id"])]
    shared = honest.groupby(["kind", "mark"])["customer_id"].nunique()
    assert set(shared[shared > 1].index.get_level_values("kind")) == {"address", "device", "card", "ip"}
    homes = truth.honest_homes()
    lives = honest[honest["kind"] == "address"].merge(homes, on="customer_id")
    assert lives.groupby("home")["mark"].nunique().eq(1).all()
    assert len(homes) > 200
    assert not truth.fake_accounts() & set(homes["customer_id"])


def test_accounts_for_the_reward_buy_once_and_some_return_everything(shop, key):
    truth = key.referral_truth()
    sales = shop.tables["transactions"]
    bought = sales[sales["kind"] == "sale"].groupby("customer_id")["order_id"].nunique()
    fakes = sorted(truth.fake_accounts())
    assert len(fakes) > 80
    assert (bought.reindex(fakes) == 1).mean() > 0.95  # a near reward is out of their reach, chance orders are few
    kept = sales.groupby("customer_id")["net_amount"].sum()
    returners = truth.accounts.query("fraud == 'return_after_reward'")["customer_id"]
    assert kept[returners].abs().max() < 0.005
    sent = shop.tables["referrals"].set_index("invited_id")
    back = sales[sales["kind"] == "return"].groupby("customer_id")["date"].min()
    assert (back[returners] > sent.loc[returners, "rewarded_on"]).all()


def test_fraud_is_as_common_as_stated(shop, key):
    truth = key.referral_truth()
    fraud, given = truth.fraud(), truth.scenario.referrals
    blocks = shop.n_customers / 1000
    for kind, per_1000 in (("ring", given.rings), ("burst", given.bursts), ("return_after_reward", given.returners)):
        assert abs(fraud.loc[kind, "schemes"] - per_1000 * blocks) <= _ERRORS * np.sqrt(per_1000 * blocks)
    labels = key.referral_labels
    assert fraud.loc["all", "referrals"] == (labels["fraud"] != "none").sum()
    assert fraud.loc["all", "share_of_joined"] == pytest.approx(
        (labels["fraud"] != "none").sum() / labels["invited_id"].notna().sum()
    )


def test_no_invitations_no_referrals_and_points_all_the_same():
    shop = make_retailer("points", 512, overrides={"referrals.on": False})
    assert shop.tables["referrals"].empty
    assert len(shop.tables["rewards"]) > 5000
    assert open_key(shop).points_truth().liability()["outstanding"] > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_seeds_give_other_numbers_of_the_same_difficulty(seed):
    truth = open_key(make_retailer("points", 1536, seed)).points_truth()
    assert truth.redemption()["ultimate_rate"].item() == pytest.approx(0.76, abs=0.05)  # few members hold most points
