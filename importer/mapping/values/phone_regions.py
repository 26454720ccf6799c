"""Countries as people write them, to the two-letter codes that libphonenumber knows.

Names come from the locale tables of `phonenumbers` (CLDR) in the languages of `LANGUAGES`; three-letter codes are
ISO 3166-1's, as are the short names that CLDR words differently; calling codes (`+91`) mean the main country of the
code, which is the one numbers are read by.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

import phonenumbers

LANGUAGES: Final = ("en", "es", "pt", "de", "fr", "it", "hi")

_ALPHA_3: Final = (
    "ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU AUTAT AZEAZ BDIBI "
    "BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO BRABR BRBBB BRNBN BTNBT "
    "BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV CRICR CUBCU "
    "CUWCW CXRCX CYMKY CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET "
    "FINFI FJIFJ FLKFK FRAFR FROFO FSMFM GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM GNBGW GNQGQ GRCGR "
    "GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM INDIN IOTIO IRLIE IRNIR "
    "IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB "
    "LBRLR LBYLY LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH "
    "MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE "
    "NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE PHLPH PLWPW PNGPG POLPL "
    "PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ "
    "SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST SURSR SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC "
    "TCDTD TGOTG THATH TJKTJ TKLTK TKMTM TLSTL TONTO TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY "
    "USAUS UZBUZ VATVA VCTVC VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE ZAFZA ZMBZM ZWEZW "
)

_OTHER_NAMES: Final = {
    "America": "US",
    "Bharat": "IN",
    "Bolivia, Plurinational State of": "BO",
    "Brasil": "BR",
    "Brunei Darussalam": "BN",
    "Burma": "MM",
    "Cabo Verde": "CV",
    "Cape Verde": "CV",
    "Congo, The Democratic Republic of the": "CD",
    "Czech Republic": "CZ",
    "Czechia": "CZ",
    "Democratic Republic of the Congo": "CD",
    "Deutschland": "DE",
    "East Timor": "TL",
    "EE. UU.": "US",
    "EEUU": "US",
    "England": "GB",
    "Eswatini": "SZ",
    "EUA": "US",
    "Falkland Islands (Malvinas)": "FK",
    "Great Britain": "GB",
    "Holland": "NL",
    "Holy See (Vatican City State)": "VA",
    "Hong Kong": "HK",
    "Iran, Islamic Republic of": "IR",
    "Ivory Coast": "CI",
    "Korea, Democratic People's Republic of": "KP",
    "Korea, Republic of": "KR",
    "KSA": "SA",
    "Lao People's Democratic Republic": "LA",
    "Macao": "MO",
    "Macau": "MO",
    "Macedonia": "MK",
    "Micronesia, Federated States of": "FM",
    "Moldova, Republic of": "MD",
    "North Macedonia": "MK",
    "Northern Ireland": "GB",
    "Palestine": "PS",
    "Palestine, State of": "PS",
    "People's Republic of China": "CN",
    "Republic of India": "IN",
    "Republic of Ireland": "IE",
    "Republic of Korea": "KR",
    "Republic of the Congo": "CG",
    "Russian Federation": "RU",
    "Scotland": "GB",
    "South Korea": "KR",
    "Swaziland": "SZ",
    "Syrian Arab Republic": "SY",
    "Taiwan, Province of China": "TW",
    "Tanzania, United Republic of": "TZ",
    "The Netherlands": "NL",
    "Turkey": "TR",
    "Türkiye": "TR",
    "U.A.E.": "AE",
    "U.K.": "GB",
    "United States of America": "US",
    "Venezuela, Bolivarian Republic of": "VE",
    "Viet Nam": "VN",
    "Virgin Islands, British": "VG",
    "Virgin Islands, U.S.": "VI",
    "Wales": "GB",
}


def region_code(text: str) -> str | None:
    """The two-letter code that `text` means: a code, a country's name, or a calling code with its plus.

    `None` where nothing or more than one country fits, and for countries that have no phone numbers of their own.
    """
    code = text.strip().upper()
    if code in phonenumbers.SUPPORTED_REGIONS:
        return code
    if code[:1] == "+" and code[1:].isascii() and code[1:].isdigit():
        main = phonenumbers.region_code_for_country_code(int(code[1:]))
        return main if main in phonenumbers.SUPPORTED_REGIONS else None
    return _codes_by_name().get(_name_key(text))


@cache
def _codes_by_name() -> dict[str, str]:
    """Every known name with its code. A name of two countries is left out."""
    meanings: dict[str, set[str]] = {}
    for code in phonenumbers.SUPPORTED_REGIONS:
        for name in _names_of(code):
            meanings.setdefault(_name_key(name), set()).add(code)
    names = {name: codes.pop() for name, codes in meanings.items() if name and len(codes) == 1}
    others = {_name_key(name): code for name, code in _OTHER_NAMES.items()}
    alpha_3 = {word[:3].casefold(): word[3:] for word in _ALPHA_3.split()}
    return {name: code for name, code in (alpha_3 | others | names).items() if code in phonenumbers.SUPPORTED_REGIONS}


def _names_of(code: str) -> list[str]:
    # A fifth of a second to load, so only where somebody writes a country's name.
    from phonenumbers.geodata.locale import LOCALE_DATA

    names = LOCALE_DATA.get(code, {})
    found = [names.get(language, "") for language in LANGUAGES]
    # `*de` means: the same as in German.
    return [names.get(name[1:], "") if name.startswith("*") else name for name in found]


def _name_key(name: str) -> str:
    """What spellings of one name have in common: letters, without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("&", "and"))
    return "".join(char for char in decomposed if unicodedata.category(char) in {"Ll", "Lo", "Lm", "Mc"})
