"""Lines that may be no merchandise: vouchers, payments, tips, deposits, discounts, tests; by their words, and asked.

The words are looked for in the product's column, and in every column that says what a line is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import filled, small
from crm_lab.messages import Message

_MEANINGS = ("sale", "fee", "no_sale", "discount")
_SETTING = {"fee": "fee_products", "no_sale": "not_sold", "discount": "discounts"}
_CARRIAGE = re.compile(
    r"(?:shipping|delivery|postage|freight|versand|versandkosten|porto|frais de port|livraison|env[ií]o"
    r"|gastos de env[ií]o|运费|邮费|運費|送料|배송비|(?:spese di )?spedizione|verzendkosten|(?:koszty? )?wysyłki?"
    r"|dostawa|frete|portes|kargo(?: ücreti)?|доставка|frakt|fragt|doprava|szállítás)"
)
"""Names that leave no doubt: a fee, which is said and not asked."""

_OFF = (
    r"discounts?|rabatt?|nachlass|preisnachlass|skonto|remise|rabais|descuento|sconto|desconto|korting|indirim|sleva"
    r"|zniżka|скидка|折扣|优惠|優惠|优惠券|满减|抵扣|値引|割引|할인"
)
_GIFT = (
    r"buon[oi] (?:regalo|acquisto|spesa)|carta regalo|kart[ay] (?:podarunkow|prezentow)|bon podarunkow|waardebon"
    r"|cadeau ?(?:bon|kaart)|vale[ -](?:presente|compras?|oferta)|cart[ãa]o[ -](?:presente|oferta)"
    r"|cheque[ -](?:regalo|oferta|prenda)|vale[ -]regalo|hediye (?:kart|çek)|подарочн\p{L}+ (?:сертификат|карт)"
    r"|ギフト(?:券|カード)|商品券|상품권|기프트 ?카드|بطاقة هدية|禮品卡|禮券"
    r"|presentkort|gavekort|lahjakort|dárkov\p{L}+ (?:poukaz|karta|kupon)|ajándék(?:kártya|utalvány)"
)
_CASH = (
    r"contanti|carta di credito|bancomat|gotówka|contant|pin(?:betaling)?|dinheiro|cartão(?: de (?:crédito|débito))?"
    r"|multibanco|pix|nakit|kredi kartı|наличные|банковская карта|現金|クレジット(?:カード)?|電子マネー|현금|新台幣"
)
_TIPS = r"tips?|trinkgeld|gratuity|pourboire|propina|小费|小費|mancia|gorjeta|fooi|napiwek|чаевые|bahşiş"
_EVENS = r"rounding|rundung|arrondi|redondeo|arrotondamento|zaokrąglenie|afronding|arredondamento|avrundning|округление"
_WORDS = {
    "discount": rf"^[-\d.,% ]*(?:order |warenkorb-?)?(?:{_OFF})[-\d.,% ]*$",
    "off": rf"\b(?:{_OFF})\b|折扣|优惠|满减|抵扣|値引|\bcoupon\b|\bpromo",
    "no_sale": (
        r"gift[ -]?(?:card|voucher|certificate)|\bvouchers?\b|gutschein|geschenkkarte"
        r"|carte[ -]cadeau|ch[eè]que[ -]cadeau|bon d'achat|tarjeta (?:de )?regalo|礼品卡|储值|充值|购物卡|代金券|礼券"
        rf"|{_GIFT}|\bstore credit\b|\b(?:account|house) credit\b"
        r"|^(?:cash|card|credit card|debit card|visa|master ?card|amex|ec|ec-karte|girocard|bar|barzahlung"
        r"|kartenzahlung|payment|zahlung|esp[eè]ces|carte(?: bancaire)?|cb|efectivo|tarjeta|paypal|change"
        rf"|wechselgeld|现金|刷卡|微信支付?|支付宝|{_CASH})$"
        r"|\bpayments?\b|zahlung\b|\bpaiement\b|\bpagos?\b|付款|收款|\bpre-?pay(?:ments?)?\b|\bprépaiement\b"
        r"|^(?:test|test ?(?:item|product|order|artikel).*)$"
    ),
    "fee": (
        rf"^(?:{_TIPS})$|\b(?:donation|spende|donativo|donazione)\b|捐款|募金"
        rf"|^(?:{_EVENS}|抹零|舍入)(?:s?differenz|sausgleich| difference| adjustment)?$"
        r"|\b(?:pfand|leergut|deposit|anzahlung|caution|consigne|dep[oó]sito|fianza|statiegeld|cauzione|kaucja)\b|押金|定金|补差价|差价"
        r"|^(?:flaschen|mehrweg|einweg)pfand|\bservice charge\b|服务费|手续费|包装费"
        rf"|^{_CARRIAGE.pattern}$"
        r"|\b(?:shipping|postage|delivery (?:fee|charge|cost)s?|versandkosten|frais de (?:port|livraison))\b|运费|邮费"
    ),
}  # fmt: skip
_DESCRIBES = re.compile(
    r"name$|^name|product|produkt|produit|producto|item|artikel|article|articulo|descri|bezeichnung|beschreibung"
    r"|designation|libelle|concepto|detail|text$|title|titel|^type$|^typ$|kind|^art$|categor|kategorie|group|gruppe"
    r"|rayon|famil|department|品名|商品|名称|品类|类别|规格|项目|項目|摘要"
)
_OTHER = re.compile(
    r"customer|client|kunde|buyer|member|user|contact|billing|ship|recipient|company|firma|store|shop|filiale|branch"
    r"|outlet|cashier|staff|seller|employee|vendor|brand|supplier|first|last|pay|zahl|method|tender|coupon|promo"
    r"|price|status|店|客户|客戶|会员|顾客|买家|收货|支付|付款|快递|物流|(?:id|sku|code|no|nr|number|qty|quantity)$"
)
_MOST, _SHOWN = 500, 20


@dataclass(frozen=True, slots=True)
class _Special:
    """A word that says that a line is no merchandise: what it is, in which column, how many lines and what money."""

    word: str
    means: str
    column: str
    lines: int
    money: float


def settle_special_lines(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask of lines whose words say that they are no merchandise, with a proposal.

    Raises:
        BadInput: If an answer means something else than sale, fee, no_sale or discount.
    """
    wrong = [f"{word}={means}" for word, means in answers.products.items() if means not in ("", *_MEANINGS)]
    if wrong:
        raise refused("product_meaning", given=wrong[0])
    given = {small(word): means for word, means in answers.products.items() if means}
    seen = _found(file, settled)
    means = {one.word: one.means for one in seen} | given
    sure = {one.word for one in seen if _CARRIAGE.fullmatch(one.word)} | set(given)
    found = [one for one in seen if one.word not in sure]
    if found and "usual" not in answers.products:
        said = ", ".join(
            str(say("products.lines", word=one.word, means=one.means, n=one.lines, money=f"{one.money:,.2f}"))
            for one in found[:_SHOWN]
        )
        settled.ask(
            "product",
            say("products.merchandise", said=said + (", …" if found[_SHOWN:] else "")),
            (say("products.as_proposed"), "--product usual"),
            (say("products.otherwise"),
             f"--product {shell(found[0].word + '=sale')}, =fee, =no_sale or =discount, once a product"),
        )  # fmt: skip
    for meaning, key in _SETTING.items():
        names = [word for word, its in means.items() if its == meaning]
        if names:
            settled.take(_said(meaning, ", ".join(names)), **{key: names})
    said_in = dict.fromkeys(one.column for one in seen if one.column != settled.columns.get("product_id"))
    if said_in and any(key in settled.settings for key in _SETTING.values()):
        settled.take(say("products.said_in", column=", ".join(said_in)), said_in=list(said_in))


def _said(meaning: str, names: str) -> Message:
    if meaning == "fee":
        return say("products.is_fee", names=names)
    return say("products.is_no_sale", names=names) if meaning == "no_sale" else say("products.is_discount", names=names)


def _found(file: WholeFile, settled: Settled) -> list[_Special]:
    """Words that say that their lines are no merchandise, each in the first column that has one for a line."""
    own = settled.columns.get("product_id")
    columns = ([own] if own else []) + [c for c in _describing(file, settled) if c != own]
    words = {column: meanings for column in columns if (meanings := _words_in(file, column))}
    if not words:
        return []
    role = next((role for role in ("amount", "price") if role in settled.columns), None)
    money = f"coalesce({file.number(settled.columns[role], settled.decimal)}, 0)" if role else "0"
    cases = " ".join(
        f"when lower({file.text(column)}) in ({', '.join(map(text_of, there))})"
        f" then {{'w': lower({file.text(column)}), 'c': {text_of(column)}}}"
        for column, there in words.items()
    )
    rows = file.rows(
        f"select s.w, s.c, count(*) as n, sum(m) from (select case {cases} end as s, {money} as m from looked"
        f" where broken_row is null and not ({_no_sale_already(settled)}))"
        f" where s is not null group by 1, 2 order by n desc, 1 limit {_MOST}"
    )
    found = [_Special(w, words[c][w], c, int(n), float(total)) for w, c, n, total in rows]
    return [
        _Special(one.word, "discount", one.column, one.lines, one.money) if one.means == "off" else one
        for one in found
        if one.means != "off" or one.money < 0
    ]


def _no_sale_already(settled: Settled) -> str:
    """SQL condition that a row is no sale by its status."""
    status, meanings = settled.columns.get("status"), settled.settings.get("status", {})
    none = ", ".join(text_of(word) for word, means in meanings.items() if means == "no_sale")
    return f"coalesce(lower({filled(status)}), '') in ({none})" if status and none else "false"


def _describing(file: WholeFile, settled: Settled) -> list[str]:
    """Columns without a role that say what a line is, and that of its category."""
    used = {column for role, column in settled.columns.items() if role not in ("product_id", "category")}
    return [
        column
        for column in file.header
        if column not in used
        and not column.startswith("lab_")
        and (column == settled.columns.get("category") or _describes(plain_name(column)))
    ]


def _describes(name: str) -> bool:
    return bool(_DESCRIBES.search(name)) and not _OTHER.search(name)


def _words_in(file: WholeFile, column: str) -> dict[str, str]:
    """Of a column's words those that say that a line is no merchandise, and what it is."""
    cases = " ".join(
        f"when regexp_matches(w, {text_of(words)}) then {text_of(means)}" for means, words in _WORDS.items()
    )
    return {
        str(word): str(means)
        for word, means in file.rows(
            f"select * from (with said as materialized (select w, case {cases} end as m from (select distinct"
            f" lower({file.text(column)}) as w from looked where broken_row is null))"
            f" from said where m is not null order by w limit {_MOST})"
        )
    }
