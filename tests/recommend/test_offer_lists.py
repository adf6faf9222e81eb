"""Lists of each customer: chances that hold, what is kept off and counted, reasons, and their worth."""

import numpy as np
import pandas as pd
import pytest

from certification.recommend import planted_gaps
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import (
    ColdStart,
    Interactions,
    ListInputs,
    ListWorth,
    NearDuplicates,
    OfferLists,
    RankerComparison,
)
from crm_lab.recommend.offer_lists.near_duplicates import groups_of_alike
from crm_lab.recommend.rankers import GlobalTop, PopularityTies


def lines_of(customers=200, products=60, days=20, seed=0, each=4):
    """Customers with habits: each prefers ten products of its own and takes others by popularity."""
    rng = np.random.default_rng(seed)
    habit = rng.integers(0, products, (customers, 10))
    who = np.repeat(np.arange(customers), days * each)
    own = habit[who, rng.integers(0, 10, len(who))]
    other = np.minimum(rng.geometric(0.06, len(who)), products) - 1
    what = np.where(rng.random(len(who)) < 0.7, own, other)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.tile(np.repeat(np.arange(days) * 8, each), customers), "D")
    return pd.DataFrame({
        "customer_id": [f"c{k:03}" for k in who], "product_id": [f"p{k:02}" for k in what], "date": day,
    })  # fmt: skip


@pytest.fixture(scope="module")
def lines():
    return lines_of()


@pytest.fixture(scope="module")
def bought(lines):
    return Interactions.of(lines, "2024-06-08")


@pytest.fixture(scope="module")
def result(bought):
    return OfferLists(n=5).analyze(bought)


def test_reminders_were_bought_and_products_to_try_were_not(bought, result):
    frame = result.to_frame()
    pairs = bought.bought.tocoo()
    had = set(zip(bought.customer_ids[pairs.row], bought.product_ids[pairs.col], strict=True))
    is_had = np.array([pair in had for pair in zip(frame["customer_id"], frame["product_id"], strict=True)])
    assert is_had.tolist() == (frame["list"] == "remind").tolist()
    assert not frame.duplicated(["customer_id", "product_id"]).any()
    ranks = frame.groupby(["customer_id", "list"])["rank"].apply(list)
    assert all(row == list(range(1, len(row) + 1)) for row in ranks)
    assert frame["chance"].between(0, 1).all()
    falls = frame.groupby(["customer_id", "list"])["chance"].diff().dropna()
    assert (falls <= 1e-12).all()


def test_lists_do_not_depend_on_the_order_of_lines(lines, result):
    mixed = lines.sample(frac=1, random_state=3)
    again = OfferLists(n=5).analyze(Interactions.of(mixed, "2024-06-08"))
    pd.testing.assert_frame_equal(again.to_frame(), result.to_frame())


def test_by_score_the_order_is_that_of_the_ranker(bought):
    frame = OfferLists(n=5, by="score", only_due=False, discover=GlobalTop()).analyze(bought).to_frame()
    plain = PopularityTies().fit(bought).top(n=5, scope="repeat").to_frame()
    own = frame[frame["list"] == "remind"]
    assert own["product_id"].tolist() == plain["product_id"].tolist()
    new = GlobalTop().fit(bought).top(n=5, scope="new").to_frame()
    assert frame[frame["list"] == "try"]["product_id"].tolist() == new["product_id"].tolist()


def test_chances_hold_on_customers_they_were_not_learnt_from(result):
    held = result.calibration().set_index("list")
    assert (held["slope_lo"] < 1).all()
    assert (held["slope_hi"] > 1).all()
    assert held["in_the_large"].abs().max() < 0.01


def test_what_was_said_of_reminders_comes():
    later = Interactions.of(lines_of(days=24, seed=5), "2024-07-10")
    found = ListWorth(lists=OfferLists(n=5, horizon_days=24)).analyze(later, "2024-06-10")
    ratio = found.said_and_came().set_index("list")
    assert ratio.loc["remind", "lo"] < 1 < ratio.loc["remind", "hi"]
    assert set(found.to_frame()["measure"]) == {"purchases"}


def test_worth_of_plain_lists_is_nothing(bought):
    plain = OfferLists(n=5, by="score", only_due=False, discover=GlobalTop(), alike=NearDuplicates(least=10_000))
    found = ListWorth(lists=plain).analyze(bought, "2024-05-05").to_frame()
    assert found["gain"].tolist() == [0, 0, 0]
    assert found["p_holm"].tolist() == [1, 1, 1]
    with pytest.raises(CannotAnswer, match="the data end on 2024-06-08"):
        ListWorth(lists=plain).analyze(bought, "2024-06-01")


def test_worth_by_margin_counts_the_margin_of_what_was_bought(bought):
    products = pd.DataFrame({"product_id": bought.product_ids, "margin": 2.0})
    spec = ListWorth(lists=OfferLists(n=3, by="margin"))
    found = spec.analyze(bought, "2024-05-05", ListInputs(products=products))
    frame = found.to_frame().set_index(["measure", "list"])
    assert frame.loc["margin", "gain"].tolist() == pytest.approx((2 * frame.loc["purchases", "gain"]).tolist())
    assert found.measure == "margin"
    assert len({fact.id for fact in found.facts()}) == len(found.facts()) == 8
    few = bought.select(baskets=bought.customer < 20)
    with pytest.raises(CannotAnswer, match="20 customers bought before"):
        ListWorth(lists=OfferLists(by="score")).analyze(few, "2024-05-05")


def test_worth_sees_nothing_of_the_later_purchases(lines):
    """Lists of the past are the same whatever is bought later."""
    cut = lines["date"] < "2024-05-05"
    changed = lines.assign(product_id=np.where(cut, lines["product_id"], "p00"))
    spec, seen = OfferLists(n=3), []
    for table in (lines, changed):
        worth = ListWorth(lists=spec).analyze(Interactions.of(table, "2024-06-08"), "2024-05-05")
        seen.append(worth.said_and_came()["said"])
    pd.testing.assert_series_equal(*seen)


def test_margin_puts_dear_products_first_and_needs_margins(bought):
    products = pd.DataFrame({"product_id": bought.product_ids, "margin": np.arange(len(bought.product_ids)) / 10})
    told = ListInputs(products=products)
    frame = OfferLists(n=5, by="margin").analyze(bought, told).to_frame()
    falls = frame.groupby(["customer_id", "list"])["expected"].diff().dropna()
    assert (falls <= 1e-9).all()
    assert frame["expected"].to_numpy() == pytest.approx((frame["chance"] * frame["margin"]).to_numpy())
    by_chance = OfferLists(n=5).analyze(bought, told).to_frame()
    assert frame["expected"].sum() > by_chance["expected"].sum()
    off = OfferLists(n=5, by="margin").analyze(bought, told).left_out()
    assert off.query("reason == 'no_margin'")["products"].max() <= 1  # the product whose margin is 0
    with pytest.raises(BadInput, match="no product has one"):
        OfferLists(by="margin").analyze(bought)


def test_what_is_kept_off_is_on_no_list_and_is_counted(bought, result):
    first = result.to_frame().query("list == 'remind' and rank == 1").head(2)
    out = result.to_frame()["product_id"].value_counts().index[0]
    told = ListInputs(
        products=pd.DataFrame({"product_id": [out], "in_stock": [False]}),
        returned=first[["customer_id", "product_id"]],
        excluded=pd.DataFrame({"product_id": ["p05", "p06"], "customer_id": [None, "c001"]}),
    )
    found = OfferLists(n=5).analyze(bought, told)
    frame = found.to_frame()
    assert not frame["product_id"].isin([out, "p05"]).any()
    assert "p06" not in set(found.of("c001")["product_id"])
    assert "p06" in set(frame["product_id"])
    pairs = first[["customer_id", "product_id"]].merge(frame, on=["customer_id", "product_id"])
    assert pairs.empty
    counted = found.left_out().groupby("reason")["pairs"].sum()
    assert counted["out_of_stock"] > 0
    assert counted["excluded"] > 0
    assert counted["returned"] == len(first[first["product_id"] != out])
    assert frame[frame["list"] == "remind"].groupby("customer_id").size().eq(5).mean() > 0.9


def test_frames_that_cannot_be_right_are_refused():
    with pytest.raises(BadInput) as error:
        ListInputs(products=pd.DataFrame({"product_id": ["a", "a"], "margin": ["x", 1], "in_stock": ["no", True]}))
    assert "1 ids more than once" in str(error.value)
    assert "margin of 1 products" in str(error.value)
    assert "in_stock of 1 products" in str(error.value)
    with pytest.raises(BadInput, match="lacks the column product_id"):
        ListInputs(excluded=pd.DataFrame({"product": ["a"]}))
    with pytest.raises(BadInput, match="pool is 3"):
        OfferLists(pool=3)


def test_near_duplicates_share_a_group_and_popular_products_do_not():
    rng = np.random.default_rng(1)
    basic = rng.random(400) < 0.3
    everybody = rng.random((400, 3)) < 0.95
    has = np.column_stack([basic, basic ^ (rng.random(400) < 0.02), rng.random(400) < 0.3, everybody])
    row, column = np.nonzero(has)
    lines = pd.DataFrame({"customer_id": row.astype(str), "product_id": [f"p{k}" for k in column],
                          "date": pd.Timestamp("2024-01-01")})  # fmt: skip
    bought = Interactions.of(lines, "2024-01-31")
    group = groups_of_alike(bought, None, (), 0.8, 20)
    assert group[0] == group[1]
    assert len(set(group)) == 5
    named = pd.DataFrame({"product_id": ["p2", "p3", "p4"], "brand": ["own", "own", None], "name": ["tea"] * 3})
    by_name = groups_of_alike(bought, named, ("brand", "name"), 0.8, 20)
    assert by_name[2] == by_name[3] != by_name[4]
    assert (groups_of_alike(bought, named, ("brand", "taste"), 0.8, 20) == group).all()


def test_one_of_a_group_stands_on_both_lists_together(bought):
    products = pd.DataFrame({"product_id": bought.product_ids, "name": [f"kind {k // 3}" for k in range(60)]})
    spec = OfferLists(n=5, alike=NearDuplicates(columns=("name",)))
    found = spec.analyze(bought, ListInputs(products=products))
    kinds = found.to_frame().merge(products, on="product_id")
    assert not kinds.duplicated(["customer_id", "name"]).any()
    assert found.left_out().query("reason == 'near_duplicate'")["pairs"].min() > 0
    assert "kind" in found.shown()["product_id"].iloc[0]


def test_customers_of_a_kind_decide_for_whom_little_is_known(lines):
    kinds = pd.DataFrame({"customer_id": [f"c{k:03}" for k in range(200)] + ["new1", "new2"],
                          "segment": ["even" if k % 2 else "odd" for k in range(200)] + ["even", None]})  # fmt: skip
    only = lines["customer_id"].str[1:].astype(int) % 2 == 1
    shifted = lines.assign(product_id=np.where(only, lines["product_id"] + "x", lines["product_id"]))
    found = OfferLists(n=4).analyze(Interactions.of(shifted, "2024-06-08"), segments=kinds)
    even, none = found.of("new1"), found.of("new2")
    assert even["list"].unique().tolist() == ["try"]
    assert even["product_id"].str.endswith("x").all()
    assert even["reason"].unique().tolist() == ["kind"]
    assert even["why"].str.contains("even").all()
    assert even["chance"].isna().all()  # nothing is learnt of customers without a purchase
    assert none["reason"].unique().tolist() == ["popular"]
    with pytest.raises(BadInput, match="more than once"):
        ColdStart(segments=pd.concat([kinds, kinds]))


def test_segments_that_do_not_differ_are_drawn_to_all():
    rng = np.random.default_rng(2)
    worth = {}
    for name, apart in (("same", 0.0), ("apart", 0.25)):
        kind = np.repeat([0, 1, 2, 3], 150)
        share = 0.3 + apart * rng.uniform(-1, 1, (4, 40))
        row, column = np.nonzero(rng.random((600, 40)) < share[kind])
        lines = pd.DataFrame({"customer_id": [f"c{k:03}" for k in row], "product_id": [f"p{k}" for k in column],
                              "date": pd.Timestamp("2024-01-01")})  # fmt: skip
        segments = pd.DataFrame({"customer_id": [f"c{k:03}" for k in range(600)], "segment": kind})
        worth[name] = ColdStart(segments=segments).fit(Interactions.of(lines, "2024-01-31")).worth
    assert worth["same"] > 300
    assert worth["apart"] == pytest.approx(1 / (0.25**2 / 3 / 0.21) - 1, rel=0.35)  # 1/rho - 1


def test_cold_start_is_a_ranker(bought):
    from crm_lab.recommend import LastBasketSplit

    split = LastBasketSplit(least_product_baskets=1).split(bought)
    found = RankerComparison(rankers=(PopularityTies(), ColdStart()), k=5, scopes=("new",)).analyze(split)
    assert "cold_start" in set(found.to_frame()["ranker"])


def test_reminders_wait_until_they_are_due():
    known, _ = planted_gaps(120, 6, 1)
    found = OfferLists(n=3, horizon_days=7, by="score", discover=GlobalTop()).analyze(known)
    waiting = found.left_out().query("list == 'remind' and reason == 'not_due'")["pairs"].sum()
    assert waiting > 0
    frame = found.to_frame()
    due = frame[frame["reason"] == "due"]
    assert len(due) > 0
    assert due["usual_gap"].between(1, 200).all()
    assert found.reasons(due.head(1))[0].text("en").startswith("every ")
    asked = OfferLists(n=3, horizon_days=7, by="score", only_due=False, discover=GlobalTop()).analyze(known)
    assert asked.left_out().query("reason == 'not_due'")["pairs"].sum() == 0


def test_too_short_a_past_gives_lists_without_chances():
    rng = np.random.default_rng(0)
    lines = pd.DataFrame({"customer_id": [f"c{k % 30}" for k in range(240)],
                          "product_id": [f"p{k}" for k in rng.integers(0, 20, 240)],
                          "date": np.datetime64("2024-01-01") + rng.integers(0, 20, 240)})  # fmt: skip
    short = Interactions.of(lines, "2024-01-21")
    found = OfferLists(by="score").analyze(short)
    assert found.to_frame()["chance"].isna().all()
    assert found.readout().finding.key == "recommend.lists.finding_plain"
    assert found.calibration().empty
    with pytest.raises(CannotAnswer, match="chances cannot be learnt"):
        OfferLists().analyze(short)


def test_a_report_holds_nobodys_list(result):
    assert "customer_id" not in result.to_publish()
    assert result.to_publish()["customers"].sum() == len(result.to_frame())
