"""Alerts by e-mail: one message to the recipients of the settings, over SMTP."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Literal

from landbridge.systems.base import Clock
from landbridge.systems.channel import ChannelFailure, Message

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class MailConfig:
    """The mail server and both ends; ``context`` says whom to trust, the system's authorities if None."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = "starttls"
    timeout_seconds: float = 30.0
    context: ssl.SSLContext | None = None


class Mail:
    """The e-mail channel. A few messages a day: the standard library in a thread is enough."""

    name = "e-mail"

    def __init__(self, config: MailConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock

    async def send(self, message: Message) -> None:
        """Deliver to all recipients; raises ``ChannelFailure``."""
        await asyncio.to_thread(self._refused, self._letter(message))

    def _letter(self, message: Message) -> EmailMessage:
        config = self._config
        letter = EmailMessage()
        letter["Subject"] = " ".join(message.subject.split())  # a line break would begin another header
        letter["From"] = config.sender
        letter["To"] = ", ".join(config.recipients)
        letter["Date"] = formatdate(self._clock.now())
        letter["Message-ID"] = make_msgid(domain=_domain(config.sender))
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        letter.set_content(message.text)
        return letter

    def _refused(self, letter: EmailMessage) -> None:
        """Send; what the mail server says is not passed on, as it may repeat addresses."""
        try:
            self._deliver(letter)
        except smtplib.SMTPAuthenticationError as error:
            raise _failure("refused the login", error, "Correct smtp_user and smtp_password.") from None
        except smtplib.SMTPNotSupportedError as error:
            fix = "Set smtp_security to what the server offers: starttls (port 587) or tls (port 465)."
            raise _failure("does not offer STARTTLS or a login", error, fix) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _failure("refused all recipients", error, "Correct alert_email_to.") from None
        except smtplib.SMTPSenderRefused as error:
            raise _failure("refused the sender", error, "Correct alert_email_from.") from None
        except ssl.SSLError as error:
            fix = "Check smtp_host and smtp_security; the server's certificate must be valid for that name."
            raise _failure("could not be trusted, or speaks no TLS here", error, fix) from None
        except (smtplib.SMTPException, OSError) as error:
            fix = "Check smtp_host, smtp_port and smtp_security, and this machine's network."
            raise _failure("did not take the message", error, fix) from None

    def _deliver(self, letter: EmailMessage) -> None:
        config = self._config
        opened: Callable[..., smtplib.SMTP] = smtplib.SMTP
        more: dict[str, ssl.SSLContext] = {}
        context = config.context or ssl.create_default_context()
        if config.security == "tls":
            opened, more = smtplib.SMTP_SSL, {"context": context}
        # Named by the sender's domain: smtplib would ask the network for this machine's own name.
        name = _domain(config.sender)
        wait = config.timeout_seconds
        server = opened(config.host, config.port, local_hostname=name, timeout=wait, **more)
        try:
            if config.security == "starttls":
                server.starttls(context=context)
            if config.user:
                server.login(config.user, config.password)
            server.send_message(letter)
        finally:
            with suppress(smtplib.SMTPException, OSError):  # a bad goodbye does not undo a delivery
                server.quit()
            server.close()


def _domain(address: str) -> str:
    return address.rpartition("@")[2] or "localhost"


def _failure(what: str, error: Exception, fix: str) -> ChannelFailure:
    code = getattr(error, "smtp_code", "")
    return ChannelFailure(f"The mail server {what}{f' (SMTP {code})' if code else ''}.", fix)
