"""The ledger, tiers and costs of points: they add up, and the key says the same as the rows."""

import numpy as np
import pandas as pd
import pytest

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.simulate import load_scenario, make_retailer, open_key, prepare, write_retailer
from crm_lab.tables import TABLES
from tests.simulate.points.plain_lots import replay

END = pd.Timestamp("2024-12-31")
IN = ("earn", "pending")


@pytest.fixture(scope="module")
def shop():
    return make_retailer("points", 1536)


@pytest.fixture(scope="module")
def truth(shop):
    return open_key(shop).points_truth()


@pytest.fixture(scope="module")
def books(shop):
    return replay(shop.tables["rewards"])[0]


def test_every_member_s_points_are_conserved(shop, books):
    rows = shop.tables["rewards"]
    assert rows["event"].eq(rows.groupby("customer_id").cumcount() + 1).all()
    assert rows.groupby("customer_id")["date"].is_monotonic_increasing.all()
    sums = rows.pivot_table(index="customer_id", columns="kind", values="points", aggfunc="sum", fill_value=0)
    came = sums[["earn", "pending", "adjust", "transfer"]].sum(axis=1)
    gone = -sums[["redeem", "expire", "reverse"]].sum(axis=1)
    left = pd.Series({who: sum(lot["active"] + lot["pending"] for lot in lots) for who, lots in books.items()})
    assert (came == left.reindex(came.index) + gone).all()
    assert rows.loc[rows["kind"] == "transfer", "points"].sum() == 0


def test_the_key_says_of_each_lot_what_a_plain_replay_of_the_rows_finds(books, truth):
    columns = ["issued_on", "points", "reversed", "redeemed", "taken"]
    ours = {who: part[columns].values.tolist() for who, part in truth.lots.groupby("customer_id")}
    assert set(ours) == set(books)
    for who, lots in books.items():
        found = [[lot[name] for name in ("day", "points", "reversed", "redeemed", "taken")] for lot in lots]
        assert sorted(found) == sorted(ours[who])


def test_lots_add_up_and_nothing_is_left_after_their_days(truth, books):
    lots = truth.lots
    gone = lots[["reversed", "reversed_later", "redeemed", "redeemed_later", "expired", "taken"]]
    assert (gone >= 0).all(axis=None)
    assert (gone.sum(axis=1) == lots["points"]).all()
    month_end = lots["issued_on"] + pd.offsets.MonthEnd(0) + pd.offsets.MonthEnd(12)
    assert (lots["expires_on"] == month_end).all()
    expired = sum(lot["expired"] for lots in books.values() for lot in lots)
    assert lots.loc[lots["expires_on"] < END, "expired"].sum() == expired
    owed = sum(lot["active"] + lot["pending"] for lots in books.values() for lot in lots)
    assert truth.liability()["outstanding"] == owed


def test_points_are_earned_by_net_spend_and_tier(shop, truth):
    rows, given = shop.tables["rewards"], shop.scenario.points
    earned = rows[rows["kind"].isin(IN)].merge(_orders(shop)[["order_id", "cents"]], on="order_id", validate="1:1")
    tier = _tier_on(shop, earned)
    rate = np.rint(1000 * tier.map(given.earns).to_numpy(float)).astype(np.int64)
    assert (earned["points"] == earned["cents"] * rate // 100_000).all()
    assert set(tier) == {"basic", "silver", "gold"}
    assert earned["kind"].eq("pending").eq(earned["channel"] == "online").all()


def test_rewards_have_their_prices_and_costs(shop, truth):
    rows, given = shop.tables["rewards"], shop.scenario.points
    spent = rows[rows["kind"] == "redeem"].merge(truth.members[["customer_id", "reward"]], on="customer_id")
    assert (spent["points"] == -spent["reward"].map(given.rewards).astype(int)).all()
    assert (spent["cost_amount"] == spent["reward"].map(given.reward_costs).astype(float)).all()
    assert rows.loc[rows["kind"] != "redeem", "cost_amount"].eq(0).all()
    never = truth.members.loc[~truth.members["redeems"], "customer_id"]
    assert not set(never) & set(spent["customer_id"])


def test_tiers_follow_from_what_was_spent_in_the_year_before(shop):
    lines = shop.tables["transactions"]
    lines = lines.merge(
        lines[["line_id", "date"]], left_on="return_of", right_on="line_id", how="left", suffixes=("", "_sale")
    )
    same = lines["date_sale"].isna() | (lines["date_sale"].dt.year == lines["date"].dt.year)
    spent = lines[same].groupby(["customer_id", lines["date"].dt.year])["net_amount"].sum().round(2)
    history = shop.tables["tier_history"]
    later = history[history["qualifying_amount"].notna()]
    due = [
        spent.get((who, since.year - 1), 0.0) for who, since in zip(later["customer_id"], later["since"], strict=True)
    ]
    assert later["qualifying_amount"].to_numpy() == pytest.approx(np.array(due), abs=0.005)
    names = np.array(shop.scenario.tiers.names)
    cuts = np.array(shop.scenario.tiers.thresholds)
    assert (later["tier"] == names[np.searchsorted(cuts, later["qualifying_amount"], side="right")]).all()
    first = history.drop_duplicates("customer_id")
    assert first["tier"].eq("basic").all()
    joined = shop.tables["customers"]["joined_on"].clip(lower=pd.Timestamp("2022-01-01"))
    assert first["since"].tolist() == joined.tolist()


def test_spans_of_tiers_are_the_history_s(shop):
    history, spans = shop.tables["tier_history"], shop.tables["tiers"]
    moved = history["tier"] != history.groupby("customer_id")["tier"].shift()
    assert spans[["customer_id", "valid_from", "tier"]].to_numpy().tolist() == (
        history.loc[moved, ["customer_id", "since", "tier"]].to_numpy().tolist()
    )
    after = spans.groupby("customer_id")["valid_from"].shift(-1)
    assert ((after - spans["valid_to"]).dropna() == pd.Timedelta(days=1)).all()


def test_perks_and_service_cost_what_the_months_of_members_do(shop, truth):
    costs = shop.tables["costs"].groupby("item")["amount"].sum()
    profit = truth.tier_profit()
    for tier in ("silver", "gold"):
        assert costs[f"perks {tier}"] == pytest.approx(profit.loc[tier, "perks"], abs=0.005)
        assert costs[f"service {tier}"] == pytest.approx(profit.loc[tier, "service"], abs=0.005)
    paid = shop.tables["rewards"]["cost_amount"].sum()
    assert profit["rewards_cost"].sum() == pytest.approx(paid, abs=0.005)
    assert profit["margin"].sum() == pytest.approx(_margin(shop), abs=0.05)


def test_years_have_the_spend_of_the_file(shop, truth):
    lines = shop.tables["transactions"]
    spent = lines.groupby(["customer_id", lines["date"].dt.year])["net_amount"].sum()
    ours = truth.years.set_index(["customer_id", "year"])["spend"]
    assert ours.to_numpy() == pytest.approx(spent.reindex(ours.index).fillna(0).to_numpy(), abs=0.005)


def test_the_other_system_differs_where_the_key_says(shop, truth):
    ours, theirs = shop.tables["rewards"], shop.tables["rewards_other_system"]
    wrong = truth.mismatches
    assert len(wrong) / len(ours) == pytest.approx(0.015, abs=0.003)
    kinds = wrong["mismatch"].value_counts()
    assert len(theirs) == len(ours) - kinds["missing"]
    assert theirs["points"].sum() == ours["points"].sum() + wrong["change"].sum()
    right = ours.merge(wrong[["customer_id", "event"]], on=["customer_id", "event"], how="left", indicator=True)
    right = right[right["_merge"] == "left_only"]
    what = ["customer_id", "date", "kind", "points", "order_id", "expires_on"]
    both = right[what].merge(theirs[what].drop_duplicates(), on=what)
    assert len(both) == len(right)


def test_what_would_have_been_is_what_was_where_tiers_do_nothing():
    plain = {
        "points.tier_orders": {}, "points.earns": {}, "points.sorters": 0.0, "points.missed_leave": 0.0,
    }  # fmt: skip
    years = open_key(make_retailer("points", 512, overrides=plain)).points_truth().years
    assert (years["spend"] == years["spend_without"]).all()
    assert years["spend"].sum() > 0


def test_one_side_of_each_threshold_is_what_happened(truth):
    rows = truth.thresholds.merge(truth.years[["customer_id", "year", "spend"]], on=["customer_id", "year"])
    cut = rows["tier"].map(dict(zip(("silver", "gold"), truth.scenario.tiers.thresholds, strict=True))).astype(float)
    above = rows["qualifying_amount"] >= cut
    happened = rows["spend_above"].where(above, rows["spend_below"])
    assert len(rows) == len(truth.thresholds) > 100
    assert happened.to_numpy() == pytest.approx(rows["spend"].to_numpy(), abs=0.005)
    assert (rows["spend_above"] - rows["spend_below"]).mean() > 0


@pytest.mark.parametrize("few", [300, 512, 700])
def test_more_members_change_nobody_s_points(few):
    small, large = make_retailer("points", few), make_retailer("points", 1100)
    for table, ours in small.tables.items():
        if "customer_id" in ours and table != "costs":
            pd.testing.assert_frame_equal(ours, large.tables[table].head(len(ours)), check_dtype=False)
    ours, theirs = open_key(small), open_key(large)
    for name in ("points_members", "points_lots", "points_years", "points_thresholds", "referral_labels"):
        frame = getattr(ours, name)
        pd.testing.assert_frame_equal(frame, getattr(theirs, name).head(len(frame)), check_dtype=False)


def test_tables_and_key_survive_a_folder_written_in_any_chunks(tmp_path):
    for name, lines in (("one", 400_000), ("other", 3_000)):
        write_retailer(prepare("points", 1100), tmp_path / name, tmp_path / f"{name}_key", group_lines=lines)
    shop = make_retailer("points", 1100)
    for name in ("one", "other"):
        for table in ("rewards", "referrals", "account_marks", "tier_history", "rewards_other_system"):
            written = pd.read_parquet(tmp_path / name / f"{table}.parquet")
            assert len(written) == len(shop.tables[table])
            assert written["customer_id"].tolist() == shop.tables[table]["customer_id"].tolist()
        told = open_key(tmp_path / f"{name}_key").points_truth()
        pd.testing.assert_series_equal(told.liability(), open_key(shop).points_truth().liability())


def test_a_workspace_has_the_tables_of_the_retailer(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path))
    space, shop = open_workspace("simulated:points,customers=512"), make_retailer("points", 512)
    tables = space.at("latest")
    for name in ("rewards", "account_marks", "tier_history", "rewards_other_system", "tiers", "costs"):
        ours, theirs = shop.tables[name], tables[name]
        assert list(theirs.columns) == list(ours.columns)
        keys = list(TABLES[name].key)
        pd.testing.assert_frame_equal(
            theirs.sort_values(keys, ignore_index=True), ours.sort_values(keys, ignore_index=True), check_dtype=False
        )
    early = space.at("2023-06-30")
    assert early["rewards"]["date"].max() <= pd.Timestamp("2023-06-30") < early["rewards"]["expires_on"].max()
    sent = early["referrals"]
    assert (sent["invited_id"].isna() == sent["joined_on"].isna()).all()
    assert (sent["reward_amount"].isna() == sent["rewarded_on"].isna()).all()


def test_other_retailers_have_no_points_for_everybody():
    key = open_key(make_retailer("null", 40))
    with pytest.raises(BadInput, match="null has no points for everybody; the scenario points has them"):
        key.points_truth()
    with pytest.raises(BadInput, match="null has no points for everybody"):
        key.referral_truth()


def test_the_key_refuses_what_it_cannot_split_by(truth):
    with pytest.raises(BadInput, match="split by month, tier or kind"):
        truth.redemption("city")
    with pytest.raises(BadInput, match="one of silver, gold"):
        truth.at_threshold("basic")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"programme.on": True}, "it is on and so is programme"),
        ({"points.perks": {"basic": 1.0}}, "perks is given for basic; the tiers are basic, silver, gold"),
        ({"points.sorted_tier": "basic"}, "sorted_tier is basic; it must be one of silver, gold"),
        ({"points.price_factor": 1.5}, "rule_change is 0; set the day from which it holds"),
        ({"points.rule_change": 2000}, "rule_change is day 2000 of a window of 1096"),
        ({"points.rewards": {"coffee": 100}}, "must name the same rewards"),
        ({"points.on": False}, "referrals: it is on but points is not"),
        ({"referrals.converts": 1.0, "referrals.invitations": 1.0}, "members would multiply without end"),
        ({"referrals.age_rates": [1.0]}, "age_rates has 1 numbers; it must have 6"),
        ({"contacts.effect": 0.1, "contacts.every": 14}, "nothing is sent after the window"),
        ({"timing.process": "bg_nbd"}, "with points it must be nbd or pareto_nbd"),
        ({"points.never": 1.5}, "never is 1.5"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(overrides, sentence):
    with pytest.raises(BadInput, match=sentence):
        load_scenario("points", overrides)


def _orders(shop):
    sales = shop.tables["transactions"].query("kind == 'sale'")
    orders = sales.groupby("order_id").agg(cents=("net_amount", "sum")).reset_index()
    return orders.assign(cents=np.rint(100 * orders["cents"]).astype(np.int64))


def _tier_on(shop, rows):
    history = shop.tables["tier_history"].sort_values("since")
    dated = rows.reset_index().sort_values("date")
    found = pd.merge_asof(dated, history, left_on="date", right_on="since", by="customer_id")
    return found.set_index("index")["tier"].reindex(rows.index)


def _margin(shop):
    lines = shop.tables["transactions"].merge(shop.tables["products"], on="product_id")
    return (lines["net_amount"] - lines["quantity"] * lines["unit_cost"]).sum()
