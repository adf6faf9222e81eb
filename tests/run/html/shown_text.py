"""What a page shows to people, and two measures of it: names and debris of the code, and Latin words in Chinese."""

import re
from html import unescape

from crm_lab.run.html.words import FILE_NAME

HAN = "\u4e00-\u9fff"
HIDDEN = re.compile(
    r"<(script|style|pre|code)\b.*?</\1>|<dl class=\"provenance\">.*?</dl>|<details class=\"files\">.*?</details>",
    re.DOTALL,
)
TYPED = re.compile(r"<code>([^<]*)</code>")
DRAWN = re.compile(r"<text\b[^>]*>([^<]*)</text>")
SPOKEN = re.compile(r'(?:aria-label|alt|data-l)="([^"]*)"')
DEBRIS = re.compile(
    r"\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b(?!\.(?:csv|json|toml)\b)"  # names of code, not of files
    r"|(?<![A-Za-z])-?inf\b%?|\bnan\b|\bNaN\b|\bTrue\b|\bFalse\b|\bNone\b|findfont"
    r"|\b00\d-\d+"  # rows of the catalogue
    r"|\b(?!0\.0+[1-9]\d{0,2}\b)\d+\.\d{6,}"  # unrounded numbers
)
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
NAMES = """
A B C F M CDNOW Complete Journey BG MBG NBD Pareto P alive RFM AUC ROI ROAS ICC CUPED CLV SRM Lorenz Kaplan Meier Cox
Fieller Lin Ang Wilson Brier Gamma-Gamma seaborn SQL pandas numpy statsmodels scikit-learn IT CSV ITT CACE p Q n
EUR USD GBP CNY
"""
ID = re.compile(r"\b[a-z0-9]+(?:-[a-z0-9]+)+\b")  # of a claim: what one looks it up by
MOST_LATIN = 0.05


def visible(html):
    """What a page says to eyes and to screen readers; code, provenance and names of files are what they are.

    A drawing cannot set a name in the letters of code: there a name that the page elsewhere asks for is one, too.
    """
    body = html[html.index("<body") :]
    typed = {name for name in TYPED.findall(body) if DEBRIS.fullmatch(name)}
    body = HIDDEN.sub(" ", body)
    drawn = without(typed, " ".join([*DRAWN.findall(body), *SPOKEN.findall(body)]))
    return unescape(" ".join([re.sub(r"<[^>]+>", " ", DRAWN.sub(" ", body)), drawn]))


def without(names, text):
    """A text without some words."""
    return re.sub(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b", "", text) if names else text


def debris(text):
    """Names of code, raw values and rows of the catalogue in a text; names of files are what they are."""
    return sorted(set(DEBRIS.findall(FILE_NAME.sub("", text))))


def latin_share(text):
    """Latin words, names and ids apart, of all words: a Chinese character counts as one."""
    words = [word for word in WORD.findall(ID.sub("", text)) if word not in NAMES.split()]
    han = len(re.findall(f"[{HAN}]", text))
    return len(words) / max(1, len(words) + han)
