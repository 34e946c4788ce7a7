"""A locale such as ``de-DE`` in, what follows from it out: the language, the region, the order of day and month."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from milo_bench.core.errors import ConfigError

_FORM: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}))?")
# Where the month is written first (Unicode CLDR, short date pattern M/d/y).
_MONTH_FIRST: Final = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "UM", "PH", "FM", "MH", "PW"})
# ISO 639-1, and the languages with three letters that Unicode CLDR has locales for.
_LANGUAGES_CODES: Final = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja
jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb
nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so
sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu agq
asa ast bas bem bez brx ceb cgg chr ckb dav dje doi dsb dua dyo ebu ewo fil fur gsw guz haw hmn hsb jgo jmc kab
kam kde kea khq kln kok ksb ksf ksh lag lkt lrc luo luy mai mas mer mfe mgh mgo mni mua mzn naq nds nmg nnh nus
nyn pcm rof rwk sah saq sat sbp seh ses shi smn szl teo twq tzm vai vun wae xog yav yue zgh
"""
_LANGUAGES: Final = frozenset(_LANGUAGES_CODES.split())
# ISO 3166-1 alpha-2, and XK for Kosovo as Unicode CLDR has it.
_REGIONS_CODES: Final = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
_REGIONS: Final = frozenset(_REGIONS_CODES.split())
# What is written for a country and is not its code, and the usual country of a language.
_MEANT: Final = {"UK": "GB", "EN": "GB", "EL": "GR", "SP": "ES", "USA": "US", "GER": "DE"}
_HOME: Final = {
    "en": "GB",
    "ja": "JP",
    "zh": "CN",
    "ar": "EG",
    "da": "DK",
    "sv": "SE",
    "cs": "CZ",
    "el": "GR",
    "uk": "UA",
}

# A country's code or three letters in the place of a language's two.
_SWAPPED: Final = {
    "gb": "en", "us": "en", "at": "de", "jp": "ja", "cn": "zh", "dk": "da", "cz": "cs", "gr": "el", "ua": "uk",
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "esp": "es", "ita": "it", "nld": "nl",
    "dut": "nl", "pol": "pl", "por": "pt", "jpn": "ja", "zho": "zh", "chi": "zh", "ara": "ar", "rus": "ru", "tur": "tr",
}  # fmt: skip


class Locale(NamedTuple):
    """``language`` is an ISO 639 code in lower case, ``region`` an ISO 3166 code in capitals or ""."""

    language: str
    region: str = ""

    def __str__(self) -> str:
        return f"{self.language}-{self.region}" if self.region else self.language

    @property
    def day_first(self) -> bool:
        """Whether 03/04/2025 is 3 April."""
        return self.region not in _MONTH_FIRST


def parse_locale(text: str) -> Locale:
    """``de-DE``, ``de_DE`` or ``de`` as a locale; ConfigError, with the likely one, for what is none."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        message = f"The locale '{text[:40]}' is not a language with a region."
        raise ConfigError(message, hint="write a language and a country, such as de-DE, en-GB or fr-CH.")
    language, region = match[1].lower(), (match[3] or "").upper()
    if language not in _LANGUAGES:
        meant = _SWAPPED.get(language, "")
        suggestion = f"did you mean '{Locale(meant, region if region in _REGIONS else '')}'? " if meant else ""
        raise ConfigError(
            f"The locale '{text[:40]}' names an unknown language, '{match[1]}'.",
            hint=f"{suggestion}Write an ISO 639 code, such as de, en or fr.",
        )
    if region and region not in _REGIONS:
        meant = _MEANT.get(region) or _HOME.get(language) or (language.upper() if language.upper() in _REGIONS else "")
        suggestion = f"did you mean '{Locale(language, meant)}'? " if meant else ""
        raise ConfigError(
            f"The locale '{text[:40]}' names an unknown country, '{match[3]}'.",
            hint=f"{suggestion}Write an ISO 3166 code, such as DE, GB or CH.",
        )
    return Locale(language, region)
