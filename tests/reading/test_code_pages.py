"""Lists of names in the code pages of their languages: read right, or asked about with the right reading shown."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from importer.errors import SourceError
from tests.reading.conftest import Seen

NAMES = {
    "German": "Jürgen Müller Käthe Groß Günther Jäger Björn Schröder Bärbel Weiß Köln Düsseldorf Nürnberg Böhm Özil",
    "French": "François Lefèvre Hélène Garçon Jérôme Benoît Gaëlle Noël André Zoé Orléans Besançon Nîmes Château Maïté",
    "Swedish": "Åsa Sjöberg Björn Åkesson Göran Lindström Märta Hägglund Malmö Västerås Örebro Jönköping Ängelholm",
    "Danish": "Søren Jørgensen Åse Nørgård Bjørn Sørensen Mæhle Østergård Ålborg Næstved Tromsø Bærum Håkon",
    "Spanish": "José Muñoz Iñigo Pérez Begoña García Ángel Núñez Málaga Cádiz Coruña Lucía Martínez Óscar Güell",
    "Portuguese": "João Gonçalves Conceição Simões Inês Araújo Antônio Magalhães Guimarães Évora São Luís Patrícia",
    "Italian": "Niccolò Bardò Libertà Città Forlì Cefalù Nicolò Salomè Calò Papà Andrà Noè Perù Giosuè",
    "Icelandic": "Þór Guðmundsson Ísólfur Sigurðardóttir Álfgeir Jónsson Reykjavík Akureyri Ævar Björg Hafnarfjörður",
    "Polish": "Łukasz Zięba Małgorzata Dąbrowska Wojciech Kołodziej Święta Żółć Łódź Gdańsk Wrocław Kraków Źrebiec",
    "Czech": "Jiří Dvořák Božena Němcová Matouš Růžička Ondřej Kučera Plzeň Břeclav Třebíč Věra Šťastná Čeněk",
    "Slovak": "Ľubomír Kováč Žofia Šťastná Ján Hrušovský Košice Prešov Nitra Ružomberok Božena Ďurica Martin Čačko",
    "Hungarian": "Győző Szűcs Zoltán Kovács Erzsébet Tóth Örs Ürményi Győr Székesfehérvár Pécs László Fehér Jenő",
    "Croatian": "Đuro Čačić Željka Šarić Petar Matošić Ivanić Požega Čakovec Šibenik Mraović Živković Vukašin Ćosić",
    "Turkish": "Ayşe Yılmaz Gökhan Çelik İbrahim Şahin Tuğba Öztürk Kadıköy Diyarbakır Muğla İzmir Ümit Güneş",
    "Latvian": "Jānis Bērziņš Līga Kalniņa Ģirts Ķēniņš Ēriks Šķēle Rīga Jūrmala Jēkabpils Žanis Čakste Māra",
    "Lithuanian": "Jūratė Žukauskienė Šarūnas Čiurlionis Vytautė Kęstutis Ąžuolas Panevėžys Šiauliai Lėja Mįslė Eglė",
    "Greek": "Γιώργος Παπαδόπουλος Ελένη Αθανασίου Χρήστος Οικονόμου Αθήνα Θεσσαλονίκη Πάτρα Ξένια Ζωή Δημήτρης",
    "Russian": "Ольга Иванова Сергей Щукин Юлия Ёлкина Москва Тверь Екатеринбург Владимир Колесников Эдуард Жуков",
    "Hebrew": "יעקב כהן מרים לוי שרה פרידמן אברהם מזרחי ירושלים חיפה נתניה יצחק רבין עדיאל מלכה",
    "Japanese": "佐藤健太 鈴木美咲 高橋一郎 田中裕子 渡辺直樹 東京都 横浜市 山本さくら 小林大輔 中村優子",
}
CODE_PAGES = {
    "German": "cp850 cp437 cp852 cp1252 mac_roman",
    "French": "cp850 cp437 cp863 cp1252",
    "Swedish": "cp850 cp437 cp865 cp1252",
    "Danish": "cp850 cp865 cp1252",
    "Spanish": "cp850 cp1252",
    "Portuguese": "cp850 cp860 cp1252",
    "Italian": "cp850 cp437 cp1252",
    "Icelandic": "cp850 cp861 cp1252",
    "Polish": "cp852 cp1250 iso8859_2",
    "Czech": "cp852 cp1250",
    "Slovak": "cp852 cp1250",
    "Hungarian": "cp852 cp1250",
    "Croatian": "cp852 cp1250",
    "Turkish": "cp857 cp1254",
    "Latvian": "cp775 cp1257",
    "Lithuanian": "cp775 cp1257",
    "Greek": "cp737 cp869 cp1253",
    "Russian": "cp866 cp855 cp1251 koi8_r mac_cyrillic",
    "Hebrew": "cp862 cp1255",
    "Japanese": "cp932 euc_jp",
}
PAIRS = [(language, page) for language, pages in CODE_PAGES.items() for page in pages.split()]


def names_of(language: str, page: str) -> list[str]:
    names = [name for name in NAMES[language].split() if not name.isascii()]
    return [name for name in names if name.encode(page, "ignore").decode(page) == name]


def verdict(csv_of: Callable[..., Any], names: list[str], page: str) -> str:
    """`read`, or the names of the encodings whose readings are shown; a wrong reading fails."""
    content = "".join(f"{at};{name}\r\n" for at, name in enumerate(names)).encode(page)
    try:
        seen = csv_of(b"id;name\r\n" + content)
    except SourceError as refusal:
        shown = re.findall(r"in (\w+) it reads", refusal.message)
        assert any(reads(content, name) == reads(content, page) for name in shown), (names, shown)
        assert " or ".join(f"--encoding {name}" for name in shown) in refusal.tip  # the first is often a wrong one
        return " ".join(shown)
    assert [row[1] for row in seen.rows.values()] == names
    return "read"


def reads(content: bytes, encoding: str) -> str:
    return content.decode(encoding, "replace")


@pytest.mark.slow
@pytest.mark.parametrize(("language", "page"), PAIRS)
def test_a_list_is_read_right_or_the_right_reading_is_shown(
    csv_of: Callable[..., Seen], language: str, page: str
) -> None:
    names = names_of(language, page)
    rng = random.Random(f"{language} {page}")
    for count in (1, 1, 3, 8, 40):
        verdict(csv_of, rng.choices(names, k=count), page)


@pytest.mark.parametrize(("language", "page"), PAIRS)
def test_a_list_in_capitals_is_read_right_or_the_right_reading_is_shown(
    csv_of: Callable[..., Seen], language: str, page: str
) -> None:
    names = [name.upper() for name in names_of(language, page)]
    names = [name for name in names if name.encode(page, "ignore").decode(page) == name and not name.isascii()]
    verdict(csv_of, names * 3, page)


@pytest.mark.parametrize(
    ("language", "page"),
    [
        ("Spanish", "cp850"),
        ("Czech", "cp852"),
        ("Polish", "cp852"),
        ("Turkish", "cp857"),
        ("Greek", "cp737"),
        ("Russian", "cp866"),
        ("Russian", "cp855"),
        ("Russian", "koi8_r"),
        ("Japanese", "cp932"),
    ],
)
def test_a_list_of_one_language_is_not_asked_about(csv_of: Callable[..., Seen], language: str, page: str) -> None:
    assert verdict(csv_of, names_of(language, page) * 3, page) == "read"


def test_a_german_list_of_excel_for_ms_dos_is_never_mac_roman(csv_of: Callable[..., Seen]) -> None:
    shown = verdict(csv_of, ["Jürgen", "Müller", "Köln", "Käthe", "Groß", "Schröder"], "cp850")
    assert shown.split()[0] == "cp850"
    assert "mac_roman" not in shown


@pytest.mark.parametrize("page", ["cp1252", "cp850"])
@pytest.mark.parametrize("odd", ["JOSé", "MüLLER", "GROßMANN", "Nº 5", "Mª José", "3½", "50°", "© 2020", "§ 5", "£20"])
def test_odd_words_do_not_put_the_right_reading_out(csv_of: Callable[..., Seen], odd: str, page: str) -> None:
    verdict(csv_of, ["Zoë", "Renée", odd], page)
    verdict(csv_of, [odd], page)
