"""Notices on their way: by mail, and by whatever apprise reaches. Addresses with secrets come from the environment."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from functools import partial
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from crm_lab.checks import BadInput, Problems
from crm_lab.run.notice.notice import Notice

SMTP: Final = "CRM_LAB_SMTP"
SERVICES: Final = "CRM_LAB_NOTIFY"
_PORTS: Final = {"smtp": 25, "starttls": 587, "smtps": 465}
_WAIT_S: Final = 30
_NOBODY: Final = f"There is nobody to tell: name addresses under [notify] mail, or services in {SERVICES}."


def send(notice: Notice, mail_to: Sequence[str]) -> list[str]:
    """Send a notice to everybody who can be reached.

    Args:
        notice: What is told.
        mail_to: Addresses for mail, by the server in ``CRM_LAB_SMTP``
            (``smtps://user:password@host``; ``starttls://`` and ``smtp://`` likewise; the sender is ``?from=…``).

    Returns:
        Where it went: hosts of servers and kinds of services, no secret.

    Raises:
        BadInput: If nobody can be reached, or a server does not take it, which keeps it from no other; every problem
            is said.
    """
    return _by_every_way(mail_to, partial(_mail, notice), partial(_by_service, notice))


def check_ways(mail_to: Sequence[str]) -> list[str]:
    """Whom a notice would reach, as `send` finds out; nothing is sent.

    Args:
        mail_to: Addresses for mail.

    Returns:
        Where it would go: hosts of servers and kinds of services, no secret.

    Raises:
        BadInput: If a server or service is named wrongly, or there is nobody; every problem is said.
    """
    return _by_every_way(mail_to, _mail_way, _service_way)


def _by_every_way(
    mail_to: Sequence[str], by_mail: Callable[[Sequence[str]], str], by_service: Callable[[str], str]
) -> list[str]:
    """Try every way, also after one has failed: who can be told is told."""
    problems = Problems("Not everybody is told")

    def tried(way: Callable[[], str]) -> list[str]:
        try:
            return [way()]
        except BadInput as error:
            problems.extend([str(error)])
            return []

    ways = [partial(by_mail, mail_to)] if mail_to else []
    ways += [partial(by_service, url) for url in os.environ.get(SERVICES, "").split()]
    problems.unless(ways, _NOBODY)
    went = [told for way in ways for told in tried(way)]
    problems.raise_any()
    return went


def _mail_way(to: Sequence[str]) -> str:
    return f"{len(to)} × mail by {_server()[0].hostname}"


def _service_way(url: str) -> str:
    return _service(url)[0]


def _server() -> tuple[SplitResult, int]:
    """The mail server that the environment names, and its port."""
    server = urlsplit(os.environ.get(SMTP, ""))
    try:
        port = server.port
    except ValueError:
        port = 0
    if server.scheme not in _PORTS or not server.hostname or port == 0:
        raise BadInput(f"Mail needs a server in {SMTP}, such as smtps://user:password@mail.example.org.")
    return server, port or _PORTS[server.scheme]


def _mail(notice: Notice, to: Sequence[str]) -> str:
    server, port = _server()
    message = EmailMessage()
    message["Subject"], message["To"] = notice.subject, ", ".join(to)
    message["From"] = unquote(server.query.removeprefix("from=")) or unquote(server.username or "") or to[0]
    message.set_content(notice.body)
    trusted = ssl.create_default_context()  # a password goes to nobody else
    try:
        with (
            smtplib.SMTP_SSL(str(server.hostname), port, timeout=_WAIT_S, context=trusted)
            if server.scheme == "smtps"
            else smtplib.SMTP(str(server.hostname), port, timeout=_WAIT_S)
        ) as connection:
            if server.scheme == "starttls":
                connection.starttls(context=trusted)
            if server.password is not None:
                connection.login(unquote(server.username or ""), unquote(server.password))
            connection.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise BadInput(f"The mail server {server.hostname}:{port} did not take the message: {error}.") from None
    return _mail_way(to)


def _service(url: str) -> tuple[str, Any]:
    """The kind of a service, and what reaches it."""
    try:
        import apprise
    except ImportError:
        raise BadInput(f"{SERVICES} is set, but apprise is not installed: pip install 'crm-lab[notify]'.") from None
    kind, service = url.partition(":")[0], apprise.Apprise()
    if not service.add(url):
        raise BadInput(f"{SERVICES} holds an address of the kind {kind!r} that apprise cannot use.")
    return kind, service


def _by_service(notice: Notice, url: str) -> str:
    kind, service = _service(url)
    if not service.notify(title=notice.subject, body=notice.body):
        raise BadInput(f"The service {kind!r} in {SERVICES} did not take the message.")
    return kind
