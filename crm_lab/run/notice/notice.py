"""What is told of a run: a subject, at most three lines, a link; and whether it is to be told at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crm_lab.messages import Message
from crm_lab.run.archive.changes import Changes
from crm_lab.run.execution.page_record import ENDED_WELL, NOT_RUN
from crm_lab.run.html.change_sentences import sentences
from crm_lab.run.outcomes import short_name

FAILURE, CHANGE, STALE, ALWAYS = "failure", "change", "stale", "always"
OCCASIONS: Final = (FAILURE, CHANGE, STALE, ALWAYS)
LINES: Final = 3
_WIDTH: Final = 240


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to people.

    Attributes:
        occasion: Why it is sent: ``failure``, ``change``, ``stale``, or ``always`` where nothing happened.
        subject: One line.
        lines: At most three.
        link: The last line.
    """

    occasion: str
    subject: str
    lines: tuple[str, ...]
    link: str

    @property
    def body(self) -> str:
        """Lines and link."""
        return "\n".join([*self.lines, self.link])

    def is_wanted(self, occasions: Collection[str]) -> bool:
        """Whether somebody who asked for these occasions gets it."""
        return ALWAYS in occasions or self.occasion in occasions


def notice_of_run(
    title: str,
    pages: Sequence[Mapping[str, Any]],
    against: Sequence[str],
    changes: Changes | None,
    link: str,
    lang: str,
) -> Notice:
    """What is told of a finished run.

    Args:
        title: Of the suite.
        pages: As in their ``results.json``.
        against: Contradictions between pages, in sentences.
        changes: Since the last good run.
        link: Where the report is.
        lang: Language.
    """
    failed = [page for page in pages if page["status"] not in (*ENDED_WELL, NOT_RUN)]
    where = Message("notice.link", {"link": link}).text(lang)
    if failed or against:
        key = "notice.failed" if failed else "notice.contradicted"
        told = [f"{short_name(page)}: {page['reason']}" for page in failed] or list(against)
        return _notice(FAILURE, key, {"title": title, "n": len(failed), "all": len(pages)}, told, where, lang)
    told = sentences(changes, lang, LINES - 1)
    unusual = len(changes.unusual) if changes else 0
    if unusual:
        key = "notice.changed" if unusual > 1 else "notice.changed_one"
        return _notice(CHANGE, key, {"title": title, "n": unusual}, told[1:], where, lang)
    if changes and changes.pages:
        return _notice(CHANGE, "notice.ended", {"title": title}, told, where, lang)
    return _notice(ALWAYS, "notice.good", {"title": title}, told, where, lang)


def notice_of_refusal(title: str, reason: str, last_good: str, lang: str, *, stale: bool) -> Notice:
    """What is told where a run did not start.

    Args:
        title: Of the suite.
        reason: Why not.
        last_good: Where the last good report is; may be empty.
        lang: Language.
        stale: Whether the data are too old.
    """
    link = Message("notice.again", {"link": last_good}).text(lang) if last_good else ""
    kind = STALE if stale else FAILURE
    return _notice(
        kind, "notice.stale" if stale else "notice.refused", {"title": title}, reason.splitlines(), link, lang
    )


def _notice(occasion: str, key: str, values: Mapping[str, Any], told: Sequence[str], link: str, lang: str) -> Notice:
    lines = tuple(line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in told[:LINES])
    return Notice(occasion, Message(key, values).text(lang), lines, link)
