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

_OTHER_NAMES: Final = """
    AE: U.A.E.; BN: Brunei Darussalam; BO: Bolivia, Plurinational State of; BR: Brasil;
    CD: Congo, The Democratic Republic of the | Democratic Republic of the Congo; CG: Republic of the Congo;
    CI: Ivory Coast; CN: People's Republic of China; CV: Cabo Verde | Cape Verde; CZ: Czech Republic | Czechia;
    DE: Deutschland; FK: Falkland Islands (Malvinas); FM: Micronesia, Federated States of;
    GB: England | Great Britain | Northern Ireland | Scotland | U.K. | Wales; HK: Hong Kong;
    IE: Republic of Ireland; IN: Bharat | Republic of India; IR: Iran, Islamic Republic of;
    KP: Korea, Democratic People's Republic of; KR: Korea, Republic of | Republic of Korea | South Korea;
    LA: Lao People's Democratic Republic; MD: Moldova, Republic of; MK: Macedonia | North Macedonia; MM: Burma;
    MO: Macao | Macau; NL: Holland | The Netherlands; PS: Palestine | Palestine, State of; RU: Russian Federation;
    SA: KSA; SY: Syrian Arab Republic; SZ: Eswatini | Swaziland; TL: East Timor; TR: Turkey | Türkiye;
    TW: Taiwan, Province of China; TZ: Tanzania, United Republic of;
    US: America | EE. UU. | EEUU | EUA | United States of America; VA: Holy See (Vatican City State);
    VE: Venezuela, Bolivarian Republic of; VG: Virgin Islands, British; VI: Virgin Islands, U.S.; VN: Viet Nam
"""
"""What countries are called besides, each as `code: name | name`."""


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
    # A fifth of a second to load, so only where somebody writes a country's name.
    from phonenumbers.geodata.locale import LOCALE_DATA

    meanings: dict[str, set[str]] = {}
    for code in phonenumbers.SUPPORTED_REGIONS:
        names = LOCALE_DATA.get(code, {})
        for name in (names.get(language, "") for language in LANGUAGES):
            # `*de` means: the same as in German.
            meant = names.get(name[1:], "") if name.startswith("*") else name
            meanings.setdefault(_name_key(meant), set()).add(code)
    codes = {word[:3].casefold(): word[3:] for word in _ALPHA_3.split()}
    for code, others in (entry.split(": ") for entry in " ".join(_OTHER_NAMES.split()).split("; ")):
        codes |= {_name_key(name): code for name in others.split("|")}
    codes |= {name: meant.pop() for name, meant in meanings.items() if name and len(meant) == 1}
    return {name: code for name, code in codes.items() if code in phonenumbers.SUPPORTED_REGIONS}


def _name_key(name: str) -> str:
    """What spellings of one name have in common: letters, without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("&", "and"))
    return "".join(char for char in decomposed if unicodedata.category(char) in {"Ll", "Lo", "Lm", "Mc"})
