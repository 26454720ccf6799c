"""A server proves its identity to a trusted CA, or it does not get a byte; on real sockets with real TLS."""

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from importer.crm.client import Deadlines, LeadsClient
from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.responses import judge
from importer.crm.route import Trust
from importer.errors import SettingsError
from importer.exit_codes import ExitCode
from tests.canary import CANARY
from tests.crm.test_connections import CALL, OK
from tests.crm.wire import Wire, answering, wire

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def sent(certificate: trustme.LeafCert, trust: Trust) -> tuple[Observation, Wire]:
    """What comes of one request to a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    async def main() -> tuple[Observation, Wire]:
        async with wire(answering(OK), context) as serving:
            client = LeadsClient(
                base_url=f"https://127.0.0.1:{serving.port}",
                org="o1",
                credential=Credential(CredentialKind.API_KEY, CANARY, source="test"),
                deadlines=Deadlines(total=60.0),
                trust=trust,
            )
            async with client:
                return await client.send(CALL), serving

    return asyncio.run(main())


def test_an_authority_of_ones_own_is_believed_when_it_is_named(authority: trustme.CA, ca_file: Path) -> None:
    seen, serving = sent(authority.issue_cert("127.0.0.1"), Trust(ca_file=ca_file))
    assert isinstance(seen, Answer)
    assert seen.status == 200
    assert len(serving.requests) == 1


@pytest.mark.parametrize(
    ("certificate", "named"),
    [
        (lambda authority: authority.issue_cert("127.0.0.1"), False),
        (lambda authority: trustme.CA().issue_cert("127.0.0.1"), True),
        (lambda authority: authority.issue_cert("other.example"), True),
        (lambda authority: authority.issue_cert("127.0.0.1", not_after=YESTERDAY), True),
    ],
    ids=["unknown authority", "another authority", "another name", "expired"],
)
def test_a_server_that_cannot_prove_who_it_is_gets_nothing_and_stops_the_run(
    certificate: Callable[[trustme.CA], trustme.LeafCert],
    named: bool,
    authority: trustme.CA,
    ca_file: Path,
) -> None:
    seen, serving = sent(certificate(authority), Trust(ca_file=ca_file if named else None))
    assert isinstance(seen, NoAnswer)
    assert (seen.certificate, seen.sent, serving.requests) == (True, False, [])
    stop = judge(seen, CALL).stop
    assert stop is not None
    assert stop.exit_code is ExitCode.STOPPED_BY_CRM
    assert "certificate cannot be verified" in stop.reason
    assert "--ca-file" in stop.tip


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "WRONG_VERSION_NUMBER|record layer failure|wrong version number"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "(?i)handshake.failure"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "(?i)protocol.version"),
        (b"", "(?i)EOF|reset|disconnected|closed"),
    ],
    ids=["not TLS", "an alert: handshake failure", "an alert: protocol version", "hangs up"],
)
def test_a_handshake_that_fails_says_why(answer: bytes, why: str) -> None:
    async def step(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(2000)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def main() -> Observation:
        async with wire(step) as serving:
            client = LeadsClient(
                base_url=f"https://127.0.0.1:{serving.port}",
                org="o1",
                credential=Credential(CredentialKind.API_KEY, CANARY, source="test"),
                deadlines=Deadlines(total=5.0),
            )
            async with client:
                return await client.send(CALL)

    seen = asyncio.run(main())
    assert isinstance(seen, NoAnswer)
    assert (seen.sent, seen.certificate) == (False, False)
    assert re.search(why, seen.reason), seen.reason


def test_the_environment_can_neither_add_an_authority_nor_record_the_session(
    authority: trustme.CA, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    for name, value in {"SSL_CERT_FILE": ca_file, "SSL_CERT_DIR": tmp_path, "SSLKEYLOGFILE": secrets}.items():
        monkeypatch.setenv(name, str(value))
    seen, serving = sent(authority.issue_cert("127.0.0.1"), Trust())
    assert isinstance(seen, NoAnswer)
    assert (seen.certificate, serving.requests) == (True, [])
    seen, _ = sent(authority.issue_cert("127.0.0.1"), Trust(ca_file=ca_file))
    assert isinstance(seen, Answer)
    assert not secrets.exists()


def test_a_named_authority_replaces_the_public_ones(ca_file: Path) -> None:
    assert len(Trust(ca_file=ca_file).context().get_ca_certs()) == 1
    assert len(Trust().context().get_ca_certs()) > 50


def test_every_context_verifies_chain_and_name_and_speaks_no_old_tls(ca_file: Path) -> None:
    for context in (Trust().context(), Trust(ca_file=ca_file).context()):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("content", [None, "", "no certificate\n"])
def test_a_file_without_certificates_is_said_to_be_one(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        Trust(ca_file=path).context()
    assert str(path) in caught.value.message
    assert "--ca-file" in caught.value.tip
