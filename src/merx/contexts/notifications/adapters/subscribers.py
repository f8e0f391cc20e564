"""Who hears what: every event that has a template becomes a mail."""

from merx.contexts.notifications.domain.templates import TEMPLATES
from merx.contexts.notifications.usecases.send_mail import SendMailHandler
from merx.infra.outbox.events import Subscriber


def mail_subscribers(send_mail: SendMailHandler) -> list[Subscriber]:
    """Effects: they run outside any transaction and at least once; `SendMailHandler` makes one mail of it."""
    return [
        Subscriber(name=f"notifications.mail-{template.kind}", event=event, handler=send_mail)
        for event, template in TEMPLATES.items()
    ]
