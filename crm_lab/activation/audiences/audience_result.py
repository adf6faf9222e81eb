"""An audience: the file to send, who is held out, and where every row went."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

import pandas as pd

from crm_lab.activation.audiences.audience_targets import TARGETS, AudienceTarget
from crm_lab.checks import BadInput, as_name
from crm_lab.exports import defuse, out_dir, write_whole
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.mime import REPORT_VARIABLE
from crm_lab.results import Fact, Readout, Result

STATES: Final = ("sent", "held_out", "repeated", "no_consent", "no_address", "shares_held_out")


@dataclass(frozen=True, eq=False)
class AudienceResult(Result):
    """Who is sent to, who is held out, and why the others are not in the file.

    >>> from crm_lab.activation.audiences.audience import audience_file
    >>> rows = pd.DataFrame(
    ...     {"customer_id": ["a", "b", "c"], "arm": ["offer", "control", "offer"], "consent": [True, True, False]}
    ... )
    >>> made = audience_file(rows)

    Attributes:
        send: The rows to send, under the tool's headings; the arm is a column of its own.
        held_out: ``customer_id``, properties and arm of those whom nobody sends to; no addresses.
        counts: Rows by what became of them.
        target: Name of the tool.
    """

    send: pd.DataFrame = field(repr=False)
    held_out: pd.DataFrame = field(repr=False)
    counts: Mapping[str, int]
    target: str

    name: ClassVar[str] = "audience"
    formats: ClassVar[Mapping[str, str]] = {"rows": ",.0f"}
    words: ClassVar[Mapping[str, str]] = {"became": "audience.became_"}

    def __post_init__(self) -> None:
        if len(self.send) != self.counts.get("sent", 0) or len(self.held_out) != self.counts.get("held_out", 0):
            raise RuntimeError("the counts of an audience do not add up")

    def to_frame(self) -> pd.DataFrame:
        """Rows of the list, and what became of them: the first is the sum of the others. Nobody is named.

        >>> made.to_frame().set_index("became")["rows"].loc[["in_list", "sent", "held_out", "no_consent"]].tolist()
        [3, 1, 1, 1]
        """
        rows = [int(self.counts.get(state, 0)) for state in STATES]
        return pd.DataFrame({"became": ["in_list", *STATES], "rows": [sum(rows), *rows]})

    def readout(self) -> Readout:
        """How many are sent to, that the books add up, and what to keep.

        >>> print(made.readout().finding)
        1 of 3 rows go to plain; 1 are held out and in no file to send.
        """
        counts = self.to_frame().set_index("became")["rows"]
        values = {**{str(k): int(v) for k, v in counts.items()}, "target": self.target}
        return Readout.of("audience", values, action="action" if values["held_out"] else "action_nobody_held")

    def facts(self) -> tuple[Fact, ...]:
        """Rows by what became of them.

        >>> [fact.value for fact in made.facts()][:3]
        [3, 1, 1]
        """
        return facts_of(
            self.to_frame(),
            "audience.{became}",
            lambda row: Message(f"audience.became_{row['became']}"),
            "rows",
            "rows",
        )

    def save(self, folder: str | Path, name: str = "audience") -> tuple[Path, ...]:
        """Write the files, each whole or not at all, readable by their owner only.

        ``NAME_send.csv`` has the tool's headings, in parts where the tool takes no longer one; ``NAME_held_out.csv`` is
        for the analysis after; ``NAME_counts.csv`` says what became of every row. Cells that a spreadsheet would take
        for formulas get an apostrophe; telephone numbers keep their ``+``, which the tools ask for.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     [path.name for path in made.save(place)]
        ['audience_send.csv', 'audience_held_out.csv', 'audience_counts.csv']

        Args:
            folder: Where to.
            name: What the files' names begin with.

        Returns:
            The paths written.

        Raises:
            BadInput: If the name is no name of a file, or the folder is that of a report, which is passed on.
        """
        as_name(name, "name of an audience")
        place = Path(folder).expanduser()
        if os.environ.get(REPORT_VARIABLE) and place.resolve().is_relative_to(out_dir().resolve()):
            raise BadInput("An audience names people; write it beside a report, not into it.")
        files = [(f"{name}_send{part}", text) for part, text in self._parts()]
        files += [(f"{name}_held_out", _csv(self.held_out)), (f"{name}_counts", _csv(self.to_frame()))]
        return tuple(_write(place / f"{file}.csv", content) for file, content in files)

    def _parts(self) -> Iterator[tuple[str, bytes]]:
        target = TARGETS[self.target]
        whole = _csv(self.send, target)
        rows = max(len(self.send), 1)
        most = target.most_rows or rows
        if target.most_bytes and len(whole) > target.most_bytes:
            longest = max(len(line) for line in whole.splitlines(keepends=True))
            most = min(most, max((target.most_bytes - 2 * longest) // longest, 1))
        if rows <= most:
            yield "", whole
            return
        for number, start in enumerate(range(0, rows, most), start=1):
            yield f"_{number}", _csv(self.send.iloc[start : start + most], target)


def _csv(frame: pd.DataFrame, target: AudienceTarget = TARGETS["plain"]) -> bytes:
    safe, phone = defuse(frame), target.headings.get("phone")
    if phone is not None and phone in frame:
        safe[phone] = frame[phone]  # E.164 as `phone_of` writes it: digits behind a plus, which the tools ask for
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig" if target.mark else "utf-8")


def _write(path: Path, content: bytes) -> Path:
    write_whole(path, content)
    path.chmod(0o600)
    return path
