"""From settings to the channels that alerts leave by."""

from __future__ import annotations

from landbridge.settings import Settings
from landbridge.systems.base import Clock
from landbridge.systems.channel import Channel
from landbridge.systems.incoming_webhook import IncomingWebhook
from landbridge.systems.mail import Mail, MailConfig


def alert_channels(settings: Settings, clock: Clock) -> list[Channel]:
    """Those that are configured; none is fine, alerts are then only shown."""
    channels: list[Channel] = []
    if settings.alert_email_to:
        channels.append(_mail(settings, clock, *settings.alert_email_to.split(", ")))
    if settings.alert_webhook_url.get_secret_value():
        channels.append(IncomingWebhook(settings.alert_webhook_url.get_secret_value()))
    return channels


def mail_to(settings: Settings, clock: Clock, email: str) -> Channel | None:
    """The way to one person; None unless a mail server and a sender are configured."""
    if not (settings.smtp_host and settings.alert_email_from):
        return None
    return _mail(settings, clock, email)


def _mail(settings: Settings, clock: Clock, *recipients: str) -> Mail:
    config = MailConfig(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.alert_email_from,
        recipients=recipients,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
        security=settings.smtp_security,
    )
    return Mail(config, clock)
