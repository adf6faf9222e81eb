"""Exports of one ledger of points in the words, signs and shapes of loyalty systems, each with its truth."""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

# each row of words: earn, redeem, expire, reverse, adjust up, adjust down, transfer in, transfer out, pending, activate
WORDS = {
    "en_verbs": [
        "earn",
        "redeem",
        "expire",
        "reverse",
        "adjust",
        "adjust",
        "transfer in",
        "transfer out",
        "pending",
        "activate",
    ],
    "en_past": [
        "Earned",
        "Redeemed",
        "Expired",
        "Reversed",
        "Adjusted",
        "Adjusted",
        "Transfer In",
        "Transfer Out",
        "Pending",
        "Released",
    ],
    "en_accounting": [
        "Accrual",
        "Burn",
        "Expiry",
        "Clawback",
        "Manual",
        "Manual",
        "TRANSFER_IN",
        "TRANSFER_OUT",
        "LOCK",
        "UNLOCK",
    ],
    "en_points": [
        "Points Earned",
        "Points Spent",
        "Points Expired",
        "Void",
        "Manual adjustment",
        "Manual adjustment",
        "Transferred in",
        "Transferred out",
        "On hold",
        "Unlocked",
    ],
    "en_bonus": [
        "Bonus",
        "Redemption",
        "Expiration",
        "Return",
        "Correction",
        "Deduction",
        "transfer-in",
        "transfer-out",
        "Frozen",
        "Unfreeze",
    ],
    "zh_plain": ["获取", "兑换", "过期", "冲正", "调整", "调整", "转入", "转出", "冻结", "解冻"],
    "zh_points": [
        "积分获取",
        "积分消费",
        "积分过期",
        "积分冲正",
        "积分调整",
        "积分扣减",
        "积分转入",
        "积分转出",
        "积分冻结",
        "积分解冻",
    ],
    "zh_shop": [
        "消费获得",
        "积分抵现",
        "到期清零",
        "退货扣减",
        "手工增加",
        "手工扣减",
        "转赠转入",
        "转赠转出",
        "待生效",
        "生效",
    ],
    "zh_app": ["签到", "核销", "失效", "退货", "补发", "扣除", "受赠", "转赠支出", "待入账", "激活"],
    "zh_mixed": ["奖励", "使用", "到期", "撤回", "人工调整", "人工调整", "获赠", "转出", "在途", "释放"],
    "zh_open": ["消费", "兑换", "过期", "退货", "调整", "调整", "转赠", "转赠", "冻结", "解冻"],
    "strange": ["K01", "K02", "K03", "K04", "K05", "K06", "K07", "K08", "K09", "K10"],
}
KINDS = ["earn", "redeem", "expire", "reverse", "adjust+", "adjust-", "transfer+", "transfer-", "pending", "activate"]
HEADS = {
    "en": {
        "who": "Member ID",
        "day": "Transaction Date",
        "kind": "Type",
        "points": "Points",
        "way": "Direction",
        "balance": "Balance",
        "order": "Order No",
    },
    "zh": {
        "who": "会员号",
        "day": "变动时间",
        "kind": "变动类型",
        "points": "变动积分",
        "way": "收支",
        "balance": "积分余额",
        "order": "订单号",
    },
}
WIDE = {
    "en": {"earn": "Points Earned", "redeem": "Points Redeemed", "expire": "Points Expired"},
    "zh": {"earn": "获得积分", "redeem": "兑换积分", "expire": "过期积分"},
}
SHAPES = ("signed", "plain", "direction", "wide", "no_kind")
DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S")


@dataclass(frozen=True)
class Export:
    name: str
    frame: pd.DataFrame
    truth: pd.DataFrame
    answers: dict


def truth(seed, kinds):
    """Events of a dozen members; balances stay above 0, so that they could be a real ledger's."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(12):
        balance = pending = 0
        for step in range(14):
            fits = [
                k for k in kinds
                if (k in ("earn", "pending", "adjust+", "transfer+")) or (k == "activate" and pending) or
                (k not in ("earn", "pending", "adjust+", "transfer+", "activate") and balance > 5)
            ]  # fmt: skip
            kind = "earn" if step == 0 else str(rng.choice(fits))
            most = {"activate": pending}.get(
                kind, balance if kind not in ("earn", "pending", "adjust+", "transfer+") else 500
            )
            points = int(rng.integers(1, most + 1))
            down = kind in ("redeem", "expire", "reverse", "adjust-", "transfer-")
            if kind == "pending":
                pending += points
            elif kind == "activate":
                pending, balance = pending - points, balance + points
            else:
                balance += -points if down else points
            stamp = pd.Timestamp("2024-01-03") + pd.Timedelta(days=13 * step + who, hours=step)
            rows.append((f"M{who:03d}", stamp, kind, -points if down else points, balance, f"O{who}-{step}"))
    return pd.DataFrame(rows, columns=["who", "stamp", "kind", "points", "balance", "order"])


def export(words, shape, day, *, balance, newest_first, seed=0):
    """One export."""
    lang = "zh" if words.startswith("zh") else "en"
    head, said = HEADS[lang], dict(zip(KINDS, WORDS[words], strict=True))
    few = {"wide": list(WIDE[lang]), "no_kind": ["earn", "redeem"]}
    rows = truth(seed, few.get(shape, KINDS))
    frame = pd.DataFrame(
        {head["who"]: rows["who"], head["day"]: rows["stamp"].dt.strftime(day), head["order"]: rows["order"]}
    )
    signed, plain = rows["points"], rows["points"].abs()
    answers = {}
    if shape == "wide":
        for kind, name in WIDE[lang].items():
            frame[name] = plain.where(rows["kind"] == kind, 0)
    elif shape == "no_kind":
        frame[head["points"]] = signed
        answers = {"+": "earn", "-": "redeem"}
    else:
        frame[head["kind"]] = rows["kind"].map(said)
        frame[head["points"]] = signed if shape == "signed" else plain
        if shape == "direction":
            up, down = ("收入", "支出") if lang == "zh" else ("in", "out")
            frame[head["way"]] = np.where(signed > 0, up, down)
        answers = truthful(said, signed_rows=shape != "plain")
    if balance:
        frame[head["balance"]] = rows["balance"]
    if newest_first:
        frame = frame.iloc[::-1]
    name = f"{words}-{shape}-{day}-{'balance' if balance else 'bare'}-{'newest' if newest_first else 'oldest'}"
    return Export(name, frame, rows, answers)


def truthful(said, *, signed_rows):
    """What somebody who knows the system answers: a meaning a word, or one a word and sign where it has several."""
    by_word = {}
    for kind, word in said.items():
        by_word.setdefault(word, []).append(kind)
    answers = {}
    for word, kinds in by_word.items():
        if len(kinds) == 1:
            answers[word] = kinds[0]
            answers[word + ("-" if kinds[0] in ("redeem", "expire", "reverse", "adjust-", "transfer-") else "+")] = (
                kinds[0]
            )
        elif signed_rows:
            answers[word] = kinds[0].rstrip("+-")
    return answers


def matrix():
    """All exports: words x shapes x with and without a balance x both orders of rows, forms of days in turn."""
    days = itertools.cycle(DAYS)
    for words, shape, balance, newest in itertools.product(WORDS, SHAPES, (True, False), (True, False)):
        day = next(days)
        if shape in ("wide", "no_kind") and words not in ("en_verbs", "zh_plain"):
            continue
        yield export(words, shape, day, balance=balance, newest_first=newest)
