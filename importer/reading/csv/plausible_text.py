"""Whether a decoded text is made of words, and of letters that one language has.

Bytes decoded in the wrong encoding still give letters, but no words: a capital within a lowercase word (`JÅrgen`
for `Jürgen`), a sign within a word (`J³rgen`), two scripts side by side (`JБrgen`), no vowel at all (`пШПЛ`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_ALPHABETS: Final = tuple(
    frozenset(letters)
    for letters in (
        "áàâäãåæçéèêëíìîïñóòôöõøœúùûüÿß",  # the West
        "áâäąăćčçďđéęëěíîĺľłńňóôöőŕřśšşșťţțúůűüýźżžß",  # Central Europe
        "āąäčēėęģīįķļņōõöŗšūųüž",  # the Baltic
        "áéíóúýðþæö",  # Icelandic
        "âçğıîöşûü",  # Turkish
        "àáâãèéêìíòóôõùúýăđĩũơư\u0300\u0301\u0303\u0309\u0323",  # Vietnamese
        "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",  # Greek
        "абвгґдеєжзиіїйклмнопрстуўфхцчшщъыьэюяё",  # Russian and its neighbours
        "абвгдђежзијклљмнњопрстћуфхцчџшѓѕќ",  # Serbian, Macedonian
        "אבגדהוזחטיךכלםמןנסעףפץצקרשת",  # Hebrew
        "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652",  # Arabic, Persian
    )
)
"""The letters beyond ASCII of the languages that share their lists; names of neighbors share a list."""

_COMMON_HAN: Final = frozenset(
    "一二三四五六七八九十上下中大小天月日山川水木金石田林市省州县縣区區町村路街城里江河海湖东東西南北"  # places
    "公司有限科技部人民经理学学校生工业業电電安国國家新长長阳陽州广廣福建云雲香港台臺湾灣"
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾萧蕭蔡潘袁于董余苏蘇叶葉"
    "魏蒋蔣吕呂丁沈任姚卢盧姜崔钟鍾谭譚陆陸汪范石廖贾賈韦韋夏方白邹鄒孟熊秦邱侯段雷钱錢汤湯尹黎"  # Chinese surnames
    "伟偉芳娜秀英敏静靜丽麗强強磊军軍洋勇艳艷杰傑涛濤明超兰蘭霞平刚剛桂玉婷雪琳晶欣志建华華文辉輝淑美慧俊佳宇浩梅红紅春"
    "佐藤鈴高橋渡辺本加吉井松斎清崎池阿部森橋前岡川後近坂遠青福太西太岡島原中谷和野内宮子恵久直裕真由香代幸一郎健介翔舞京府都県"
)
"""Characters that every list of Chinese or Japanese names and places is full of."""
_RARELY_LESS_THAN: Final = 4
"""One in so many Han characters of a list is common."""

_JOINS: Final = re.compile("[’‘´`·‐‑–'ʼ\xa0]")
"""Characters between two parts of a name."""
_LEADING: Final = "‘“„”«‹¿¡№’•–—"
_TRAILING: Final = "’”“»›™®°ºª²³…!?–—€£"
_SIGNS: Final = "¡¢£¤¥§©ª«®°±²³´µ·¹º»¼½¾¿×÷‘’‚“”„†‡•…‰‹›€№™–—≤≥\xa0\xad"
_UNITS: Final = ("µm", "µg", "µl", "µs")
_NO_LETTERS: Final = frozenset("ªºµƒˆˇʼⁿ")
"""What Unicode calls letters, and what no name is written with."""
_ALONE: Final = frozenset("àáâèéêìíòóôùúåæøöäüÿ")
"""The Latin letters that are words or initials by themselves."""
_VOWELS: Final = frozenset("aeiouyæœøırlαεηιουωаеёиоуыэюяіїєўј")
_LONG: Final = 4
_MOST_ACCENTS: Final = 0.75
_NEVER_FIRST: Final = frozenset("ьъы")
_ONLY_LAST: Final = frozenset("ךםןףץς")
_ANY_CASE: Final = frozenset("ßŉĸı")
"""Letters that people write among capitals and lowercase letters alike."""
_TOKEN: Final = re.compile(r"[^\x00-@\[-`{-\x7f\u2028\u2029\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]+")
_GLUED: Final = re.compile("\\w\xa0[a-zß-ÿ]")
"""`M\xa0laga`: á of a DOS code page is the no-break space of Windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """The share of words that are none, the number of letters, and how many of these the best language lacks."""

    broken: float
    letters: int
    strange: int

    @property
    def foreignness(self) -> float:
        """The share of the letters that the best language lacks."""
        return self.strange / max(1, self.letters)


def sense_of(text: str) -> Sense:
    """What sense a text makes; only its words that are not ASCII are looked at."""
    words = Counter(word for word in _TOKEN.findall(text) if not word.isascii() and not _is_sign(word))
    letters: Counter[str] = Counter()
    for word, count in words.items():
        for letter in word:
            if not letter.isascii() and letter not in _NO_LETTERS and unicodedata.category(letter)[0] in "LM":
                letters[letter.lower()[0]] += count
    broken = sum(count for word, count in words.items() if _is_broken(word))
    return Sense(
        broken=broken / max(1, words.total()), letters=letters.total(), strange=letters.total() - _known(letters)
    )


def _known(letters: Counter[str]) -> int:
    """How many of the letters belong to the one language that has most of them."""
    by_alphabet = [sum(letters[letter] for letter in alphabet) for alphabet in _ALPHABETS]
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        scripts[_script(letter)] += count
    common = sum(letters[letter] for letter in _COMMON_HAN)
    far_east = scripts["KANA"] + min(scripts["CJK"], _RARELY_LESS_THAN * common)
    return max(*by_alphabet, far_east, scripts["HANGUL"], scripts["THAI"])


@lru_cache(maxsize=1 << 16)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").partition(" ")[0]
    return "KANA" if name in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH") else name


def _is_sign(token: str) -> bool:
    """Whether it is a sign by itself, such as a currency: no evidence for an encoding."""
    return token in _SIGNS or token in _UNITS


def _is_broken(token: str) -> bool:
    word = token.lstrip(_LEADING).rstrip(_TRAILING)
    return bool(_GLUED.search(word)) or any(_is_no_word(part) for part in _JOINS.split(word) if not part.isascii())


def _is_no_word(part: str) -> bool:
    letters = [one for one in part if not unicodedata.category(one).startswith("M")]
    if part[:1] != (letters or [""])[0] or any(not one.isalpha() or one in _NO_LETTERS for one in letters):
        return True
    scripts = {_script(one) for one in letters}
    if len(letters) == 1:
        return part.lower() not in _ALONE and scripts <= {"LATIN", "THAI"}
    return (
        not (len(scripts) == 1 or scripts <= {"CJK", "KANA", "FULLWIDTH"})
        or (scripts <= {"LATIN", "CYRILLIC", "GREEK"} and (_is_miscased(letters) or _is_unspeakable(letters)))
        or any(one in _ONLY_LAST for one in letters[:-1])
    )


def _is_miscased(letters: list[str]) -> bool:
    """Whether a capital beyond the first letter has a lowercase neighbor, and one of the two is not ASCII."""
    capitals = [one.isupper() for one in letters if one.isascii()]
    if len(capitals) > 1 and all(capitals):
        return False  # JOSé, MüLLER: programs that know ASCII alone made them capitals
    return any(
        letters[high].isupper()
        and letters[low].islower()
        and letters[low] not in _ANY_CASE
        and not (letters[high] + letters[low]).isascii()
        for at in range(len(letters) - 1)
        for high, low in ((at, at + 1), (at + 1, at))
        if high
    )


def _is_unspeakable(letters: list[str]) -> bool:
    """Whether a long word has no vowel or no plain letter (`Èâàí`), or a letter comes first that never does."""
    if letters[0].lower() in _NEVER_FIRST:
        return True
    if len(letters) < _LONG:
        return False
    bases = {unicodedata.normalize("NFD", one.lower())[0] for one in letters} | {one.lower() for one in letters}
    accents = sum(not one.isascii() for one in letters)
    return bases.isdisjoint(_VOWELS) or (_script(letters[0]) == "LATIN" and accents > len(letters) * _MOST_ACCENTS)
