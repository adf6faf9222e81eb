"""Files of referrals and of marks as people call their columns."""

import pytest

from crm_lab.data.sources.first_look.column_roles import propose_table
from crm_lab.data.sources.first_look.table_vocabulary import names_in_table
from crm_lab.tables import Column, Table

REFERRALS = Table(
    "referrals",
    "Invitations.",
    (
        Column("referral", "text", "Which."),
        Column("customer_id", "text", "Who invited.", pii="pseudonym"),
        Column("invited_id", "text", "Who joined.", nullable=True, pii="pseudonym"),
        Column("invited_on", "date", "Sent."),
        Column("joined_on", "date", "Joined.", nullable=True),
        Column("rewarded_on", "date", "Rewarded.", nullable=True),
        Column("reward_amount", "money", "Reward.", nullable=True),
        Column("channel", "text", "How.", nullable=True, required=False),
    ),
    key=("referral",),
    known_on="invited_on",
)
MARKS = Table(
    "account_marks",
    "Marks.",
    (
        Column("customer_id", "text", "Whose.", pii="pseudonym"),
        Column("kind", "text", "Kind."),
        Column("mark", "text", "Hash."),
        Column("first_seen", "date", "Since."),
    ),
    key=("customer_id", "kind", "mark"),
    known_on="first_seen",
)


def proposed(tmp_path, header, row, table=REFERRALS):
    path = tmp_path / "file.csv"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    return propose_table(path, table).columns


@pytest.mark.parametrize(
    "header",
    [
        "referral,customer_id,invited_id,invited_on,joined_on,rewarded_on,reward_amount,channel",
        "Referral ID,Referrer ID,Referee ID,Created At,Signed Up At,Paid At,Bonus Amount,Source",
        "推荐编号,邀请人,被邀请人,邀请时间,注册时间,奖励发放时间,奖励金额,渠道",
        "invite_id,inviter,friend_id,sent_at,join_date,reward_date,payout,via",
        "编号,老会员编号,新会员编号,分享日期,入会日期,发奖日期,返现,分享渠道",
    ],
)
def test_columns_of_referrals_are_recognised(tmp_path, header):
    names = header.split(",")
    found = proposed(tmp_path, header, "1,A7,B9,2024-03-01,2024-03-05,2024-03-20,10.00,app")
    assert [found[column.name] for column in REFERRALS.columns] == names


def test_beside_an_inviter_the_customer_is_the_new_one(tmp_path):
    found = proposed(tmp_path, "id,customer_id,referred_by,invited_at", "1,B9,A7,2024-03-01")
    assert found["customer_id"] == "referred_by"
    assert found["invited_id"] == "customer_id"


@pytest.mark.parametrize("header", ["account_id,type,hash,first_seen_at", "会员编号,标记类型,哈希值,首次出现"])
def test_columns_of_marks_are_recognised(tmp_path, header):
    found = proposed(tmp_path, header, "A7,device,9f8e,2024-03-01", MARKS)
    assert [found[column.name] for column in MARKS.columns] == header.split(",")


def test_other_tables_keep_their_words():
    assert names_in_table("costs", "amount") == ()
