"""What the mails say, and that nothing in an order can bend their form."""

import email
import email.policy
from email.headerregistry import Address as MailAddress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.identity.events import (
    AccountRegistered,
    EmailChangeAnnounced,
    EmailChanged,
    EmailChangeRequested,
    EmailVerificationRequested,
    IdentityLinked,
    IdentityUnlinked,
    PasswordChanged,
    PasswordResetRequested,
    RefreshTokenReused,
    RegistrationRepeated,
    SecondFactorGuessed,
)
from merx.contexts.notifications.adapters.rfc5322 import as_message, recipient, sender_of
from merx.contexts.notifications.domain.body import Table
from merx.contexts.notifications.domain.mail import one_line, recipient_hash
from merx.contexts.notifications.domain.shop import Shop
from merx.contexts.notifications.domain.templates import TEMPLATES
from merx.contexts.notifications.ports.mailbox import Undeliverable
from merx.contexts.orders.events import OrderCancelled, OrderShipped
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.contexts.notifications.conftest import NOW, placed

SHOP = Shop(
    "Merx",
    "https://shop.example/",
    lambda order_id: f"token-of-{order_id}",
    "https://shop.example/me",
    lambda purpose, code_id: f"code-to-{purpose}-{code_id}",
)
SENDER = sender_of("Merx <shop@shop.example>")
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]


def render(event, shop=SHOP):
    return TEMPLATES[type(event)].render(event, shop)


class TestConfirmation:
    def test_it_repeats_the_order(self):
        mail = render(placed())
        assert mail.subject == "Your order M-7K3Q-92"
        assert (mail.to_address, mail.to_name) == ("Ada@Example.com", "Ada Lovelace")
        for part in (
            "Hello Ada Lovelace,",
            "2 × Shirt (colour: red, size: M)",
            "1,200.00 USD",
            "1 × Hat",
            "Shipping (Standard)",
            "1,304.00 USD",
            "Payment: cash on delivery",
            "SW1Y 4JH London",
        ):
            assert part in mail.text
        for part in ("2 × Shirt (colour: red, size: M)", "1,304.00 USD", "12 St James&#x27;s Square"):
            assert part in mail.html

    @pytest.mark.parametrize(
        ("amount", "currency", "shown"),
        [(1_304, "JPY", "1,304 JPY"), (1_304, "KWD", "1.304 KWD"), (130_400, "INR", "1,304.00 INR")],
    )
    def test_money_has_the_digits_of_its_currency(self, amount, currency, shown):
        assert shown in render(placed(total=Money(amount, currency))).text

    def test_a_guest_gets_a_link_that_opens_the_order(self):
        event = placed()
        link = f"https://shop.example/orders/{event.order_id}#token=token-of-{event.order_id}"
        mail = render(event)
        assert link in mail.text
        assert f'href="{link}"' in mail.html

    def test_a_customer_signs_in_instead(self):
        mail = render(placed(customer_id=new_id()))
        assert "https://shop.example/orders/" in mail.text
        assert "token" not in mail.text

    def test_without_an_address_of_the_shop_there_is_no_link(self):
        assert "orders/" not in render(placed(), msgspec.structs.replace(SHOP, public_url="")).html

    def test_markup_in_names_stays_text(self):
        event = placed(shipping_name="<script>alert(1)</script>", number='"><img src=x>')
        mail = render(event)
        assert "<script" not in mail.html
        assert "<img" not in mail.html
        assert "<script>alert(1)</script>" in mail.text

    def test_figures_stand_below_each_other(self):
        text = Table([("Shirt", "9.00 USD"), ("Total", "1,304.00 USD")], totals=1).text()
        assert text == "  Shirt      9.00 USD\n  -------------------\n  Total  1,304.00 USD"


def other_events():
    who = {"at": NOW, "account_id": new_id(), "email": "ada@example.com", "name": "Ada"}
    order = {"at": NOW, "order_id": new_id(), "number": "M-1", "email": "ada@example.com", "quantities": {new_id(): 2}}
    return [
        (OrderShipped(**order, shipment_id=new_id(), carrier="Post", tracking_number="RB1"), "Tracking number: RB1"),
        (OrderShipped(**order, shipment_id=new_id(), carrier="", tracking_number=""), "2 items"),
        (OrderCancelled(**order, reason="sold out"), "Reason: sold out"),
        (OrderCancelled(**order, reason=""), "was cancelled"),
        (AccountRegistered(**who), "is ready"),
        (RegistrationRepeated(**who), "You have an account already"),
        (RefreshTokenReused(**who, session_id=new_id()), "Sign in again"),
        (EmailVerificationRequested(**who, code_id=new_id()), "within 24 hours"),
        (PasswordResetRequested(**who, code_id=new_id()), "30 minutes"),
        (PasswordChanged(**who), "Other devices were signed out"),
        (EmailChangeAnnounced(**who), "change your password now"),
        (EmailChangeRequested(**who, code_id=new_id()), "within one hour"),
        (EmailChanged(**who, new_email="secret@example.com"), "has another e-mail address now"),
        (IdentityLinked(**who, identity_id=new_id(), provider="Google"), "through Google"),
        (IdentityUnlinked(**who, identity_id=new_id(), provider="Google"), "Google is no way to sign in"),
    ]


@pytest.mark.parametrize(("event", "part"), other_events())
def test_every_other_mail(event, part):
    mail = render(event)
    assert part in mail.text
    assert part in mail.html
    assert mail.text.endswith("Merx\n")


def test_whoever_hears_of_wrong_second_factors_hears_what_was_right_before():
    """A new password does not help where somebody got in at the provider."""
    who = {"at": NOW, "account_id": new_id(), "email": "ada@example.com", "name": "Ada"}
    before, provider = render(SecondFactorGuessed(**who)), render(SecondFactorGuessed(**who, methods=("oidc",)))
    assert "choose a new password" in before.text
    assert "password" not in provider.text + provider.subject
    assert "remove the provider from your account" in provider.text


def test_staff_are_not_welcomed_as_customers():
    event = AccountRegistered(at=NOW, account_id=new_id(), email="s@example.com", name="Sam", kind="staff")
    assert not TEMPLATES[AccountRegistered].wanted(event)


def test_what_a_stranger_wrote_as_a_name_is_in_no_part_of_a_mail():
    name = "you won! https://evil.example/prize"
    mail = render(AccountRegistered(at=NOW, account_id=new_id(), email="s@example.com", name=name, kind="customer"))
    assert mail.text.startswith("Hello,\n")
    assert "evil" not in f"{mail.to_name}{mail.subject}{mail.text}{mail.html}"


@pytest.mark.parametrize(
    ("event", "purpose"),
    [
        (AccountRegistered, "verify-email"),
        (EmailVerificationRequested, "verify-email"),
        (PasswordResetRequested, "reset-password"),
        (EmailChangeRequested, "change-email"),
    ],
)
def test_a_code_stands_there_and_in_the_link_behind_the_hash(event, purpose):
    """The address comes from the settings: no header of a request can bend it."""
    code_id = new_id()
    mail = render(event(at=NOW, account_id=new_id(), email="a@example.com", name="Ada", code_id=code_id))
    link = f"https://shop.example/me/{purpose}#code=code-to-{purpose}-{code_id}"
    assert link in mail.text
    assert f'href="{link}"' in mail.html
    assert f"\n  code-to-{purpose}-{code_id}\n" in mail.text
    assert f"code-to-{purpose}" not in mail.subject


def parsed(mail):
    # As text: the parser of the standard library reads UTF-8 headers (RFC 6532) no other way.
    return email.message_from_string(as_message(mail, SENDER).as_bytes().decode(), policy=email.policy.default)


class TestForm:
    def test_a_mail_program_reads_what_was_written(self):
        mail = render(placed())
        message = parsed(mail)
        assert list(message.keys()) == HEADERS
        assert message["To"].addresses[0].addr_spec == "Ada@Example.com"
        assert message["From"].addresses[0].display_name == "Merx"
        assert message["Date"].datetime == NOW
        assert message["Message-ID"] == f"<{mail.event_id}.order-placed@shop.example>"
        text, html = message.iter_parts()
        assert text.get_content().replace("\r\n", "\n") == mail.text
        assert html.get_content().replace("\r\n", "\n") == mail.html
        assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")

    @given(name=st.text(max_size=300), number=st.text(max_size=100), line=st.text(max_size=300))
    def test_nothing_in_an_order_becomes_a_header(self, name, number, line):
        """Also with what validation would have refused before."""
        address = msgspec.structs.replace(placed().address, name=name, line1=line)
        try:
            mail = render(placed(address=address, number=number))
            message = parsed(mail)
        except UnicodeEncodeError:
            return  # lone surrogates: JSON decoding refuses them
        assert list(message.keys()) == HEADERS
        (to,) = message["To"].addresses
        assert to.addr_spec == "Ada@Example.com"
        assert message["Subject"].splitlines() in ([], [str(message["Subject"])])
        assert not [part for part in message.walk() if part.defects]

    @pytest.mark.parametrize("evil", ["\r\nBcc: x@evil.example", "\nX: y", "\0", "\x0b", "\u2028Bcc: x", "\x85Bcc: x"])
    def test_line_breaks_in_names_are_spaces(self, evil):
        mail = render(placed(number=f"1{evil}"))
        assert list(parsed(mail).keys()) == HEADERS
        assert "\n" not in mail.subject

    @given(name=st.text(max_size=300))
    def test_s20_nothing_in_the_name_of_an_account_becomes_a_header(self, name):
        who = {"at": NOW, "account_id": new_id(), "email": "ada@example.com", "name": name}
        for event in (
            AccountRegistered(**who),
            PasswordResetRequested(**who, code_id=new_id()),
            PasswordChanged(**who),
        ):
            try:
                message = parsed(render(event))
            except UnicodeEncodeError:
                return  # lone surrogates: JSON decoding refuses them
            assert list(message.keys()) == HEADERS
            assert [to.addr_spec for to in message["To"].addresses] == ["ada@example.com"]

    @given(st.text(max_size=80), st.text(max_size=80))
    def test_an_address_is_one_address_or_none(self, local, domain):
        text = f"{local}@{domain}"
        try:
            address = recipient(text, "")
        except Undeliverable:
            return
        mail = msgspec.structs.replace(render(placed()), to_address=text)
        try:
            (to,) = parsed(mail)["To"].addresses
        except UnicodeEncodeError:
            return
        assert to.addr_spec == address.addr_spec

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("ada@example.com", "ada@example.com"),
            (" ada+shop@example.com ", "ada+shop@example.com"),
            ("jörg@example.com", "jörg@example.com"),
            ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
        ],
    )
    def test_addresses_that_exist(self, typed, kept):
        mail = msgspec.structs.replace(render(placed()), to_address=typed)
        assert parsed(mail)["To"].addresses[0].addr_spec == kept

    @pytest.mark.parametrize(
        "typed", ["ada", "a,b@example.com", "a@b>, <c", "a@b,c", '"a"@b', "a@[127.0.0.1]", "@b", "a@"]
    )
    def test_addresses_that_cannot_exist(self, typed):
        with pytest.raises(Undeliverable):
            recipient(typed, "")

    def test_the_sender_comes_from_the_settings(self):
        assert sender_of("shop@localhost") == MailAddress(addr_spec="shop@localhost")
        assert sender_of('"Merx, Inc." <shop@localhost>') == MailAddress("Merx, Inc.", "shop", "localhost")
        with pytest.raises(ValueError, match="MERX_MAIL_FROM"):
            sender_of("nobody")


@given(st.text())
def test_one_line_is_one_line(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


def test_joined_characters_stay_joined():
    assert one_line("क्‍ष 👩‍💻") == "क्‍ष 👩‍💻"


def test_a_recipient_is_found_again_by_hash():
    assert recipient_hash(" ADA@example.com") == recipient_hash("ada@example.com")
    assert "ada" not in recipient_hash("ada@example.com")
