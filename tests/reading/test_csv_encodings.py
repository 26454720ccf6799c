"""Encodings: known, found, guessed aloud, or refused; never mojibake."""

from __future__ import annotations

import codecs
from collections.abc import Callable

import pytest

from importer.errors import SourceError
from tests.reading.conftest import Seen

TEXT = "ID,Name\n1,Zoë\n2,Łukasz\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32"), "utf-32"),
    ],
)
def test_unicode_is_recognised(csv_of: Callable[..., Seen], content: bytes, encoding: str) -> None:
    seen = csv_of(content)
    assert seen.info.encoding == encoding
    assert seen.columns == ["ID", "Name"]
    assert seen.rows == {2: ["1", "Zoë"], 3: ["2", "Łukasz"]}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("cp1252", "id,name\n1,Zoë €\n"),
        ("latin-1", "id,name\n1,Zoë\n"),
        ("cp1251", "id,name\n1,Ольга\n"),
        ("shift_jis", "id,name\n1,権兵衛\n"),
        ("cp932", "id,name\n1,権兵衛ソ\n"),
        ("utf-16", "id,name\n1,権兵衛\n"),
    ],
)
def test_a_given_encoding_is_used(csv_of: Callable[..., Seen], given: str, text: str) -> None:
    assert csv_of(text.encode(given), encoding=given).rows[2][1] == text.split(",")[-1].strip()


def test_a_clear_guess_is_reported(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id;Имя;Город\n1;Иван;Москва\n2;Ольга;Тверь\n".encode("cp1251"))
    assert seen.rows[2] == ["1", "Иван", "Москва"]
    assert seen.info.encoding == "cp1251"
    assert "guessed as cp1251" in seen.info.notes[0]
    assert "Иван" in seen.info.notes[0]


def test_two_likely_readings_are_shown_and_refused(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError) as refusal:
        csv_of("id,Nom\n1,Lefèvre\n2,Garçon\n3,Hélène\n".encode("cp1252"))
    assert "line 2, byte 12" in refusal.value.message
    assert "in cp1252 it reads “Lefèvre" in refusal.value.message
    assert "in cp1250 it reads “Lefčvre" in refusal.value.message
    assert "--encoding cp1252" in refusal.value.tip


def test_a_stray_byte_in_utf8_is_named_with_line_and_offset(csv_of: Callable[..., Seen]) -> None:
    good = "".join(f"{number},Zoë\n" for number in range(40)).encode()
    with pytest.raises(SourceError, match=r"line 42, byte \d+: e9.* is not utf-8 text"):
        csv_of(b"id,name\n" + good + b"41,Ren\xe9\n")


def test_a_stray_byte_after_the_first_megabyte_is_found(csv_of: Callable[..., Seen]) -> None:
    start = "id,name\n" + "1,Zoë\n" * 200_000
    content = start.encode() + b"2,Ren\xe9\n"
    with pytest.raises(SourceError, match=f"line 200002, byte {len(start.encode()) + 5}"):
        csv_of(content)


def test_a_given_encoding_that_does_not_fit_is_refused(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match=r"line 3, byte 18: 81 .*is not cp1252 text"):
        csv_of(b"id,name\n1,Anna\n2,\xe9\x81\n", encoding="cp1252")


def test_an_unknown_encoding_is_refused(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match="no encoding called “klingon”"):
        csv_of(TEXT, encoding="klingon")


@pytest.mark.parametrize("codec", ["base64", "rot13", "hex", "idna", "utf-7", "unicode_escape"])
def test_codecs_that_are_no_encodings_are_refused(csv_of: Callable[..., Seen], codec: str) -> None:
    with pytest.raises(SourceError, match="no encoding called"):
        csv_of(TEXT, encoding=codec)


def test_utf16_is_not_believed_of_plain_ascii(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match="not UTF-16"):
        csv_of("id,name\n1,Anna\n", encoding="utf-16")


def test_text_that_was_garbled_before_is_noted(csv_of: Callable[..., Seen]) -> None:
    garbled = "Zoë Müller".encode().decode("cp1252")
    assert "wrong encoding" in csv_of(f"id,name\n1,{garbled}\n").info.notes[0]


def test_an_ordinary_accent_is_not_called_garbled(csv_of: Callable[..., Seen]) -> None:
    assert csv_of("id,name\n1,São Tomé Ángel Ñandú\n").info.notes == ()


def test_a_short_file_of_utf8_with_one_broken_byte_is_not_guessed(csv_of: Callable[..., Seen]) -> None:
    """One broken byte among a few good letters: any guess would garble these without a word."""
    with pytest.raises(SourceError, match=r"line 5, byte .* is not utf-8 text"):
        csv_of("id,name\n1,José\n2,Zoë\n3,Åsa\n4,x".encode() + b"\xff\n")


def test_western_windows_text_is_not_taken_for_mac_roman(csv_of: Callable[..., Seen]) -> None:
    rows = ["1;Käthe;Müller;9517,17 €", "2;Jörg;Weiß;346,78 €", "3;Iñigo;Pérez;739,88 €"]
    with pytest.raises(SourceError) as refusal:
        csv_of("\n".join(["Messe München 2026 – Kontakte", "id;Vorname;Name;Umsatz", *rows * 10]).encode("cp1252"))
    assert "in cp1252 it reads “Iñigo”; in cp1250 it reads “Ińigo”" in refusal.value.message  # the words that differ
