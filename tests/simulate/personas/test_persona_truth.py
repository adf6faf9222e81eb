import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import gammaln

from crm_lab.checks import BadInput
from crm_lab.simulate import load_scenario, make_retailer, open_key, prepare, write_retailer
from crm_lab.simulate.personas.persona_bayes import count_columns, log_likelihood, posterior_now
from crm_lab.simulate.scenario.persona_settings import CHANCES, MIXES, Persona, PersonaSettings

N = 2048


@pytest.fixture(scope="module")
def shop():
    return make_retailer("personas", N)


@pytest.fixture(scope="module")
def truth(shop):
    return open_key(shop).persona_truth()


@pytest.fixture(scope="module")
def sales(shop):
    tables = shop.tables
    return tables["transactions"].query("kind == 'sale'").merge(tables["products"], on="product_id", validate="m:1")


def test_kinds_have_the_planted_shares_of_customers(truth):
    kinds = truth.customers["persona_before"].fillna(truth.customers["persona"])
    seen = kinds.value_counts().reindex(truth.shares.index)
    assert stats.chisquare(seen, N * truth.shares["share"]).pvalue > 0.001


def test_what_customers_of_a_kind_do_is_around_the_planted_shares(truth):
    """Means over customers, each within four standard errors of what is planted."""
    stayed = truth.customers[truth.customers["persona_since"].isna()]
    counts = truth.counts().merge(stayed, on="customer_id")
    checked = 0
    for name in truth.shares.columns.drop("share"):
        whole = counts["orders"] if name == "weekend" or name.startswith("hours:") else counts["lines"]
        own = (counts[name] / whole).groupby(counts["persona"]).agg(["mean", "sem"])
        off = (own["mean"] - truth.shares[name]) / own["sem"]
        assert off.abs().max() < 4, name
        checked += len(off)
    assert checked == 6 * 22


def test_customers_of_a_kind_differ_as_planted(truth):
    """The variance of own shares around the kind's, less that of counting, is that of a beta distribution."""
    stayed = truth.customers[truth.customers["persona_since"].isna()]
    counts = truth.counts().merge(stayed, on="customer_id").query("lines >= 50")
    spread = truth.scenario.personas.spread
    for name in ("discounted", "eco", "categories:baby"):
        p = counts["persona"].map(truth.shares[name])
        rest = (counts[name] / counts["lines"] - p) ** 2 / (p * (1 - p)) - 1 / counts["lines"]
        planted = (1 - 1 / counts["lines"]).mean() / (1 + spread)
        assert rest.mean() == pytest.approx(planted, abs=4 * rest.sem())


def test_the_keys_counts_are_those_of_the_tables(truth, sales):
    lines = sales.assign(
        night=(sales["hour"] >= 22) | (sales["hour"] < 6),
        fresh=(sales["date"] - sales["launched_on"]).dt.days < 60,
        discounted=sales["discount_amount"] > 0,
        weekend=sales["weekday"] >= 6,
    )
    months = lines.groupby(["customer_id", lines["date"].dt.to_period("M").dt.start_time])
    ours = months.agg(lines=("line_id", "size"), discounted=("discounted", "sum"), new=("fresh", "sum"),
                      eco=("eco", "sum"), orders=("order_id", "nunique"))  # fmt: skip
    first = lines.drop_duplicates("order_id")
    by_order = first.groupby(["customer_id", first["date"].dt.to_period("M").dt.start_time])[["night", "weekend"]].sum()
    ours = ours.assign(weekend=by_order["weekend"], **{"hours:night": by_order["night"]})
    theirs = truth.months.set_index(["customer_id", "month"])[ours.columns]
    assert len(ours) == len(truth.months)
    np.testing.assert_array_equal(ours, theirs.loc[ours.index])


def test_changes_show_in_the_lines_from_their_day_on(truth):
    """Those who come to hunt bargains, or no longer do, buy on discount as often as the kind they are."""
    changed = truth.customers[truth.customers["persona_since"].notna()]
    months = truth.months.merge(changed, on="customer_id")
    after = months["month"] >= months["persona_since"]
    months["now"] = months["persona"].where(after, months["persona_before"])
    for is_after in (False, True):
        part = months[after == is_after].groupby(["now", "customer_id"])[["lines", "discounted", "new"]].sum()
        for name in ("discounted", "new"):
            own = (part[name] / part["lines"]).groupby("now").agg(["mean", "sem"])
            assert ((own["mean"] - truth.shares[name]).abs() < 4 * own["sem"]).all()


def test_as_many_change_as_planted_and_only_on_firsts_of_months(truth):
    since = truth.customers["persona_since"]
    share = 1 - (1 - truth.scenario.personas.change) ** 23
    assert since.notna().mean() == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / N))
    assert (since.dropna().dt.day == 1).all()
    changed = truth.customers[since.notna()]
    assert (changed["persona"] != changed["persona_before"]).all()
    assert (truth.persona_on("2022-12-31")[changed["customer_id"]] == changed["persona_before"].to_numpy()).all()
    day = changed["persona_since"].iloc[0]
    who = changed["customer_id"].iloc[0]
    assert truth.persona_on(day)[who] != truth.persona_on(day - pd.Timedelta(days=1))[who]


def test_the_planted_rule_holds_in_every_month(truth):
    rule = truth.rule()
    assert len(rule) == 24
    assert rule["lift"].between(1.6, 2.6).all()
    assert (rule["both"] > 100).all()


def test_parents_live_in_families(shop, truth):
    people = shop.tables["customers"].merge(truth.customers, on="customer_id")
    family = people["household_size"].isin(["3", "4+"]).groupby(people["persona"]).mean()
    given = truth.scenario.personas
    planted = given.mix("households")[:, 2:].sum(axis=1)
    counts = people["persona"].value_counts()
    for kind, share in zip(given.names, planted, strict=True):
        assert family[kind] == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / counts[kind]))


def test_bayes_f1_is_in_the_stated_range(truth):
    assert truth.bayes_f1() == pytest.approx(0.96, abs=0.02)
    assert truth.bayes_f1("2024-01-01", changes=False) == pytest.approx(0.945, abs=0.02)
    assert truth.bayes_f1("2024-12-01", changes=False) == pytest.approx(0.77, abs=0.04)


def test_chances_of_kinds_are_calibrated(truth):
    """Of the customers who are of a kind with such a chance, as many are."""
    chances = truth.bayes(truth.months)
    true = chances["customer_id"].map(truth.persona_on())
    names = list(truth.scenario.personas.names)
    told = chances[names].to_numpy().ravel()
    is_so = (true.to_numpy()[:, None] == np.array(names)).ravel()
    for low, high in itertools.pairwise((0.02, 0.2, 0.5, 0.8, 0.98)):
        part = (told >= low) & (told < high)
        error = math.sqrt((told[part] * (1 - told[part])).sum()) / part.sum()
        assert is_so[part].mean() == pytest.approx(told[part].mean(), abs=4 * error)


def test_nobody_beats_bayes_by_leaving_out_what_it_knows(truth):
    """The same classifier that does not know of the spread within kinds finds fewer."""
    counts = truth.counts("2024-07-01")
    logs = np.log(truth.shares["share"]).to_numpy() + np.zeros((len(counts), 6))
    for name in truth.shares.columns.drop("share"):
        p = truth.shares[name].to_numpy()
        logs += counts[name].to_numpy()[:, None] * np.log(p)
        if name in CHANCES:
            whole = counts["orders" if name == "weekend" else "lines"] - counts[name]
            logs += whole.to_numpy()[:, None] * np.log1p(-p)
    plain = counts.assign(persona=truth.shares.index.to_numpy()[logs.argmax(axis=1)])
    assert truth.f1(plain) < truth.bayes_f1("2024-07-01", changes=False)


def _two_kinds(change=0.1):
    """A world small enough to be counted through."""
    one = {"hours": {"night": 1.0}, "categories": {"a": 1.0, "b": 2.0}, "styles": {"s": 1.0}, "scenes": {"t": 1.0}}
    kinds = (
        Persona(name="x", share=0.7, weekend=0.3, discounted=0.2, new=0.1, eco=0.4),
        Persona(name="y", share=0.3, weekend=0.4, discounted=0.6, new=0.2, eco=0.3, categories={"a": 3.0}),
    )
    return PersonaSettings(on=True, spread=9.0, change=change, kinds=kinds, **one)


def test_the_likelihood_is_that_of_the_dirichlet_multinomial():
    given = _two_kinds()
    rng = np.random.default_rng(1)
    orders, lines = np.array([4, 0, 7]), np.array([9, 0, 15])
    counts = {name: rng.integers(0, 1 + (orders if name == "weekend" else lines)) for name in CHANCES}
    a = rng.integers(0, 1 + lines)
    counts |= {"orders": orders, "lines": lines, "hours:night": orders, "styles:s": lines, "scenes:t": lines}
    counts |= {"categories:a": a, "categories:b": lines - a}
    for kind in range(2):
        expected = np.zeros(3)
        pairs = [("orders" if name == "weekend" else "lines", name, given.chance(name)[kind]) for name in CHANCES]
        for whole, name, p in [*pairs, ("lines", "categories:a", given.mix("categories")[kind, 0])]:
            n, k = counts[whole], counts[name]
            choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
            expected += stats.betabinom(n, 9 * p, 9 * (1 - p)).logpmf(k) - choose
        np.testing.assert_allclose(log_likelihood(given, counts)[:, kind], expected, atol=1e-10)


def test_the_chance_after_a_change_is_the_sum_over_all_histories():
    given = _two_kinds()
    rng = np.random.default_rng(2)
    months = {"orders": rng.integers(1, 4, (5, 3)), "lines": rng.integers(4, 8, (5, 3))}
    months |= {name: rng.integers(0, months["orders"] + 1) for name in ("weekend",)}
    months |= {name: rng.integers(0, months["lines"] + 1) for name in ("discounted", "new", "eco", "categories:a")}
    months["categories:b"] = months["lines"] - months["categories:a"]
    months |= {"hours:night": months["orders"], "styles:s": months["lines"], "scenes:t": months["lines"]}
    expected = np.zeros((5, 2))
    for at in (1, 2, 3):  # months before the change; 3 is no change
        wait = 0.9 ** min(at - 1, 2) * (0.1 if at < 3 else 1.0)
        parts = [{k: v[:, span].sum(axis=1) for k, v in months.items()} for span in (slice(0, at), slice(at, 3))]
        first, rest = (np.exp(log_likelihood(given, part)) for part in parts)
        for old, now in itertools.product(range(2), range(2)):
            if (old == now) == (at == 3):
                expected[:, now] += wait * given.shares[old] * first[:, old] * rest[:, now]
    np.testing.assert_allclose(posterior_now(given, months), expected / expected.sum(axis=1, keepdims=True))


def test_where_all_are_alike_there_is_nothing_to_find():
    truth = open_key(make_retailer("personas", 1024, overrides={"personas.alike": True})).persona_truth()
    assert truth.shares.index.tolist() == ["everybody"]
    assert truth.customers["persona_since"].isna().all()
    assert truth.bayes_f1() == 1.0
    assert truth.rule()["lift"].mean() == pytest.approx(1.0, abs=0.06)
    counts = truth.counts().query("lines >= 50")
    night, baby = counts["hours:night"] / counts["orders"], counts["categories:baby"] / counts["lines"]
    assert abs(np.corrcoef(night, baby)[0, 1]) < 4 / math.sqrt(len(counts))


def test_prices_multiply_out_and_nothing_is_sold_before_its_launch(sales):
    cents = np.rint(100 * sales[["gross_amount", "discount_amount", "net_amount", "list_price"]]).astype(np.int64)
    assert (cents["gross_amount"] == cents["list_price"] * sales["quantity"]).all()
    assert (cents["gross_amount"] - cents["discount_amount"] == cents["net_amount"]).all()
    depth = cents["discount_amount"] / cents["gross_amount"]
    assert (np.abs(depth[depth > 0].to_numpy()[:, None] - [0.1, 0.2, 0.3]).min(axis=1) < 0.01).all()
    assert (sales["date"] >= sales["launched_on"]).all()


def test_days_stay_in_the_data_and_nobody_buys_before_joining(shop, sales):
    joined = sales["customer_id"].map(shop.tables["customers"].set_index("customer_id")["joined_on"])
    assert (sales["date"] >= joined).all()
    assert sales["date"].min() == pd.Timestamp("2023-01-01")
    assert sales["date"].max() == pd.Timestamp("2024-12-31")


def test_more_customers_change_nobodys_kind_nor_lines(shop, truth):
    few = make_retailer("personas", 700)
    ours, theirs = few.tables["transactions"], shop.tables["transactions"]
    pd.testing.assert_frame_equal(ours, theirs.head(len(ours)))
    part = open_key(few).persona_truth()
    pd.testing.assert_frame_equal(part.customers, truth.customers.head(700))
    pd.testing.assert_frame_equal(part.months, truth.months.head(len(part.months)))


def test_the_key_is_read_back_from_a_folder(tmp_path):
    write_retailer(prepare("personas", 200), tmp_path / "tables", tmp_path / "key")
    ours, theirs = (open_key(where).persona_truth() for where in (tmp_path / "key", make_retailer("personas", 200)))
    assert ours.scenario == theirs.scenario
    pd.testing.assert_frame_equal(ours.customers, theirs.customers)
    pd.testing.assert_frame_equal(ours.months, theirs.months)
    assert ours.bayes_f1() == theirs.bayes_f1()


def test_one_customer_and_one_without_a_sale_have_chances(truth):
    nothing = truth.counts().head(2)
    nothing = nothing.assign(**dict.fromkeys(nothing.columns.drop("customer_id"), 0))
    chances = truth.bayes(nothing)
    np.testing.assert_allclose(chances[truth.shares.index].iloc[0], truth.shares["share"])
    assert len(open_key(make_retailer("personas", 1)).persona_truth().bayes(truth.counts().head(1))) == 1
    assert truth.bayes(nothing.head(0)).empty


def test_counts_of_some_months_are_those_months(truth):
    part, rest = truth.counts(end="2023-06-30"), truth.counts("2023-07-01")
    assert part["lines"].sum() + rest["lines"].sum() == truth.months["lines"].sum()
    assert part["lines"].sum() == truth.months.query("month < '2023-07-01'")["lines"].sum()


def test_what_cannot_be_asked_is_refused_in_a_sentence(truth):
    with pytest.raises(BadInput, match=r"The counts have no eco; take them from `counts` or `months`"):
        truth.bayes(truth.counts().drop(columns="eco"))
    with pytest.raises(BadInput, match=r"with changes it sees all from 2023-01-01\. Set changes=False"):
        truth.bayes_f1("2024-01-01")
    with pytest.raises(BadInput, match="fashion has no planted kinds of shoppers; the scenario personas has them"):
        open_key(make_retailer("fashion", 30)).persona_truth()
    assert set(count_columns(truth.scenario.personas)) < set(truth.months.columns)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"personas.spread": 0}, "personas: spread is 0.0; it must be above 0."),
        ({"personas.change": 2}, "personas: change is 2.0; it must be a share from 0 to 1."),
        ({"personas.kinds": []}, "personas: kinds are none; give one or more, each once."),
        ({"personas.depths": [0.01]}, "personas: depths are [0.01]; give one or more, from .05 and below 1."),
        ({"personas.hours.noon": 1}, "personas: hours has noon; the parts of a day are night, morning,"),
        ({"personas.styles": {}}, "personas: styles is {}; it needs weights above 0."),
        ({"personas.rule_hours": ""}, "personas: rule_hours and rule_category make one rule; give both or neither."),
        ({"personas.rule_category": "wine"}, "personas: rule_category is 'wine'; it must be one of drinks,"),
        ({"products.styles": ["plain"]}, "personas: styles are classic, street, romantic; those of products, in order"),
        ({"stores.cities": {"Rome": 1}}, "personas: scene_dressers: cities has Alba; the cities are Rome."),
        ({"products.count": 900}, "products: count is 900; personas over 731 days need 2160, some of each sort."),
        ({"days": 699}, "personas: the window is 2023-01-01 to 2024-11-29; it must be whole calendar months."),
        ({"discounts.coupon_share": 0.1}, "personas: it is on, and there are coupons; leave them out, they move"),
        ({"personas.kinds": [{"name": "odd", "share": 0, "weekend": 0, "discounted": 0.5, "new": 0.5, "eco": 0.5,
          "scenes": {"moon": 1}, "styles": {"street": 0}}]}, "odd: share is 0"),
    ],
)  # fmt: skip
def test_each_mistake_of_kinds_is_named(overrides, sentence):
    with pytest.raises(BadInput) as error:
        load_scenario("personas", overrides)
    assert sentence in str(error.value)


def test_all_mixes_of_a_kind_add_up_to_one():
    given = load_scenario("personas").personas
    for name in MIXES:
        np.testing.assert_allclose(given.mix(name).sum(axis=1), 1.0)
