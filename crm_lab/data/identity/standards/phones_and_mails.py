"""Telephone numbers in E.164 and e-mails as their mailbox."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from crm_lab.checks import BadInput

_MAIL: Final = re.compile(r"[a-z0-9._%+'-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}")
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
_MOBILE_CN: Final = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")


def phone_number(text: str, region: str | None) -> str | None:
    """A telephone number in E.164, or ``None`` where it cannot be read or cannot exist.

    >>> phone_number("138 1234 5678", "CN"), phone_number("0044 20 7946 0018", "GB"), phone_number("12", "CN")
    ('+8613812345678', '+442079460018', None)

    Args:
        text: As it was written.
        region: Country of numbers without a country code, as two letters; ``None`` where all have one.
    """
    import phonenumbers

    bare = re.sub(r"\.0$", "", unicodedata.normalize("NFKC", text).strip())
    digits = re.sub(r"[^\d+]", "", bare)
    if (mobile := _MOBILE_CN.fullmatch(digits)) and (region == "CN" or digits.startswith("+")):
        return f"+86{mobile[1]}"
    if re.search(r"\d[eE]\+?\d", bare):
        return None  # a spreadsheet has cut it off
    try:
        number = phonenumbers.parse(re.sub(r"^00", "+", bare), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def check_region(phones: Iterable[str], region: str | None) -> None:
    """Ask for the country where numbers have no country code.

    >>> check_region(["+86 138 1234 5678"], None)
    >>> check_region(["138 1234 5678"], None)
    Traceback (most recent call last):
    crm_lab.checks.BadInput: 1 of 1 telephone numbers has no country code; say whose they are, e.g. ...

    Args:
        phones: As they were written.
        region: What was given.

    Raises:
        BadInput: If there is none and it is needed, or it is no country.
    """
    import phonenumbers

    if region is not None:
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise BadInput(f"phone_region is {region!r}; it must be the two letters of a country, e.g. CN, DE or US.")
        return
    known = [str(phone) for phone in phones]
    bare = sum(re.match(r"\s*(\+|00|\(\+)", unicodedata.normalize("NFKC", phone)) is None for phone in known)
    if bare:
        raise BadInput(
            f"{bare:,} of {len(known):,} telephone numbers {'has' if bare == 1 else 'have'} no country code;"
            ' say whose they are, e.g. phone_region="CN" (parameter region).'
        )


def mailbox(text: str, *, plus_tags: bool = True, gmail_dots: bool = True) -> str | None:
    """The mailbox that an e-mail address reaches, or ``None`` where it is no address.

    >>> mailbox("Jo.Smith+shop@GoogleMail.com"), mailbox("mailto:a@b.co"), mailbox("jo at home")
    ('josmith@gmail.com', 'a@b.co', None)

    Args:
        text: As it was written.
        plus_tags: Drop what follows a plus sign.
        gmail_dots: Drop dots in the name at Gmail, where they do not count.
    """
    bare = unicodedata.normalize("NFKC", text).strip().lower().removeprefix("mailto:").strip("<>;, ")
    if _MAIL.fullmatch(bare) is None:
        return None
    user, _, domain = bare.partition("@")
    user = user.split("+")[0] if plus_tags else user
    if gmail_dots and domain in _GMAIL:
        user, domain = user.replace(".", ""), "gmail.com"
    return f"{user}@{domain}" if user else None
