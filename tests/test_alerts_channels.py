"""The channels: e-mail against a mail server in this process, and webhooks that may not go everywhere."""

from __future__ import annotations

import asyncio
import base64
import datetime
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from landbridge.channels import alert_channels
from landbridge.settings import load_settings
from landbridge.systems.channel import ChannelFailure, Message
from landbridge.systems.incoming_webhook import IncomingWebhook, post_to
from landbridge.systems.mail import Mail, MailConfig, Security
from landbridge.systems.public_address import is_public
from systems_fakes import InstantClock

MESSAGE = Message("Landbridge, Küste: a sync stopped to ask", "412 contacts.\nWhat to do: look.\n")
SECRET_URL = "https://hooks.example.org/services/T000/B000/very-secret"
PASSWORD = "made-up-password"


@dataclass(frozen=True, slots=True)
class Trust:
    """A certificate for ``mail.example.org`` and 127.0.0.1, and who trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("hooks.example.org"),
        x509.IPAddress(ip_address("127.0.0.1")),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=2100))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    raw = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(raw + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return Trust(server, ssl.create_default_context(cadata=pem.decode()))


@dataclass
class MailServer:
    """As much of SMTP as a client needs; refuses the commands that it is told to."""

    tls: ssl.SSLContext
    refuse: dict[str, str] = field(default_factory=dict)
    starttls: bool = True
    port: int = 0
    letters: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode():
            verb = line.split()[0].upper() if line.split() else ""
            if verb == "STARTTLS":
                writer.write(b"220 go ahead\r\n")
                await writer.drain()
                await writer.start_tls(self.tls)
                continue
            if verb == "DATA" and verb not in self.refuse:
                writer.write(b"354 go on\r\n")
                body = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.letters.append(body)
                self.encrypted.append(writer.get_extra_info("ssl_object") is not None)
            elif verb == "AUTH" and verb not in self.refuse:
                self.logins.append(base64.b64decode(line.split()[2]).decode())
                writer.write(b"235 welcome\r\n")
                continue
            elif verb == "EHLO":
                offers = ["AUTH PLAIN", *(["STARTTLS"] if self.starttls else [])]
                lines = [f"250-{offer}\r\n" for offer in offers]
                writer.write(("250-mail.example.org\r\n" + "".join(lines)).encode())
            writer.write((self.refuse.get(verb, "250 fine") + "\r\n").encode())
            await writer.drain()
            if verb == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def mail_server(trust: Trust, *, tls: bool = False, **wanted: object) -> AsyncIterator[MailServer]:
    fake = MailServer(trust.server, **wanted)  # type: ignore[arg-type]  # a test names the fields
    server = await asyncio.start_server(fake.talk, "127.0.0.1", 0, ssl=trust.server if tls else None)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        await server.wait_closed()


def mail_to(server: MailServer, trust: Trust | None, security: Security = "starttls", user: str = "") -> Mail:
    config = MailConfig(
        host="127.0.0.1",
        port=server.port,
        sender="landbridge@example.org",
        recipients=("ada@example.org", "ben@example.net"),
        user=user,
        password=PASSWORD,
        security=security,
        timeout_seconds=10,
        context=trust.client if trust else None,
    )
    return Mail(config, InstantClock())


@pytest.mark.parametrize(("security", "encrypted"), [("starttls", True), ("tls", True), ("none", False)])
async def test_a_message_arrives_by_mail(trust: Trust, security: Security, encrypted: bool) -> None:
    async with mail_server(trust, tls=security == "tls") as server:
        await mail_to(server, trust, security, "sender").send(MESSAGE)
    letter = message_from_string(server.letters[0], policy=default)
    assert letter["Subject"] == MESSAGE.subject
    assert letter["To"] == "ada@example.org, ben@example.net"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "What to do: look." in letter.as_string()
    assert server.logins == [f"\0sender\0{PASSWORD}"]
    assert server.encrypted == [encrypted]


async def test_a_line_break_in_a_name_begins_no_header(trust: Trust) -> None:
    async with mail_server(trust) as server:
        await mail_to(server, trust).send(Message("Hello\r\nBcc: eve@example.org", "text"))
    letter = message_from_string(server.letters[0], policy=default)
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Hello Bcc: eve@example.org"


@pytest.mark.parametrize(
    ("refuse", "fix"),
    [
        ({"AUTH": f"535 no {PASSWORD}"}, "smtp_password"),
        ({"RCPT": "550 ada@example.org is not known"}, "alert_email_to"),
        ({"MAIL": "553 landbridge@example.org may not"}, "alert_email_from"),
        ({"DATA": "554 no"}, "smtp_host"),
    ],
)
async def test_a_refusal_says_which_setting_to_correct_and_repeats_nothing(
    trust: Trust, refuse: dict[str, str], fix: str
) -> None:
    async with mail_server(trust, refuse=refuse) as server:
        with pytest.raises(ChannelFailure) as raised:
            await mail_to(server, trust, user="sender").send(MESSAGE)
    said = raised.value.sentence + raised.value.fix
    assert fix in raised.value.fix
    assert PASSWORD not in said
    assert "@example.org" not in said


async def test_a_mail_server_without_starttls_gets_no_password(trust: Trust) -> None:
    async with mail_server(trust, starttls=False) as server:
        with pytest.raises(ChannelFailure, match="does not offer STARTTLS") as raised:
            await mail_to(server, trust, user="sender").send(MESSAGE)
    assert "smtp_security" in raised.value.fix
    assert server.logins == []


async def test_a_mail_server_that_nobody_vouches_for_gets_no_password(trust: Trust) -> None:
    async with mail_server(trust) as server:
        with pytest.raises(ChannelFailure, match="could not be trusted"):
            await mail_to(server, None, user="sender").send(MESSAGE)
    assert (server.logins, server.letters) == ([], [])


async def test_no_mail_server_is_said(trust: Trust) -> None:
    async with mail_server(trust) as server:
        pass
    with pytest.raises(ChannelFailure, match="did not take the message"):
        await mail_to(server, trust).send(MESSAGE)


def test_the_password_is_in_no_representation(trust: Trust) -> None:
    config = MailConfig("mail.example.org", 587, "a@example.org", ("b@example.org",), "u", PASSWORD)
    assert PASSWORD not in repr(config)
    assert "very-secret" not in repr(IncomingWebhook(SECRET_URL))


# Webhooks


@dataclass
class FakePost:
    """Answers with a status; keeps where it was sent to."""

    status: int = 200
    failure: Exception | None = None
    sent: list[tuple[str, bytes, Sequence[str]]] = field(default_factory=list)

    async def __call__(self, url: URL, body: bytes, addresses: Sequence[str]) -> int:
        if self.failure:
            raise self.failure
        self.sent.append((str(url), body, addresses))
        return self.status


def webhook(post: FakePost, *addresses: str, url: str = SECRET_URL) -> IncomingWebhook:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if not addresses:
            raise OSError("no such host")
        return addresses

    return IncomingWebhook(url, resolve=resolve, post=post)


async def test_a_message_goes_to_the_address_that_was_checked() -> None:
    post = FakePost()
    await webhook(post, "93.184.215.14", "2606:2800:21f:cb07::1").send(
        Message("Landbridge <!channel>", "a&b")
    )
    ((url, body, addresses),) = post.sent
    assert url == SECRET_URL
    assert addresses == ("93.184.215.14", "2606:2800:21f:cb07::1")
    assert body == b'{"text":"*Landbridge &lt;!channel&gt;*\\na&amp;b"}'


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.5",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  # an address to refuse, not one to listen on
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "2001:db8::1",
        "not an address",
    ],
)
async def test_nothing_is_sent_into_a_private_network(address: str) -> None:
    assert not is_public(address)
    post = FakePost()
    for addresses in ((address,), ("93.184.215.14", address)):
        with pytest.raises(ChannelFailure, match="private network") as raised:
            await webhook(post, *addresses).send(MESSAGE)
        assert "very-secret" not in str(raised.value) + raised.value.fix
    assert post.sent == []


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::5db8:d70e", "8.8.8.8"]
)
def test_the_public_internet_is_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url", ["http://hooks.example.org/x", "https://user:pass@hooks.example.org/", "https://", "file:///etc"]
)
async def test_only_https_addresses_are_used(url: str) -> None:
    post = FakePost()
    with pytest.raises(ChannelFailure, match="not an https:// address"):
        await webhook(post, "93.184.215.14", url=url).send(MESSAGE)
    assert post.sent == []


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "https://[::1]/x", "https://2130706433/x"])
async def test_an_address_in_numbers_is_looked_at_too(url: str) -> None:
    post = FakePost()
    with pytest.raises(ChannelFailure):
        await IncomingWebhook(url, post=post).send(MESSAGE)
    assert post.sent == []


@pytest.mark.parametrize("status", [301, 302, 404, 500])
async def test_an_answer_that_is_no_yes_is_a_failure_without_the_address(status: int) -> None:
    with pytest.raises(ChannelFailure, match=f"status {status}") as raised:
        await webhook(FakePost(status), "93.184.215.14").send(MESSAGE)
    assert "very-secret" not in str(raised.value) + raised.value.fix


async def test_a_host_that_is_not_there_is_said() -> None:
    with pytest.raises(ChannelFailure, match="is not known"):
        await webhook(FakePost()).send(MESSAGE)
    with pytest.raises(ChannelFailure, match="cannot be reached"):
        await webhook(FakePost(failure=TimeoutError()), "93.184.215.14").send(MESSAGE)


async def test_the_request_itself_is_pinned_checked_by_name_and_follows_no_redirect(trust: Trust) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.host.partition(":")[0], await request.text()))
        return web.Response(status=302, headers={"location": "https://127.0.0.1/elsewhere"})

    app = web.Application()
    app.router.add_post("/hook", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust.server)
    await site.start()
    port = runner.addresses[0][1]
    try:
        # The name resolves to nothing in the real world: only the pinned address is used.
        status = await post_to(
            URL(f"https://hooks.example.org:{port}/hook"), b"{}", ["127.0.0.1"], trust.client
        )
        assert (status, seen) == (302, [("hooks.example.org", "{}")])
        with pytest.raises(OSError, match="certificate"):  # aiohttp's error is one
            await post_to(URL(f"https://other.example.org:{port}/hook"), b"{}", ["127.0.0.1"], trust.client)
        assert len(seen) == 1
    finally:
        await runner.cleanup()


# Settings to channels


def test_channels_are_those_that_are_configured(tmp_path: Path) -> None:
    clock = InstantClock()
    assert alert_channels(load_settings({}, {"home": tmp_path}), clock) == []
    wanted = {
        "home": tmp_path,
        "alert_email_to": "ada@example.org,ben@example.org",
        "alert_email_from": "landbridge@example.org",
        "smtp_host": "mail.example.org",
        "alert_webhook_url": SECRET_URL,
    }
    channels = alert_channels(load_settings({}, wanted), clock)
    assert [channel.name for channel in channels] == ["e-mail", "chat webhook"]
