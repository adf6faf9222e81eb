"""Records of one person are found, families are kept apart, and order changes nothing."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("splink", reason="splink is not installed")
pytest.importorskip("phonenumbers", reason="phonenumbers is not installed")

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.data.identity.accuracy.match_quality import MatchQuality
from crm_lab.data.identity.example_records import example_records
from crm_lab.data.identity.linkage.blocking_keys import blocking_rules, pairs_of, with_keys
from crm_lab.data.identity.linkage.golden_records import GoldenRecord
from crm_lab.data.identity.linkage.person_clusters import connected, without_chains
from crm_lab.data.identity.linkage.person_map import check_map, on_persons
from crm_lab.data.identity.linkage.record_linkage import LinkRecords
from crm_lab.data.identity.linkage.splink_model import bits_for_one_person, settled_shares, settled_weights
from crm_lab.data.identity.standards.field_roles import FieldRoles
from crm_lab.data.identity.standards.person_names import pinyin
from crm_lab.data.identity.standards.standard_records import Standardise
from crm_lab.results import publish


def link(people, **settings):
    return LinkRecords(**settings).fit(Standardise(phone_region="US").analyze(people))


def known(people):
    return people[["customer_id", "truth"]].rename(columns={"truth": "person"})


@pytest.fixture(scope="module")
def people():
    return example_records(persons=700, seed=11)


@pytest.fixture(scope="module")
def linked(people):
    return link(people.drop(columns="truth"))


def test_planted_persons_are_found(people, linked):
    quality = MatchQuality().analyze(linked.persons, known(people))
    assert quality.of("pair_precision")[0] >= 0.98
    assert quality.of("pair_recall")[0] >= 0.9


def test_the_models_own_precision_is_near_the_truth(people, linked):
    truth = people.set_index("customer_id")["truth"]
    links = linked.links
    right = (links["record_id_l"].map(truth) == links["record_id_r"].map(truth)).mean()
    assert abs(right - linked.expected_precision) < 0.02


def test_same_rows_in_another_order_are_the_same_persons(people, linked):
    shuffled = link(people.drop(columns="truth").sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(shuffled.persons, linked.persons)
    pd.testing.assert_frame_equal(shuffled.pairs, linked.pairs)


def test_with_a_fifth_of_all_fields_blank_few_links_are_wrong():
    people = example_records(persons=700, seed=12, missing=0.2, copies=1.5)
    quality = MatchQuality().analyze(link(people.drop(columns="truth")).persons, known(people))
    assert quality.of("record_precision")[0] >= 0.98
    assert quality.of("record_recall")[0] >= 0.7


def test_a_family_with_one_telephone_is_no_person():
    people = example_records(persons=500, seed=13, missing=0.0)
    truth = people.set_index("customer_id")["truth"]
    found = link(people.drop(columns="truth"))
    links = found.links
    wrong = links[links["record_id_l"].map(truth) != links["record_id_r"].map(truth)]
    assert len(wrong) <= 0.01 * len(links)
    assert found.shared_contacts()["phone"] > 10


def chinese_records(persons=400, seed=0):
    """Persons who stand in Chinese characters at the shop and in Latin letters, or with a homophone, in the app."""
    rng = np.random.default_rng(seed)
    families = list("王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗")
    given = list("伟芳娜敏静强磊洋艳勇军杰娟涛明超秀霞平刚桂英华玉兰丹萍红")
    sounds = {"伟": "炜", "芳": "方", "静": "婧", "杰": "洁", "明": "铭", "英": "瑛", "华": "桦", "丹": "单"}
    name = ["".join(rng.choice(families, 1)) + "".join(rng.choice(given, 2)) for _ in range(persons)]
    phone = [f"13{n:09d}" for n in rng.choice(10**9, persons, replace=False)]
    birth = pd.Series(np.datetime64("1960-01-01") + rng.integers(0, 16_000, persons)).dt.strftime("%Y年%m月%d日")
    shop = pd.DataFrame({"姓名": name, "手机": phone, "生日": birth, "truth": range(persons)})
    app = shop.sample(persons // 2, random_state=seed)
    latin = [f"{pinyin(n[1:]).title()} {pinyin(n[0], is_family=True).upper()}" for n in app["姓名"]]
    homophone = ["".join(sounds.get(c, c) for c in n) for n in app["姓名"]]
    kind = rng.integers(0, 3, len(app))
    app["姓名"] = [names[k] for k, *names in zip(kind, app["姓名"], latin, homophone, strict=True)]
    app["手机"] = [f"+86 {p}" if rng.random() < 0.8 else None for p in app["手机"]]
    app["生日"] = [b.replace("年", "-").replace("月", "-").replace("日", "") for b in app["生日"]]
    both = pd.concat([shop, app], ignore_index=True)
    return both.assign(会员编号=[f"m{n:05d}" for n in rng.permutation(len(both))])


def test_chinese_names_meet_their_pinyin():
    people = chinese_records()
    linked = LinkRecords().fit(Standardise(phone_region="CN").analyze(people.drop(columns="truth")))
    truth = people.rename(columns={"会员编号": "customer_id", "truth": "person"})[["customer_id", "person"]]
    quality = MatchQuality().analyze(linked.persons, truth)
    assert quality.of("pair_precision")[0] >= 0.98
    assert quality.of("pair_recall")[0] >= 0.95
    assert "same sound, other characters" in set(linked.weights()["level"])


def test_the_repurchase_rate_of_linked_persons_is_that_of_the_key(people, linked):
    rng = np.random.default_rng(4)
    who = rng.choice(people["customer_id"], 2 * len(people))
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, len(who)), unit="D")
    orders = pd.DataFrame({"customer_id": who, "date": days})
    truth = people[["customer_id", "truth"]].rename(columns={"truth": "person_id"}).astype(str)

    def rate(persons):
        return on_persons(orders, persons).groupby("customer_id")["date"].nunique().ge(2).mean()

    assert rate(linked.persons) == pytest.approx(rate(truth), abs=0.01)


def test_a_higher_threshold_joins_no_more(linked):
    persons = [linked.at(threshold).n_persons for threshold in (0.5, 0.9, 0.99, 0.9999)]
    assert persons == sorted(persons)


def test_sources_that_hold_each_person_once_are_only_joined_with_others():
    people = example_records(persons=300, seed=14)
    found = link(people.drop(columns="truth"), one_per_source=True)
    source = people.set_index("customer_id")["source"]
    sizes = (
        found.persons.assign(source=found.persons["customer_id"].map(source)).groupby(["person_id", "source"]).size()
    )
    assert sizes.max() == 1


def test_records_that_share_nothing_are_not_linked():
    mails, phones = (
        [f"{n}x{n * 7}@d{n}.co" for n in range(60)],
        [f"+1212555{7919 * n % 10000:04d}" for n in range(60)],
    )
    people = pd.DataFrame({"id": range(60), "email": mails, "phone": phones})
    with pytest.raises(CannotAnswer, match="No two of the 60 records share a field"):
        link(people)


def test_a_file_without_duplicates_has_as_many_persons_as_records():
    people = example_records(persons=400, seed=15, copies=0)
    assert link(people.drop(columns="truth")).n_persons >= 398


def test_one_field_cannot_teach_what_it_is_worth():
    people = example_records(persons=200, seed=16)[["customer_id", "email"]]
    with pytest.raises(CannotAnswer, match="only another field can teach"):
        link(people)


def test_two_fields_link_what_agrees_in_both():
    people = example_records(persons=600, seed=17, missing=0.0, slips=0.0)[["customer_id", "phone", "email", "truth"]]
    quality = MatchQuality().analyze(link(people.drop(columns="truth")).persons, known(people))
    assert quality.of("pair_precision")[0] >= 0.98
    assert quality.of("pair_recall")[0] >= 0.85


def test_what_a_household_shares_makes_no_person():
    people = example_records(persons=200, seed=16)[["customer_id", "family_name", "phone", "address"]]
    with pytest.raises(CannotAnswer, match="persons cannot be told from households"):
        link(people)


def test_settings_are_checked():
    with pytest.raises(BadInput, match="threshold is 1; it lies between 0 and 1"):
        LinkRecords(threshold=1)


def test_nothing_that_identifies_people_is_shown(linked):
    shown = f"{linked} {linked.readout()} {linked!r} {[fact.to_json() for fact in linked.facts()]}"
    for column in ("email", "phone", "family_name"):
        assert not any(value in shown for value in linked.records[column].dropna().head(50))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_readout_and_facts_have_words(linked, lang):
    assert len(linked.readout().text(lang)) > 50
    assert all(fact.label.text(lang) for fact in linked.facts())


def test_keys_count_pairs_as_a_join_does():
    rng = np.random.default_rng(0)
    codes = [rng.integers(-1, 6, 300) for _ in range(3)]
    rows = pd.DataFrame(dict(enumerate(codes))).query("`0` >= 0 and `1` >= 0 and `2` >= 0")
    size = rows.groupby([0, 1, 2]).size()
    assert pairs_of(codes) == (size * (size - 1) // 2).sum()


def test_rules_stay_within_thirty_pairs_a_record(people):
    rules = blocking_rules(with_keys(Standardise(phone_region="US").analyze(people).table))
    assert sum(rule.pairs for rule in rules) <= 30 * len(people)
    assert any(rule.columns == ("phone",) for rule in rules)


def test_a_household_explains_what_its_members_share():
    same, shared = np.array([30.0, 30.0, 20.0]), np.array([30.0, 18.0, 25.0])
    bits = bits_for_one_person(same, shared, 1e-4, 1e-4)
    assert bits[0] == pytest.approx(0, abs=0.01)
    assert bits[1] > 10
    assert bits[2] < -4


def test_shares_add_up_to_what_was_planted():
    rng = np.random.default_rng(1)
    one, two = rng.normal(32, 2, 400), rng.normal(28, 2, 300)
    same = np.concatenate([one, rng.normal(10, 2, 300)])
    shared = np.concatenate([one - 14, two])
    person, household = settled_shares(same, shared, 1e6, 1e-6)
    assert person * 1e6 == pytest.approx(400, rel=0.02)
    assert household * 1e6 == pytest.approx(300, rel=0.02)


def test_agreement_that_speaks_against_is_replaced_by_the_usual():
    m, u, learnt = settled_weights(np.array([0.01, 0.99]), np.array([0.2, 0.8]), 1e-3, 1e5, learnt=True)
    assert not learnt
    assert m[0] > u[0]
    assert m[-1] < u[-1]


def test_chains_are_cut_at_the_weakest_link():
    scored = pd.DataFrame({"left": [0, 1, 2, 0], "right": [1, 2, 3, 1], "weight": [12.0, 4.0, 11.0, 12.0]}).iloc[:3]
    cut = without_chains(scored, [], 4, least=3.0, largest=50)
    assert cut.person.tolist() == [0, 0, 2, 2]
    assert (cut.chains, cut.records) == (1, 4)


def test_clusters_do_not_depend_on_the_order_of_links():
    rng = np.random.default_rng(2)
    left, right = np.sort(rng.integers(0, 60, (2, 90)), axis=0)
    scored = pd.DataFrame({"left": left, "right": right, "weight": rng.normal(5, 6, 90)}).query("left < right")
    scored = scored.drop_duplicates(["left", "right"])
    one = without_chains(scored, [(3, 9)], 60, least=2.0, largest=10).person
    other = without_chains(scored.sample(frac=1, random_state=1), [(9, 3)], 60, least=2.0, largest=10).person
    assert one.tolist() == other.tolist()
    assert np.bincount(one).max() <= 10
    assert (connected(left, right, 60) <= np.arange(60)).all()


def test_what_a_report_writes_of_golden_records_holds_no_entry_of_anybody(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    monkeypatch.setenv("CRM_LAB_REPORT", "1")
    people = example_records(persons=100, seed=5).drop(columns="truth")
    golden = GoldenRecord().build(people, link(people))
    publish(golden)
    (file,) = tmp_path.rglob("table_golden_records.csv")
    entries = {*people["email"].dropna(), *people["phone"].dropna(), *people["family_name"].dropna()}
    written = file.read_text(encoding="utf-8")
    assert "filled_share" in written
    assert not [entry for entry in entries if entry in written]


def test_survivors_follow_their_rules_and_say_so():
    people = example_records(persons=200, seed=5)
    twins = people.groupby("truth").filter(lambda rows: len(rows) > 1)
    found = link(people.drop(columns="truth"))
    golden = GoldenRecord(fields={"phone": ("trusted", "recent")}, trusted=("app",)).build(
        people.drop(columns="truth"), found
    )
    frame = golden.provenance
    assert golden.to_frame()["records"].sum() == len(people)
    assert not frame.duplicated(["person_id", "field"]).any()
    values = people.set_index("customer_id")
    assert all(values.loc[row.customer_id, row.field] == row.value for row in frame.itertuples())
    map_ = found.persons.set_index("customer_id")["person_id"]
    assert (frame["customer_id"].map(map_) == frame["person_id"]).all()
    phones = frame[(frame["field"] == "phone") & (frame["rule"] == "trusted")]
    assert len(phones) > 5
    assert set(phones["customer_id"].map(values["source"])) == {"app"}
    recent = frame[(frame["field"] == "email") & (frame["rule"] == "recent")]
    for row in recent.head(10).itertuples():
        rows = values[values.index.map(map_) == row.person_id].dropna(subset=["email"])
        assert rows.loc[row.customer_id, "updated_on"] == rows["updated_on"].max()
    assert len(twins)


def test_survivorship_asks_for_what_it_needs():
    people = example_records(persons=60, seed=6).drop(columns=["truth", "updated_on"])
    found = link(people)
    roles = FieldRoles(given_name="given_name", email="email")
    with pytest.raises(BadInput, match="The rule recent needs a column updated_on"):
        GoldenRecord().build(people, found, roles)
    with pytest.raises(BadInput, match="rules trusts sources, but trusted is empty"):
        GoldenRecord(rules=("trusted",))
    with pytest.raises(BadInput, match="The file is not the one that was linked"):
        GoldenRecord(rules=("frequent",)).build(people.iloc[1:], found, roles)


def test_orders_move_to_persons_and_money_is_kept(linked):
    ids = linked.records["record_id"]
    orders = pd.DataFrame({"customer_id": [*ids, "stranger", None], "revenue": 1.0})
    moved = on_persons(orders, linked.persons)
    assert moved["revenue"].sum() == orders["revenue"].sum()
    assert moved["customer_id"].nunique() == linked.n_persons + 1
    assert moved["customer_id"].isna().sum() == 1
    pd.testing.assert_frame_equal(on_persons(moved, linked.persons), moved)


def test_a_map_that_is_none_is_refused():
    with pytest.raises(BadInput, match="1 rows lack a customer_id or a person_id"):
        check_map(pd.DataFrame({"customer_id": ["a"], "person_id": [None]}))
    with pytest.raises(BadInput, match="1 customers who are not in the map have the id of a person"):
        on_persons(pd.DataFrame({"customer_id": ["b"]}), pd.DataFrame({"customer_id": ["a"], "person_id": ["b"]}))
