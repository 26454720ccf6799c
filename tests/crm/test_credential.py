import copy
import pickle
import traceback

import pytest

from importer.crm.credential import Credential, CredentialKind
from importer.errors import SettingsError
from tests.canary import CANARY

SECRET = CANARY


def test_nothing_but_headers_shows_the_secret() -> None:
    credential = Credential(CredentialKind.API_KEY, SECRET, source="test")
    shown = [repr(credential), str(credential), f"{credential}", f"{[credential]}", repr(copy.copy(credential))]
    assert not any(SECRET in text for text in shown)
    assert not hasattr(credential, "__dict__")
    assert credential.headers() == {"x-org-api-key": SECRET}


def test_a_token_is_a_bearer() -> None:
    assert Credential(CredentialKind.TOKEN, SECRET, source="t").headers() == {"authorization": f"Bearer {SECRET}"}


def test_text_is_hidden_wherever_it_stands() -> None:
    credential = Credential(CredentialKind.API_KEY, SECRET, source="test")
    assert credential.hidden(f"a{SECRET}b {SECRET}") == "a***b ***"


@pytest.mark.parametrize(
    "secret",
    ["", "short", f"{SECRET}\n", f"{SECRET} x", f"{SECRET}\r\nx: 1", "kéy-mit-ümlaut", "x" * 9000, f"{SECRET}\0"],
)
def test_a_malformed_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Credential(CredentialKind.API_KEY, secret, source="SALESCHAT_API_KEY")
    said = caught.value.message + caught.value.tip + "".join(traceback.format_exception(caught.value))
    assert "SALESCHAT_API_KEY" in said
    assert not secret or secret not in said
    assert SECRET not in said


def test_it_cannot_be_written_down() -> None:
    credential = Credential(CredentialKind.API_KEY, SECRET, source="test")
    with pytest.raises(TypeError):
        pickle.dumps(credential)
    with pytest.raises(TypeError):
        copy.deepcopy(credential)


@pytest.mark.parametrize(("kind", "longest"), [(CredentialKind.API_KEY, 512), (CredentialKind.TOKEN, 8192)])
def test_a_key_has_a_longest_length(kind: CredentialKind, longest: int) -> None:
    Credential(kind, "x" * longest, source="test")
    with pytest.raises(SettingsError):
        Credential(kind, "x" * (longest + 1), source="test")
