"""What both mailboxes and both stores promise."""

import asyncio
import stat
from datetime import timedelta

import msgspec
import pytest

from merx.contexts.notifications.adapters.folder import FolderMailbox
from merx.contexts.notifications.adapters.memory import MemoryMailbox, MemoryNotificationsUow
from merx.contexts.notifications.adapters.postgres import PostgresNotificationsUow
from merx.contexts.notifications.adapters.rfc5322 import sender_of
from merx.contexts.notifications.domain.message import Message, MessageState
from merx.contexts.notifications.domain.shop import Shop
from merx.contexts.notifications.domain.templates import TEMPLATES
from merx.contexts.notifications.ports.mailbox import Mailbox, Undeliverable
from merx.contexts.notifications.ports.repositories import NotificationsUow
from merx.contexts.orders.events import OrderPlaced
from merx.kernel.errors import Unavailable
from merx.kernel.ids import new_id
from tests.contexts.notifications.conftest import NOW, Kit, placed

UOWS: list[type[NotificationsUow]] = [MemoryNotificationsUow, PostgresNotificationsUow]
MAILBOXES: list[type[Mailbox]] = [MemoryMailbox, FolderMailbox]
SENDER = sender_of("Merx <shop@localhost>")


def mail_of(event):
    return TEMPLATES[OrderPlaced].render(event, Shop("Merx", "", str, "", str))


class TestMessages:
    async def test_what_went_in_comes_out(self, kit):
        message = Message.queued(mail_of(placed()), "occasion", NOW)
        async with kit.container.uow() as uow:
            assert await uow.messages.queue(message)
            await uow.commit()
        found = await kit.message(message.dedupe_key)
        for name in Message.__struct_fields__:
            assert getattr(found, name) == getattr(message, name), name
        assert await kit.message("another") is None

    async def test_the_first_row_stays_and_counts(self, kit):
        first = Message.queued(mail_of(placed()), "occasion", NOW)
        again = msgspec.structs.replace(first, id=new_id(), changed_at=NOW + timedelta(seconds=1))
        async with kit.container.uow() as uow:
            assert await uow.messages.queue(first)
            assert await uow.messages.queue(again)
            await uow.messages.settle(first.dedupe_key, MessageState.sent, NOW, None)
            assert not await uow.messages.queue(again)
            await uow.commit()
        found = await kit.message(first.dedupe_key)
        assert (found.id, found.attempts, found.state) == (first.id, 2, MessageState.sent)

    async def test_of_two_events_of_one_occasion_one_sends(self, kit):
        first = Message.queued(mail_of(placed()), "occasion", NOW)
        other = msgspec.structs.replace(first, id=new_id(), event_id=new_id())
        async with kit.container.uow() as uow:
            assert await uow.messages.queue(first)
            assert not await uow.messages.queue(other)
            await uow.messages.settle(first.dedupe_key, MessageState.failed, NOW, "Unavailable")
            assert await uow.messages.queue(other)
            assert not await uow.messages.queue(first)
            await uow.commit()
        assert (await kit.message(first.dedupe_key)).event_id == other.event_id

    async def test_settling_what_nobody_queued_is_nothing(self, kit):
        async with kit.container.uow() as uow:
            await uow.messages.settle("nobody", MessageState.sent, NOW, None)
            assert await uow.messages.of("nobody") is None

    @pytest.mark.services
    async def test_many_at_once_make_one_row(self, postgres_kit):
        message = Message.queued(mail_of(placed()), "occasion", NOW)

        async def queue():
            async with postgres_kit.container.uow() as uow:
                await uow.messages.queue(msgspec.structs.replace(message, id=new_id()))
                await uow.commit()

        await asyncio.gather(*(queue() for _ in range(8)))
        assert (await postgres_kit.message(message.dedupe_key)).attempts == 8


class TestMailboxes:
    @pytest.fixture(params=["memory", "folder"])
    def mailbox(self, request, tmp_path):
        return MemoryMailbox(SENDER) if request.param == "memory" else FolderMailbox(tmp_path / "mail", SENDER)

    @staticmethod
    def count(mailbox, tmp_path):
        return len(mailbox.messages if isinstance(mailbox, MemoryMailbox) else list((tmp_path / "mail").glob("*.eml")))

    async def test_the_same_mail_again_replaces_the_first(self, mailbox, tmp_path):
        event = placed()
        for _ in range(3):
            await mailbox.send(mail_of(event))
        await mailbox.send(mail_of(placed()))
        assert self.count(mailbox, tmp_path) == 2

    async def test_an_address_that_cannot_exist_is_refused(self, mailbox):
        with pytest.raises(Undeliverable):
            await mailbox.send(mail_of(placed(email="a,b@example.com")))


class TestFolder:
    async def test_files_are_private_whole_and_in_order_of_time(self, tmp_path):
        mailbox = FolderMailbox(tmp_path / "a" / "mail", SENDER)
        events = [placed(at=NOW + timedelta(seconds=seconds)) for seconds in (2, 0, 1)]
        for event in events:
            await mailbox.send(mail_of(event))
        names = sorted(file.name for file in (tmp_path / "a" / "mail").iterdir())
        assert [name.split("-")[0] for name in names] == [
            "20300115T120000.000000Z",
            "20300115T120001.000000Z",
            "20300115T120002.000000Z",
        ]
        assert str(events[1].id) in names[0]
        for name in names:
            file = tmp_path / "a" / "mail" / name
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert file.read_bytes().startswith(b"From: Merx <shop@localhost>\r\n")

    async def test_what_a_killed_writer_left_is_forgotten_too(self, tmp_path):
        folder = tmp_path / "mail"
        mailbox = FolderMailbox(folder, SENDER)
        events = [placed(at=NOW + timedelta(seconds=seconds)) for seconds in (0, 1, 2)]
        for event in events:
            await mailbox.send(mail_of(event))
            (file,) = folder.glob(f"*{event.id}*")
            (folder / f".{file.name}.7.ab12cd34").write_bytes(b"half")
        await mailbox.forget_before(NOW + timedelta(seconds=1))
        assert [len(list(folder.glob(f"*{event.id}*"))) for event in events] == [0, 2, 2]
        await mailbox.forget([events[2].id])
        assert [len(list(folder.glob(f"*{event.id}*"))) for event in events] == [0, 2, 0]

    async def test_a_folder_that_cannot_be_written_may_work_later(self, tmp_path):
        (tmp_path / "mail").write_text("a file")
        with pytest.raises(Unavailable):
            await FolderMailbox(tmp_path / "mail", SENDER).send(mail_of(placed()))


async def test_the_memory_mailbox_is_bounded():
    mailbox = MemoryMailbox(SENDER, limit=3)
    for number in range(5):
        await mailbox.send(mail_of(placed(number=str(number))))
    assert [message["Subject"][-1] for message in mailbox.messages] == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("settings", "kind"), [({}, MemoryMailbox), ({"mail_dir": "x"}, FolderMailbox), ({"data_dir": "x"}, FolderMailbox)]
)
def test_without_a_folder_mail_stays_in_the_process(settings, kind):
    assert isinstance(Kit("memory", **settings).container.mailbox(), kind)
