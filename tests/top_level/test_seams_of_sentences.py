"""In Chinese sentences values stand apart from the words around them by rule, and names in data stay as they are."""

import pytest

from crm_lab.messages import _WORDS, LANGUAGES, Message
from crm_lab.simulate import load_scenario, scenario_names

SEAMS = {
    "以 {a} 联系 {b} 位": ({"a": "50 美元", "b": 200}, "以 50 美元联系 200 位"),
    "其次是{a}，": ({"a": "Pareto/NBD"}, "其次是 Pareto/NBD，"),
    "{a}的误差": ({"a": "BG/NBD"}, "BG/NBD 的误差"),
    "变化最大的是 {a}（": ({"a": "最近订单金额"}, "变化最大的是最近订单金额（"),
    "{a}占 {b:.0%}": ({"a": "其后 9%", "b": 0.43}, "其后 9% 占 43%"),
    "购买{a}的{b}": ({"a": "T恤", "b": ""}, "购买 T恤的"),
    "相差 {a}。": ({"a": "+0.1"}, "相差 +0.1。"),
    "{a}{b}": ({"a": "第", "b": 9}, "第 9"),
}


@pytest.mark.parametrize("template", SEAMS)
def test_chinese_values_stand_apart_by_rule(template):
    values, said = SEAMS[template]
    assert _WORDS["zh"].vformat(template, (), values) == said


def test_english_values_stand_where_the_sentence_has_them():
    assert _WORDS["en"].vformat("{a}{b} of {a}", (), {"a": "中", "b": 9}) == "中9 of 中"


@pytest.mark.parametrize("name", scenario_names())
def test_simulated_retailers_have_a_title_in_every_language(name, monkeypatch):
    titles = set()
    for lang in LANGUAGES:
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        titles.add(load_scenario(name).title())
    assert len(titles) == len(LANGUAGES)


def test_names_of_tables_are_words_in_chinese():
    from crm_lab.data.quality.coverage import _TableNames

    needed = Message("coverage.needs_tables", {"tables": _TableNames("", {"names": ["assignments", "my_own"]})})
    assert needed.text("zh") == "需要分组表、my_own"
    assert needed.text("en") == "needs the table assignments, my_own"
