"""Whether values of a base may be stated at all: the one object that every later number asks."""

from __future__ import annotations

from dataclasses import dataclass

from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Result


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the way of values of a base, found out once.

    The value of the base, of groups, of single customers in a file, their growth and the payback of acquiring more all
    rest on the same model and its record. Where the base's value is refused, none of them is stated.

    >>> Standing().refusal() is None
    True

    Attributes:
        reasons: Why values are refused, the first found first.
    """

    reasons: tuple[Message, ...] = ()

    @classmethod
    def of(cls, *results: Result | None) -> Standing:
        """What several results refuse; those that are missing are not asked.

        >>> Standing.of(None).reasons
        ()
        """
        return cls(tuple(why for result in results if result is not None and (why := result.refusal()) is not None))

    def refusal(self, own: Message | None = None) -> Message | None:
        """Why a number is not to be stated: its own reason, or else that of the base.

        >>> Standing((Message("clv.no_dropout", {"model": "NBD"}),)).refusal().key
        'clv.no_dropout'

        Args:
            own: The number's own reason, or ``None``.
        """
        return own or (self.reasons[0] if self.reasons else None)

    def require(self) -> None:
        """End a page whose every number would rest on what is refused.

        >>> Standing().require()

        Raises:
            CannotAnswer: If anything is refused.
        """
        if self.reasons:
            raise cannot_answer("no_standing", why=self.reasons[0])
