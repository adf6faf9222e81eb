"""What pages say once all of their run are there: neighbours, the run in the other language, how figures moved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

from crm_lab.messages import LANGUAGES, Message
from crm_lab.run.archive.past_runs import PastRun
from crm_lab.run.html.trends import Trend, shown_facts

_ARROWS: Final = {"prev": '‹ <span class="w">{}</span>', "next": '<span class="w">{}</span> ›'}
_PLACE: Final = r"(<!--{0}-->).*?(<!--/{0}-->)"


def fill_in(
    pages: Sequence[Mapping[str, Any]],
    folder: Path,
    lang: str,
    told: Mapping[tuple[str, str], Trend],
    other: PastRun | None,
) -> None:
    """Fill in, in each page that is there, its neighbours, its twin and the trends of its first figures.

    Args:
        pages: Records of the run's pages, in order.
        folder: The run's folder.
        lang: Language of the run.
        told: What `trends` found.
        other: The same run in another language, if there is one.
    """
    made = [page for page in pages if page.get("html") and (folder / str(page["html"])).exists()]
    for before, page, after in zip([None, *made], made, [*made[1:], None], strict=False):
        path = folder / str(page["html"])
        html = _filled(path.read_text(encoding="utf-8"), "near", _neighbours(before, after, lang))
        html = _filled(html, "other-language", twin_link(other, str(page["html"])))
        for place, fact in enumerate(shown_facts(page)):
            trend = told.get((str(page.get("notebook")), str(fact.get("id"))))
            html = _filled(html, f"trend-{place}", _trend(trend))
        path.write_text(html, encoding="utf-8")


def _filled(html: str, place: str, content: str) -> str:
    """A page with something between the two marks of a place."""
    return re.sub(_PLACE.format(place), lambda marks: f"{marks[1]}{content}{marks[2]}", html, flags=re.DOTALL)


def _neighbours(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, lang: str) -> str:
    return "".join(
        f'<a href="{escape(other["html"])}" title="{escape(other.get("question") or "")}"'
        f' rel="{rel}" aria-label="{escape(Message(f"report.{rel}").text(lang))}">'
        f"{_ARROWS[rel].format(escape(Message(f'report.{rel}').text(lang)))}</a>"
        for rel, other in (("prev", before), ("next", after))
        if other
    )


def _trend(trend: Trend | None) -> str:
    if trend is None or not (trend.change or trend.spark):
        return ""
    return f'<dd class="note trend">{trend.spark}<span>{escape(trend.change)}</span></dd>'


def twin_link(other: PastRun | None, file: str) -> Markup:
    """A link to a file of the same run in the other language; nothing where that is not there."""
    if other is None or not (other.folder / file).is_file():
        return Markup()
    lang = str(other.manifest["lang"])
    code = "zh-Hans" if lang == "zh" else lang
    said = escape(Message("report.this_language").text(lang))
    return Markup(  # noqa: S704 - escaped just now
        f'<a class="lang" href="../{escape(other.id)}/{escape(file)}" lang="{code}" hreflang="{code}">{said}</a>'
    )


def same_in_other_language(run: Mapping[str, Any], past: Sequence[PastRun]) -> PastRun | None:
    """The newest good earlier run that says the same in another language: equal parameters, data and code.

    Args:
        run: Manifest of the run.
        past: Earlier runs of the suite, oldest first.
    """
    fitting = (one for one in reversed(past) if one.is_whole and one.manifest.get("lang") in LANGUAGES)
    return next(
        (o for o in fitting if o.manifest["lang"] != run["lang"] and _rests_on(o.manifest) == _rests_on(run)), None
    )


def _rests_on(manifest: Mapping[str, Any]) -> tuple[Any, ...]:
    data = sorted((str(one["source"]), str(one["key"]), str(one["as_of"])) for one in manifest.get("data", ()))
    return manifest.get("parameters_sha256"), data, manifest["code"].get("sources_sha256"), manifest["only"]
