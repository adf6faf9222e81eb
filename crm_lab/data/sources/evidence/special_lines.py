"""Lines that may be no merchandise: vouchers, payments, tips, deposits, tests; by their words, and asked about."""

from __future__ import annotations

import re

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import PRICE, filled, number

_MEANINGS = ("sale", "fee", "no_sale")
_CARRIAGE = re.compile(
    r"(?:shipping|delivery|postage|freight|versand|versandkosten|porto|frais de port|livraison|env[ií]o"
    r"|gastos de env[ií]o|运费|邮费|送料)"
)
"""Names that leave no doubt: a fee, which is said and not asked."""

_WORDS = {
    "no_sale": (
        r"gift[ -]?(?:card|voucher|certificate)|\bvouchers?\b|gutschein|geschenkkarte"
        r"|carte[ -]cadeau|ch[eè]que[ -]cadeau|tarjeta (?:de )?regalo|礼品卡|储值|充值|购物卡|代金券|礼券"
        r"|^(?:cash|card|credit card|debit card|visa|master ?card|amex|ec|ec-karte|girocard|bar|barzahlung"
        r"|kartenzahlung|payment|zahlung|esp[eè]ces|carte(?: bancaire)?|cb|efectivo|tarjeta|paypal|change"
        r"|wechselgeld|现金|刷卡|微信支付?|支付宝)$"
        r"|^(?:test|test ?(?:item|product|order|artikel).*)$"
    ),
    "fee": (
        r"^(?:tips?|trinkgeld|gratuity|pourboire|propina|小费|rounding|rundung|arrondi)$"
        r"|\b(?:pfand|leergut|deposit|anzahlung|caution)\b|押金|定金"
        rf"|^{_CARRIAGE.pattern}$"
    ),
}  # fmt: skip
_MOST = 20


def settle_special_lines(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask of products whose names say that they are none, with a proposal.

    Raises:
        BadInput: If an answer means something else than sale, fee or no_sale.
    """
    wrong = [f"{word}={means}" for word, means in answers.products.items() if means not in ("", *_MEANINGS)]
    if wrong:
        raise refused("product_meaning", given=wrong[0])
    if "product_id" not in settled.columns:
        return
    given = {word.lower(): means for word, means in answers.products.items() if means}
    seen = [row for row in _found(file, settled) if row[0] not in given]
    given |= {word: means for word, means, _, _ in seen if _CARRIAGE.fullmatch(word)}
    found = {word: (means, n, money) for word, means, n, money in seen if word not in given}
    if found and "usual" not in answers.products:
        said = ", ".join(
            str(say("products.lines", word=word, means=means, n=n, money=money))
            for word, (means, n, money) in found.items()
        )
        settled.ask(
            "product",
            say("products.merchandise", said=said),
            (say("products.as_proposed"), "--product usual"),
            (say("products.otherwise"),
             f"--product {shell(next(iter(found)) + '=sale')}, =fee or =no_sale, once a product"),
        )  # fmt: skip
    taken = {**{word: means for word, (means, _, _) in found.items()}, **given}
    for key, meaning in (("fee_products", "fee"), ("not_sold", "no_sale")):
        names = [word for word, means in taken.items() if means == meaning]
        if names:
            kind = "products.a_fee" if meaning == "fee" else "products.no_sale"
            settled.take(say(kind, names=", ".join(names)), **{key: names})


def _found(file: WholeFile, settled: Settled) -> list[tuple[str, str, int, str]]:
    """Products whose names say that they are no merchandise: name, proposed meaning, lines, money."""
    product = f"lower({filled(settled.columns['product_id'])})"
    decimal = str(settled.settings.get("decimal", "."))
    role = next((role for role in ("amount", "price") if role in settled.columns), None)
    money = f"coalesce(sum({number(settled.columns[role], decimal, PRICE)}), 0)" if role else "0"
    cases = " ".join(
        f"when regexp_matches(w, {text_of(words)}) then {text_of(means)}" for means, words in _WORDS.items()
    )
    return [
        (str(word), str(means), int(n), f"{float(total):,.2f}")
        for word, means, n, total in file.rows(
            f"select w, case {cases} end as m, n, total from (select {product} as w, count(*) as n, {money} as total"
            f" from looked where broken_row is null group by 1) where m is not null order by n desc, w limit {_MOST}"
        )
    ]
