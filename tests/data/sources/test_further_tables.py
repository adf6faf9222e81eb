"""Tables beside the purchases, and customer numbers that are somebody's e-mail: read right or refused in words."""

import json
import tomllib

import pandas as pd
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.data.quality.reconciliation import reconcile

SALES = """\
order;customer;when;eur
1;ann@shop.com;05.01.2024;7,50
2;+49 170 1234567;01.02.2024;3,50
3;c-17;03.02.2024;4,00
4;ANN@shop.com;04.02.2024;1,00
"""
MESSAGES = (
    "mail,camp,sent,opened,cost\nann@shop.com,spring,2024-01-10,yes,0.05\nnew@shop.com,spring,2024-01-10,no,0.05\n"
)
COSTS = "month,item,amount\n2024-01-01,running,100\n2024-02-01,running,120.5\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Write files and a [source] table; open the workspace in a folder of its own."""
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    monkeypatch.delenv("CRM_LAB_ID_KEY", raising=False)

    def make(tables="", **files):
        (tmp_path / "sales.csv").write_text(SALES)
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text)
        (tmp_path / "shop.toml").write_text(f"""
[source]
name = "shop"
path = "sales.csv"
delimiter = ";"
decimal = ","
date_format = "%d.%m.%Y"
[source.columns]
order_id = "order"
customer_id = "customer"
date = "when"
amount = "eur"
{tables}""")
        return open_workspace(str(tmp_path / "shop.toml"))

    return make


EXPOSURES = """
[source.tables.exposures]
path = "messages.csv"
columns = {customer_id = "mail", campaign = "camp", date = "sent", cost_amount = "cost"}
"""


def test_further_tables_become_tables_of_the_contract(shop):
    tables = shop(EXPOSURES + '[source.tables.costs]\npath = "costs.csv"\n', messages=MESSAGES, costs=COSTS).at(
        "latest"
    )
    sent = tables["exposures"]
    assert sent["opened"].tolist() in ([True, False], [False, True])
    assert sent["delivered"].isna().all()
    assert sent["cost_amount"].tolist() == [0.05, 0.05]
    assert tables["costs"]["amount"].tolist() == [100.0, 120.5]
    buyer = tables["transactions"].loc[0, "customer_id"]
    assert buyer in set(sent["customer_id"])
    assert tables["customer_mix"].set_index("customer_id")["n_contacts"].to_dict()[buyer] == 1


def test_what_is_known_later_is_cut_from_further_tables_too(shop):
    early = shop(EXPOSURES, messages=MESSAGES).at("2024-01-09")
    assert early["exposures"].empty


@pytest.mark.parametrize(
    ("tables", "files", "sentences"),
    [
        ('[source.tables.messages]\npath = "messages.csv"\n', {"messages": MESSAGES}, ["there is no such table"]),
        (EXPOSURES.replace("sent", "day"), {"messages": MESSAGES}, ["the column 'day' for date is not there"]),
        (EXPOSURES.replace("campaign =", "camp ="), {"messages": MESSAGES}, ["the contract has no camp"]),
        (EXPOSURES, {}, ["there is no file"]),
        (EXPOSURES, {"messages": "mail,camp,sent,cost\n"}, ["no rows"]),
        (EXPOSURES, {"messages": MESSAGES + "x,spring,11.01.2024,no,five\n"},
         ["1 of 3 values of date cannot be read as date (%Y-%m-%d), e.g. '11.01.2024'",
          "1 of 3 values of cost_amount cannot be read as money, e.g. 'five'"]),
        (EXPOSURES, {"messages": MESSAGES + "new@shop.com,spring,2024-01-11,no,1\n,spring,2024-01-12,no,1\n"},
         ["exposures.customer_id may not be missing: 1 row", "customer_id+campaign must be unique: 1 row"]),
        ('[source.tables.costs]\npath = "costs.csv"\n', {"costs": "month,amount\n2024-01-01,3\n"},
         ["has no column for item"]),
        (EXPOSURES, {"messages": MESSAGES + "x,spring,2024-01-11,no\n"}, ["1 of 3 rows have the wrong number"]),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_refused_with_every_problem(shop, tables, files, sentences):
    with pytest.raises(BadInput) as refused:
        shop(tables, **files)
    for sentence in sentences:
        assert sentence in str(refused.value)


def test_another_table_makes_another_workspace(shop):
    one = shop(EXPOSURES, messages=MESSAGES).key
    assert shop(EXPOSURES, messages=MESSAGES + "z,spring,2024-01-11,no,1\n").key != one
    assert shop().key != one


def test_direct_ids_are_replaced_everywhere_and_the_map_is_kept_apart(shop, tmp_path):
    workspace = shop(EXPOSURES, messages=MESSAGES)
    tables = workspace.at("latest")
    customers = tables["transactions"]["customer_id"].tolist()
    assert customers[0] == customers[3]  # the same mailbox, written twice
    assert [c.startswith("p_") for c in customers] == [True, True, False, True]
    for name in ("transactions", "orders", "customer_360", "exposures", "judged", "quarantine"):
        assert "shop.com" not in tables[name].to_csv()
    touched = reconcile(tables).shown()
    assert "e-mail" in " ".join(touched.astype(str).to_numpy().ravel())
    known = pd.read_parquet(workspace.folder / "private" / "identities.parquet").set_index("customer_id")["id"]
    assert known[customers[0]] == "ann@shop.com"
    assert sorted(known) == ["+49 170 1234567", "ann@shop.com", "new@shop.com"]
    assert "identities" not in tables
    assert (workspace.folder / "private").stat().st_mode & 0o077 == 0


def test_set_aside_rows_show_no_address(shop, tmp_path):
    workspace = shop()
    text = (tmp_path / "sales.csv").read_text() + "5;eve@shop.com;someday;1,00\n"
    (tmp_path / "sales.csv").write_text(text + "".join(f"{n};x;06.02.2024;1,00\n" for n in range(6, 40)))
    kept = open_workspace(str(tmp_path / "shop.toml")).stored("quarantine")
    assert kept["reason"].tolist() == ["unreadable"]
    assert json.loads(kept["raw_row"].item())["customer"] == "***"
    assert json.loads(kept["raw_row"].item())["when"] == "someday"
    assert workspace.key != open_workspace(str(tmp_path / "shop.toml")).key


def test_the_same_key_gives_the_same_pseudonyms_elsewhere(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_ID_KEY", "a long enough secret")
    first = shop().at("latest")["customer_360"]["customer_id"].tolist()
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "elsewhere"))
    assert shop().at("latest")["customer_360"]["customer_id"].tolist() == first
    monkeypatch.setenv("CRM_LAB_ID_KEY", "another long secret")
    assert shop().at("latest")["customer_360"]["customer_id"].tolist() != first
    monkeypatch.setenv("CRM_LAB_ID_KEY", "short")
    with pytest.raises(BadInput, match="CRM_LAB_ID_KEY has 5 characters"):
        shop()


def test_ordinary_numbers_are_left_alone(shop, tmp_path):
    shop()
    ids = ["17850", "12345678", "0012345678", "2024-01-05", "H-000 123", "1234567890123"]
    rows = "".join(f"{n};{i};05.01.2024;1,00\n" for n, i in enumerate(ids))
    (tmp_path / "sales.csv").write_text("order;customer;when;eur\n" + rows)
    workspace = open_workspace(str(tmp_path / "shop.toml"))
    assert workspace.stored("transactions")["customer_id"].tolist() == ids
    assert not (workspace.folder / "private").exists()


def test_an_order_made_of_customer_and_day_holds_no_address(shop, tmp_path):
    shop()
    suite = (tmp_path / "shop.toml").read_text().replace('order_id = "order"\n', "")
    assert "order_id" not in tomllib.loads(suite)["source"]["columns"]
    (tmp_path / "shop.toml").write_text(suite)
    assert "@" not in open_workspace(str(tmp_path / "shop.toml")).stored("transactions").to_csv()


INVITATIONS = """
[source.tables.referrals]
path = "invitations.csv"
[source.tables.account_marks]
path = "marks.csv"
[source.tables.tier_history]
path = "levels.csv"
columns = {customer_id = "who", tier = "level", since = "from"}
"""
SENT = """\
referral,customer_id,invited_id,invited_on,joined_on,rewarded_on,reward_amount
r1,c-17,ann@shop.com,2024-01-01,2024-01-05,2024-02-03,10
r2,ann@shop.com,,2024-01-20,,,
"""
MARKS = "customer_id,kind,mark,first_seen\nc-17,phone,+49 170 1234567,2024-02-01\nann@shop.com,device,a1B2,2024-01-05\n"
LEVELS = "who,level,from\nann@shop.com,basic,2024-01-05\nc-17,gold,2024-02-01\n"


def test_whoever_was_invited_has_the_pseudonym_of_the_customer(shop):
    tables = shop(INVITATIONS, invitations=SENT, marks=MARKS, levels=LEVELS).at("2024-02-04")
    sent, lines = tables["referrals"], tables["transactions"]
    ann = sent.loc[0, "invited_id"]
    assert ann.startswith("p_")
    assert ann == sent.loc[1, "customer_id"]
    assert (lines["customer_id"] == ann).sum() == 2
    assert sent.loc[0, ["reward_amount"]].tolist() == [10.0]
    marks = tables["account_marks"].set_index("kind")["mark"]
    assert marks["phone"].startswith("p_")
    assert marks["device"] == "a1B2"
    levels = tables["tier_history"]
    assert set(levels["tier"]) == {"basic", "gold"}
    assert levels["qualifying_amount"].isna().all()


def test_what_came_of_an_invitation_is_not_known_before_it_came(shop):
    space = shop(INVITATIONS, invitations=SENT, marks=MARKS, levels=LEVELS)
    sent = space.at("2024-01-31")["referrals"].iloc[0]
    assert sent[["rewarded_on", "reward_amount"]].isna().all()
    assert sent[["invited_id", "joined_on"]].notna().all()
    early = space.at("2024-01-05")["referrals"]
    assert early["referral"].tolist() == ["r1"]
    assert early[["invited_id", "joined_on"]].notna().all(axis=None)


def test_the_last_day_of_points_is_known_beforehand(shop):
    ledger = (
        "customer_id,event,date,kind,points,order_id,cost_amount,expires_on,counterpart_id\n"
        "c-17,1,2024-02-03,earn,40,3,0,2025-02-28,\nc-17,2,2024-02-04,transfer,-10,,0,,ann@shop.com\n"
    )
    tables = shop('[source.tables.rewards]\npath = "ledger.csv"', ledger=ledger).at("2024-02-04")
    rows = tables["rewards"]
    assert rows.loc[0, "expires_on"] == pd.Timestamp("2025-02-28")
    assert rows.loc[1, "counterpart_id"] in set(tables["transactions"]["customer_id"])
