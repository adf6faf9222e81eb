"""A source on persons: lines and money stay, accounts of one person are one customer, and what met is counted."""

import duckdb
import pandas as pd
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.data.cleaning.tables_of_persons import merged
from crm_lab.data.quality.quality import check_quality
from crm_lab.data.quality.reconciliation import reconcile
from crm_lab.data.validation import breaches
from crm_lab.tables import TABLES
from tests.data.test_part_of_source import shop  # noqa: F401 - a fixture


def write(folder, pairs, name="map.csv"):
    path = folder / name
    table = pd.DataFrame(pairs, columns=["customer_id", "person_id"])
    table.to_parquet(path) if name.endswith("parquet") else table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A simulated chain with every table, of which each third customer is one person with the one before."""
    name = "simulated:points,customers=600,seed=5"
    whole = open_workspace(name)
    ids = sorted(whole.stored("customers")["customer_id"])
    pairs = [(who, ids[place - 1] if place % 3 == 2 else who) for place, who in enumerate(ids)]
    path = write(tmp_path_factory.mktemp("map"), pairs, "map.parquet")
    return whole, open_workspace(f"{name},persons={path}"), dict(pairs)


def test_rows_and_money_of_lines_stay_and_customers_become_persons(planted):
    whole, mine, person = planted
    before, after = whole.stored("transactions"), mine.stored("transactions")
    expected = before["customer_id"].map(person).where(before["customer_id"].notna())
    pd.testing.assert_series_equal(after["customer_id"], expected.astype(after["customer_id"].dtype))
    pd.testing.assert_frame_equal(before.drop(columns="customer_id"), after.drop(columns="customer_id"))
    assert mine.day_range == whole.day_range
    assert mine.last_complete_day == whole.last_complete_day
    assert mine.title == f"{whole.title} · persons"
    assert mine.key != whole.key
    assert set(mine.at()["customer_360"]["customer_id"]) <= set(person.values())


def test_the_books_of_persons_close_and_say_the_step(planted):
    whole, mine, person = planted
    books = reconcile(mine.at(), check_quality(mine.at()))
    moved = whole.stored("judged")["customer_id"].map(lambda who: who in person and person[who] != who)
    assert books.closes
    assert books.total("persons")[0] == moved.sum()
    for item in ("raw", "clean", "quarantine"):
        assert books.total(item) == reconcile(whole.at()).total(item)
    assert "accounts are" in books.readout().finding.text("en")
    assert "人" in books.readout().finding.text("zh")
    assert "persons" in set(books.shown()["step"])


def test_every_table_on_persons_keeps_its_contract_and_its_money(planted):
    whole, mine, person = planted
    for path in whole.folder.glob("*.parquet"):
        name = path.stem
        if name not in TABLES or name == "transactions":
            continue
        before, after = whole.stored(name), mine.stored(name)
        broken = {str(b) for b in breaches(after, TABLES[name])} - {str(b) for b in breaches(before, TABLES[name])}
        assert not broken, broken
        assert list(after) == list(before)
        for column in ("cost_amount", "acquisition_cost", "points", "reward_amount"):
            if column in before:
                assert after[column].sum() == pytest.approx(before[column].sum(), abs=1e-6), (name, column)
        for column in (c for c in TABLES[name].person_columns if c.endswith("_id") and c in after):
            gone = {who for who, whose in person.items() if who != whose}
            assert not gone & set(after[column].dropna()), (name, column)
    assert mine.notes_on_persons()[0].values["linked"] == 2 * (len(person) // 3)
    assert len(mine.readings()) > len(whole.readings())


def test_a_member_keeps_the_points_of_all_accounts_in_order(planted):
    whole, mine, person = planted
    before, after = whole.stored("rewards"), mine.stored("rewards")
    counted = before.assign(customer_id=before["customer_id"].map(person)).groupby("customer_id")["points"].sum()
    pd.testing.assert_series_equal(after.groupby("customer_id")["points"].sum(), counted, check_index_type=False)
    ordered = after.sort_values(["customer_id", "event"])
    assert ordered.groupby("customer_id")["date"].is_monotonic_increasing.all()


def on_map(table, rows, pairs):
    """A table of a few rows, merged by a map."""
    with duckdb.connect() as connection:
        connection.register("rows_", pd.DataFrame(rows))
        dates = [c for c in rows if c in ("joined_on", "opted_out_on", "valid_from", "valid_to", "since", "assigned_on",
                                          "enrolled_on", "date", "first_seen")]  # fmt: skip
        cast = ", ".join(f"{c}::date as {c}" for c in dates)
        connection.execute(f"create table given as select * {f'replace ({cast})' if dates else ''} from rows_")
        connection.execute("create table person_map (customer_id text, person_id text)")
        connection.executemany("insert into person_map values (?, ?)", pairs)
        columns = {r[0]: r[1] for r in connection.execute("describe given").fetchall()}
        made = merged(table, "given", columns)
        counts = {name: connection.execute(sql).fetchone()[0] for name, sql in made.counts.items()}
        frame = connection.execute(f"select {', '.join(columns)} from ({made.sql}) order by all").df()
    for column in dates:
        frame[column] = frame[column].dt.strftime("%Y-%m-%d")
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist(), counts


ONE = [("a", "a"), ("b", "a"), ("c", "c")]


def test_of_two_rows_of_a_person_the_first_account_brought_them_and_the_latest_is_known():
    rows = {
        "customer_id": ["a", "b", "c"], "city": ["Ulm", "Bonn", "Köln"], "age_group": ["30", " ", None],
        "joined_on": ["2024-01-01", "2024-05-01", None], "opted_out_on": ["2024-09-01", "2024-06-01", None],
        "acquisition_channel": ["search", "friend", "tv"], "acquisition_cost": [2.0, 3.0, 1.0],
    }  # fmt: skip
    frame, counts = on_map("customers", rows, ONE)
    assert frame == [["a", "Bonn", "30", "2024-01-01", "2024-06-01", "search", 5.0],
                     ["c", "Köln", None, None, None, "tv", 1.0]]  # fmt: skip
    assert counts == {"customers": 1}


def test_of_two_tiers_on_a_day_that_which_began_last_counts_and_days_are_neither_lost_nor_doubled():
    rows = {
        "customer_id": ["a", "b", "b", "c"], "valid_from": ["2024-01-01", "2024-03-01", "2024-08-01", "2024-01-01"],
        "valid_to": ["2024-06-30", "2024-04-30", None, None], "tier": ["silver", "gold", "silver", "gold"],
    }  # fmt: skip
    frame, counts = on_map("tiers", rows, ONE)
    assert frame == [
        ["a", "2024-01-01", "2024-02-29", "silver"], ["a", "2024-03-01", "2024-04-30", "gold"],
        ["a", "2024-05-01", "2024-06-30", "silver"], ["a", "2024-08-01", None, "silver"],
        ["c", "2024-01-01", None, "gold"],
    ]  # fmt: skip
    assert counts == {"tiers_differ": 1}


def test_who_was_drawn_into_both_arms_is_in_neither_and_who_was_drawn_twice_counts_once():
    rows = {
        "experiment": ["x", "x", "y", "y", "x"], "customer_id": ["a", "b", "a", "b", "c"],
        "arm": ["control", "treatment", "control", "control", "control"],
        "assigned_on": ["2024-01-01", "2024-01-01", "2024-02-02", "2024-02-01", "2024-01-01"],
    }  # fmt: skip
    frame, counts = on_map("assignments", rows, ONE)
    assert frame == [["x", "c", "control", "2024-01-01"], ["y", "a", "control", "2024-02-01"]]
    assert counts == {"assignments_torn": 1, "assignments_again": 1}


@pytest.mark.parametrize(
    ("table", "rows", "kept", "counted"),
    [
        ("enrolments", {"customer_id": ["a", "b"], "programme": ["p", "p"],
                        "enrolled_on": ["2024-02-01", "2024-01-01"]},
         [["a", "p", "2024-01-01"]], {"enrolments_again": 1}),
        ("exposures", {"customer_id": ["a", "b"], "campaign": ["x", "x"], "date": ["2024-02-01", "2024-01-01"],
                       "channel": ["sms", "email"], "delivered": [True, None], "opened": [False, False],
                       "cost_amount": [0.5, 0.25]},
         [["a", "x", "2024-01-01", "email", True, False, 0.75]], {"exposures_again": 1}),
        ("tier_history", {"customer_id": ["a", "b"], "tier": ["silver", "gold"], "since": ["2024-01-01"] * 2,
                          "qualifying_amount": [300.0, 600.0]},
         [["a", "gold", "2024-01-01", 600.0]], {"tier_history_differ": 1}),
        ("rewards", {"customer_id": ["a", "a", "b"], "event": [1, 2, 1],
                     "date": ["2024-01-01", "2024-03-01", "2024-02-01"],
                     "counterpart_id": [None, "b", None]},
         [["a", 1, "2024-01-01", None], ["a", 2, "2024-02-01", None], ["a", 3, "2024-03-01", "a"]], {"rewards": 1}),
        ("referrals", {"referral": ["1", "2"], "customer_id": ["a", "a"], "invited_id": ["b", "c"]},
         [["1", "a", "a"], ["2", "a", "c"]], {"referrals_to_self": 1}),
        ("account_marks", {"customer_id": ["a", "b"], "kind": ["ip"] * 2, "mark": ["m"] * 2,
                           "first_seen": ["2024-01-01", "2024-01-02"]},
         [["a", "ip", "m", "2024-01-01"]], {"account_marks_again": 1}),
        ("clubs", {"customer_id": ["a", "b"], "club": ["x", "x"]}, [["a", "x"], ["a", "x"]], {}),
    ],
)  # fmt: skip
def test_rows_that_meet_follow_their_rule_and_are_counted(table, rows, kept, counted):
    assert on_map(table, rows, ONE) == (kept, counted)


def test_a_part_of_persons_has_the_step_in_its_books_too(shop, tmp_path):  # noqa: F811
    path = write(tmp_path, [("a", "a"), ("b", "a"), ("c", "c")])
    mine = open_workspace(f"{shop},persons={path},store=Ulm")
    assert set(mine.stored("transactions")["customer_id"]) == {"a"}
    books = reconcile(mine.at())
    assert books.closes
    assert books.is_of_part
    assert books.total("persons") == (2, 0.0)
    assert mine.title == "shop · persons · Ulm"
    with pytest.raises(BadInput, match=r"Persons come before the part: .*,persons=m.csv,store=Ulm"):
        open_workspace(f"{shop},store=Ulm,persons=m.csv")


def test_who_is_not_in_the_map_stays_and_is_counted(shop, tmp_path):  # noqa: F811
    mine = open_workspace(f"{shop},persons={write(tmp_path, [('a', 'p'), ('b', 'p'), ('x', 'x')])}")
    assert set(mine.stored("transactions")["customer_id"].dropna()) == {"p", "c"}
    told = mine.about["persons"]
    assert {name: told[name] for name in ("accounts", "persons", "linked", "not_in_map", "unknown")} == {
        "accounts": 2, "persons": 1, "linked": 2, "not_in_map": 2, "unknown": 1,
    }  # fmt: skip
    said = mine.readings()["evidence"].iloc[1]
    assert "stay who they are: 2; ids that no table knows: 1." in said


def test_another_map_is_another_folder_and_the_same_map_the_same(shop, tmp_path):  # noqa: F811
    path = write(tmp_path, [("a", "a"), ("b", "a"), ("c", "c")])
    first = open_workspace(f"{shop},persons={path}")
    assert open_workspace(f"{shop},persons={path}").folder == first.folder
    write(tmp_path, [("a", "a"), ("b", "b"), ("c", "c")])
    second = open_workspace(f"{shop},persons={path}")
    assert second.folder != first.folder
    assert set(second.stored("transactions")["customer_id"].dropna()) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("customer_id,person_id\nz,z\ny,y\n", "customers of 0 of the 7 lines .* 1 of its ids are in no table"),
        ("customer_id,person_id\nb,b\n", "customers of 2 of the 7 lines"),
        ("customer_id,person_id\na,a\na,b\nc,c\n", "1 customer_id have several persons"),
        ("customer_id,person_id\na,\nc,c\n", "1 rows lack a customer_id or a person_id"),
        ("customer_id,person_id\n", "it has no rows"),
        ("customer,person\na,a\n", "customer_id"),
        ("", "cannot be read"),
        ("customer_id,person_id\na,c\nb,c\n", "1 customers who are not in the map have the id of one of its persons"),
    ],
)
def test_what_is_no_map_of_these_data_is_refused(shop, tmp_path, text, problem):  # noqa: F811
    path = tmp_path / "map.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=problem):
        open_workspace(f"{shop},persons={path}")


def test_a_map_that_is_not_there_or_in_another_encoding_is_refused(shop, tmp_path):  # noqa: F811
    with pytest.raises(BadInput, match="there is no such file"):
        open_workspace(f"{shop},persons={tmp_path / 'nowhere.csv'}")
    with pytest.raises(BadInput, match="there is no such file"):
        open_workspace(f"{shop},persons=")
    path = tmp_path / "map.csv"
    path.write_bytes("customer_id,person_id\nMüller,x\n".encode("utf-16"))
    with pytest.raises(BadInput, match=r"map.csv cannot be read .* save it as CSV in UTF-8"):
        open_workspace(f"{shop},persons={path}")


def test_a_map_with_telephones_as_ids_meets_the_pseudonyms_of_the_tables(tmp_path):
    (tmp_path / "shop.toml").write_text(
        '[source]\nname = "phones"\npath = "shop.csv"\ndate_format = "%Y-%m-%d"\n[source.columns]\n'
        'order_id = "order"\ncustomer_id = "phone"\namount = "amount"\nquantity = "quantity"\ndate = "date"\n',
        encoding="utf-8",
    )
    lines = ["+4917112345678,10", "+4917112345679,20", "+49 171 1234 5678,30"]
    text = "".join(f"{n},{line},1,2024-01-0{n}\n" for n, line in enumerate(lines, start=1))
    (tmp_path / "shop.csv").write_text(f"order,phone,amount,quantity,date\n{text}", encoding="utf-8")
    name = str(tmp_path / "shop.toml")
    ids = open_workspace(name).stored("transactions")["customer_id"]
    assert ids.nunique() == 2
    assert ids.str.startswith("p_").all()
    raw = write(tmp_path, [("+4917112345678", "+4917112345678"), ("+4917112345679", "+4917112345678")])
    mine = open_workspace(f"{name},persons={raw}").stored("transactions")["customer_id"]
    assert mine.unique().tolist() == [ids.iloc[0]]
    hidden = write(tmp_path, [(who, ids.iloc[0]) for who in ids.unique()], "hidden.csv")
    assert open_workspace(f"{name},persons={hidden}").stored("transactions")["customer_id"].equals(mine)
