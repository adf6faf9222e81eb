"""What ¥ means: by the user, by cents, by the characters of the headings; asked where nothing says it."""

import pytest

from crm_lab.data.connection import connect
from crm_lab.data.sources.evidence.findings import Answers
from crm_lab.data.sources.evidence.whole_reading import read_whole

CHINESE, JAPANESE, ENGLISH = "下单时间,买家会员名,实付金额", "注文日,顧客番号,売上金額", "date,customer_id,amount"


def read(tmp_path, monkeypatch, header, amount, **answers):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    rows = "".join(f"2024-01-{1 + i % 28:02d},K{i % 30},{amount(i)}\n" for i in range(120))
    path = tmp_path / "shop.csv"
    path.write_text(f"{header}\n{rows}", encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    return read_whole(connect(home).cursor(), home, [path], [], Answers(**answers)).settled


@pytest.mark.parametrize(
    ("header", "amount", "expected"),
    [
        (CHINESE, lambda i: f"￥{100 + i}", "CNY"),
        (JAPANESE, lambda i: f"¥{100 + i}", "JPY"),
        (ENGLISH, lambda i: f"¥{100 + i}.{10 + i % 80}", "CNY"),
        (ENGLISH, lambda i: f"¥{100 + i}.00", ""),
        (ENGLISH, lambda i: f"¥{100 + i}", ""),
    ],
)
def test_the_file_says_which_it_is_or_it_is_asked(tmp_path, monkeypatch, header, amount, expected):
    settled = read(tmp_path, monkeypatch, header, amount)
    asked = [str(q) for q in settled.questions if "JPY" in str(q)]
    assert bool(asked) == (not expected)
    if expected:
        assert settled.settings["currency"] == expected


@pytest.mark.parametrize("code", ["JPY", "CNY"])
@pytest.mark.parametrize("header", [CHINESE, JAPANESE, ENGLISH])
def test_the_user_has_the_last_word(tmp_path, monkeypatch, header, code):
    settled = read(tmp_path, monkeypatch, header, lambda i: f"¥{100 + i}", currency=code)
    assert not [str(q) for q in settled.questions if "JPY" in str(q) or "CNY" in str(q)]
    assert settled.settings["currency"] == code
