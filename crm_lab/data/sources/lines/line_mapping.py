"""SQL of a line's day, customer and money from the columns of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.dates_and_times import moment
from crm_lab.data.sources.lines.currency_code import code_of
from crm_lab.data.sources.lines.line_columns import Columns
from crm_lab.data.sources.lines.row_meaning import RowMarks, product_said, says_something
from crm_lab.data.sources.lines.unit_price import unit_price
from crm_lab.data.sources.sql import MONEY, PRICE, customer, filled, let, number, number_in, small

BLANK = "lab_blank"
"""Column that says that nothing stands in a row."""

_TOTAL = (
    r"(?i)^\s*(?:(?:grand|sub|running|daily|monthly|order|net|overall)[\s-]*)?totals?\b[\s:.\d/-]*$"
    r"|^\s*(?:(?:zwischen|gesamt|tages|monats)?summe|gesamt|insgesamt|endsumme|sous-total|somme|total général|subtotal"
    r"|suma|total general)\b[\s:.\d/-]*$|^\s*(?:合计|小计|总计|总额合计|本页小计|累计)[\s:：.\d/-]*$"
)


_NAMED_TOTAL = (
    r"(?i)\S\s+(?:(?:sub|grand)?-?totals?|gesamt|summe|ergebnis|sous-total|somme|合计|小计|总计|汇总)\s*:?$"
    r"|^\s*(?:(?:sub|grand)?-?totals?|gesamt|summe|ergebnis|sous-total|somme)(?:\s+|:\s*)\S"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReading:
    """How the columns of a file are read.

    Attributes:
        columns: Which column holds what.
        decimal: Decimal mark.
        date_format: See `crm_lab.data.sources.dates_and_times`.
        written: Times with an offset are left as written.
        amount_is: The amount is the line's, the line's before discount, or the total of its order.
        discount_is: The discount is in currency, of each unit, a share of 1 or per cent.
        amount_with_tax: The tax is in the amount and is taken out.
        status: Word in the status column to what it means.
        nobody: Customer numbers that are nobody's.
        keep_currency: Rows in other currencies are set aside.
        rates: Currency to what one unit of it is in the currency of the source.
        currency_signs: Sign to code where it is not the usual one; ``""`` is where none stands.
        counts_only: There are no amounts.
        totals_in: Columns in which rows that are totals say so.
        order_within: Roles within which an order number is one order's.
        taken_back_words: Values of the column ``taken_back`` that say so; any value where none is named.
        taken_back_says: Regular expression of what the column ``taken_back`` says of such a row.
        amount_unit: What one of the file's amounts is in the currency of the source.
        not_sold: Products, in lower case, whose lines are no sale.
        fees: Products, in lower case, that are fees.
        discounts: Products, in lower case, whose lines are a discount on the rest of their order.
        said_in: Columns beside the product's in which these words stand.
        marks: What else marks rows that are no sale or take one back.
        readings: SQL of a number or day of a row to the column that holds it, so that it is read once a row; the SQL
            of this class stands over rows with these columns (`with_readings`).
    """

    columns: Columns
    decimal: str = "."
    date_format: str
    written: bool = False
    amount_is: str = "line"
    discount_is: str = "amount"
    amount_with_tax: bool = False
    status: Mapping[str, str] = field(default_factory=dict)
    nobody: Sequence[str] = ()
    keep_currency: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    currency_signs: Mapping[str, str] = field(default_factory=dict)
    counts_only: bool = False
    totals_in: Sequence[str] = ()
    order_within: Sequence[str] = ()
    not_sold: Sequence[str] = ()
    taken_back_words: Sequence[str] = ()
    taken_back_says: str = ""
    amount_unit: float = 1.0
    fees: Sequence[str] = ()
    discounts: Sequence[str] = ()
    said_in: Sequence[str] = ()
    marks: RowMarks = field(default_factory=RowMarks)
    readings: dict[str, str] = field(default_factory=dict, compare=False)

    def with_readings(self, raw: str) -> str:
        """The rows of some SQL with the columns of all that was read so far."""
        return with_readings(raw, self.readings)

    def _once(self, sql: str) -> str:
        return self.readings.setdefault(sql, f"lab_reading_{len(self.readings)}")

    def number(self, column: str, kind: str = MONEY) -> str:
        """Name of the column that holds a column's numbers."""
        return self._once(number(column, self.decimal, kind))

    def mapping(self) -> dict[str, str]:
        """SQL of each staged column over the raw rows, where each row is one line."""
        columns = self.columns
        return {
            "order_id": self.order(),
            "customer_id": self.who(),
            "product_id": self.product(),
            "store_id": filled(columns.store_id) if columns.store_id else "null",
            "moment": self.moment(),
            **self.money(),
        }

    def moment(self) -> str:
        """SQL of the line's time."""
        text = name_of(self.columns.date)
        if self.columns.time:
            text = f"(trim({text}) || ' ' || trim({name_of(self.columns.time)}))"
        return self._once(moment(text, self.date_format, written=self.written))

    def who(self) -> str:
        """SQL of the customer number; null where it is nobody's."""
        who = customer(filled(self.columns.customer_id))
        if not self.nobody:
            return who
        words = ", ".join(text_of(word) for word in self.nobody)
        return f"(case when lower({who}) not in ({words}) then {who} end)"

    def order(self) -> str:
        """SQL of the order number; a customer's day where there is none, null where it is not filled in."""
        if not self.columns.order_id:
            return self._order_by_day()
        parts = {"store_id": self.columns.store_id, "customer_id": self.columns.customer_id}
        within = [
            f"{self.moment()}::date::text" if role == "date" else f"pseudonym({filled(str(parts[role]))})"
            for role in self.order_within
        ]
        more = "".join(f" || coalesce(' ' || {sql}, '')" for sql in within)
        return f"({filled(self.columns.order_id)}{more})" if more else filled(self.columns.order_id)

    def _order_by_day(self) -> str:
        return f"coalesce(pseudonym({self.who()}), 'row ' || source_row) || ' ' || {self.moment()}::date"

    def quantity(self) -> str:
        """SQL of the units."""
        return self.number(self.columns.quantity, PRICE) if self.columns.quantity else f"1::{PRICE}"

    def money(self) -> dict[str, str]:
        """SQL of quantity, gross, discount and net amount of the line in the source's currency."""
        units, gross, net = self.quantity(), self.gross(), self.net()
        back = self.is_of("return")
        if back != "false":
            units, gross, net = (f"(case when {back} then -abs({x}) else {x} end)" for x in (units, gross, net))
        gross, net = (self._converted(x) for x in (gross, net))
        return {"quantity": units, "gross_amount": gross, "discount_amount": f"({gross} - {net})", "net_amount": net}

    def gross(self) -> str:
        """SQL of the line's amount before discount."""
        if self.counts_only:
            return f"0::{MONEY}"
        if self.columns.amount and self.amount_is == "line":
            amount = self._amount()
            return f"({amount} + sign({amount}) * abs({self._discount(amount)}))::{self._exact}"
        return self._before_discount()

    def net(self) -> str:
        """SQL of the line's amount after discount."""
        if self.counts_only:
            return f"0::{MONEY}"
        if self.columns.amount and self.amount_is == "line":
            return self._amount()
        gross = self._before_discount()
        if not self.columns.discount:
            return gross
        return f"({gross} - sign({gross}) * abs({self._discount(gross)}))::{self._exact}"

    def _before_discount(self) -> str:
        if self.columns.amount and self.amount_is == "gross":
            return self._amount()
        price = (
            unit_price(self.columns.used(), lambda column: self.number(column, PRICE))
            if self.columns.price
            else f"null::{PRICE}"
        )
        if not self.columns.quantity:
            return f"{price}::{self._exact}"
        both = f"{self.quantity()} < 0 and {price} < 0"
        return f"(case when {both} then -1 else 1 end * ({self.quantity()} * {price})::{self._exact})::{self._exact}"

    @property
    def _exact(self) -> str:
        """SQL type of the file's amounts: digits that count once they are in currency are kept."""
        return MONEY if self.amount_unit == 1 else PRICE

    def _amount(self) -> str:
        amount = self.number(str(self.columns.amount), self._exact)
        if self.amount_with_tax and self.columns.tax:
            amount = f"({amount} - coalesce({self.number(self.columns.tax)}, 0))::{MONEY}"
        if self.columns.quantity:
            return f"(case when {self.quantity()} < 0 then -abs({amount}) else {amount} end)"
        return amount

    def _discount(self, base: str) -> str:
        if not self.columns.discount:
            return f"0::{MONEY}"
        text = f"replace(replace({name_of(self.columns.discount)}, '%', ''), '折', '')"
        value = f"coalesce({self._once(number_in(text, self.decimal, PRICE))}, 0)"
        if self.discount_is == "paid_share":  # 0.9 or 9折: nine tenths are paid; nothing said: all is
            paid = f"coalesce(nullif({value}, 0), 1)"
            return f"round({base} * (1 - case when {paid} > 1 then {paid} / 10 else {paid} end), 4)::{MONEY}"
        scale = {
            "unit": f"({self.quantity()} * {value})",
            "share": f"({base} * {value})",
            "percent": f"({base} * {value} / 100)",
        }
        return f"round({scale.get(self.discount_is, value)}, 4)::{MONEY}"

    def is_of(self, meaning: str) -> str:
        """SQL condition that a row has a meaning by its status or by another mark."""
        words = [text_of(small(word.strip())) for word, means in self.status.items() if means == meaning]
        conditions = list(self.marks.conditions(meaning, self.columns))
        if words and self.columns.status:
            conditions[:0] = [f"coalesce(lower({filled(self.columns.status)}), '') in ({', '.join(words)})"]
        return f"({' or '.join(conditions)})" if conditions else "false"

    def product(self) -> str:
        """SQL of the product."""
        return product_said(self.columns, self.said_in, (*self.not_sold, *self.fees, *self.discounts))

    def is_product(self, words: Sequence[str]) -> str:
        """SQL condition that a line is of one of some products."""
        return f"coalesce(lower({self.product()}) in ({', '.join(map(text_of, words))}), false)" if words else "false"

    def _converted(self, money: str) -> str:
        if self.amount_unit != 1:
            money = f"({money} * {self.amount_unit!r}::decimal(18,8))::{MONEY}"
        if not (self.rates and self.columns.currency):
            return money
        code = code_of(self.columns.currency, self.currency_signs)
        cases = " ".join(f"when {text_of(c.upper())} then {r!r}::decimal(18,8)" for c, r in self.rates.items())
        return f"({money} * case {code} {cases} else 1 end)::{MONEY}"

    def asides(self) -> dict[str, str]:
        """SQL conditions of the rows that are no lines, by rule."""
        made = {"blank_row": f"{BLANK} and broken_row is null"}
        if self.totals_in:
            made["subtotal_row"] = is_total(self.totals_in, self.columns.date)
        none = [
            condition for condition in (self.is_of("no_sale"), self.is_product(self.not_sold)) if condition != "false"
        ]
        if self.columns.taken_back and self.taken_back_says:
            none.append(
                f"coalesce(regexp_matches({filled(self.columns.taken_back)}, {text_of(self.taken_back_says)}), false)"
            )
        elif self.columns.taken_back:
            none.append(says_something(self.columns.taken_back, self.taken_back_words))
        if none:
            made["no_sale"] = f"({' or '.join(none)})"
        if self.keep_currency and self.columns.currency:
            code = code_of(self.columns.currency, self.currency_signs)
            made["other_currency"] = f"{code} <> {text_of(self.keep_currency)}"
        return made


def with_readings(raw: str, readings: Mapping[str, str]) -> str:
    """SQL of the rows of some SQL with a column for each expression of `readings`, which names it."""
    made = "".join(f", {sql} as {name}" for sql, name in readings.items())
    return f"select *{made} from ({raw})"


def is_total(columns: Sequence[str], date: str) -> str:
    """SQL condition that a row is a total of others: a column says total, or total of something and there is no day."""
    return f"coalesce(list_bool_or({totals_in(columns, date)}), false)"


def totals_in(columns: Sequence[str], date: str) -> str:
    """SQL of a list that says of each column whether a row is a total of others by it."""
    said = f"regexp_matches(c, {text_of(_TOTAL)}) or (regexp_matches(c, {text_of(_NAMED_TOTAL)}) and no_day)"
    by_column = f"list_transform([{', '.join(map(name_of, columns))}], lambda c: {said})"
    return let("no_day", f"{filled(date)} is null", by_column)


def totals_pattern() -> str:
    """Regular expression of a text that says that its row is a total of others."""
    return _TOTAL
