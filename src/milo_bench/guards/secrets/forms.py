"""Text in, keys and tokens that services document by a form of their own out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from milo_bench.guards.secrets.values import looks_random

FormedKind = Literal["private_key", "api_key", "token"]

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN (?P<name>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----(?=(?:\\[rn]|[\s>])*[A-Za-z0-9+/:-]{8}).{0,20000}?"
    r"(?:-----END (?P=name)-----|\Z)"
    r"|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----.{0,20000}?(?:---- END SSH2 ENCRYPTED PRIVATE KEY ----|\Z)"
    r"|PuTTY-User-Key-File-[23]:.{0,20000}?Private-MAC: [0-9a-f]{40,64}"
    r"|AGE-SECRET-KEY-1[0-9A-Z]{40,80}",
    re.DOTALL,
)
# Prefixes that the services document for their own keys. None of those is shorter than 16 characters.
_API_KEY: Final = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9_.+/=~%$-]{16})(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"
    r"|AIza[A-Za-z0-9_-]{35}"
    r"|GOCSPX-[A-Za-z0-9_-]{28}"
    r"|(?:sk|rk|pk)_(?:org_)?(?:live|test)_[A-Za-z0-9]{16,200}"
    r"|AQ\.Ab[A-Za-z0-9_-]{40,60}"
    r"|AKCp[A-Za-z0-9]{60,80}|cmVmdGtu[A-Za-z0-9]{50,60}"
    r"|cio[A-Za-z0-9]{32}|oy2[a-z0-9]{43}"
    r"|HRKU-[A-Za-z0-9_-]{36,80}|cf(?:ut|at|k)_[A-Za-z0-9_-]{36,60}"
    r"|squ_[0-9a-f]{40}|sq[pa]_[0-9a-f]{40}|bk[a-z]{2}_[0-9a-f]{40}|CCIPAT_[A-Za-z0-9]{20,24}_[0-9a-f]{40}"
    r"|whsec_[A-Za-z0-9+/=_-]{24,80}"
    r"|hf_[A-Za-z0-9]{30,60}"
    r"|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"
    r"|key-[0-9a-f]{32}"
    r"|[0-9a-f]{32}-us\d{1,2}"
    r"|dop_v1_[0-9a-f]{64}"
    r"|AC[0-9a-f]{32}|SK[0-9a-f]{32}"
    r"|NRAK-[A-Z0-9]{27}|NRII-[A-Za-z0-9_-]{32}"
    r"|PMAK-[0-9a-f]{24}-[0-9a-f]{34}"
    r"|lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"
    r"|[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,40}"
    r"|sq0(?:csp|atp|idp)-[A-Za-z0-9_-]{22,60}|EAAA[A-Za-z0-9_-]{60}"
    r"|r8_[A-Za-z0-9]{37}|gsk_[A-Za-z0-9]{48,60}|xai-[A-Za-z0-9]{70,90}|pplx-[A-Za-z0-9]{40,60}|fc-[0-9a-f]{32}"
    r"|rubygems_[0-9a-f]{48}|sntrys_[A-Za-z0-9+/=_-]{40,300}|phc_[A-Za-z0-9]{40,60}|figd_[A-Za-z0-9_-]{40,60}"
    r")(?![A-Za-z0-9])"
)
_SK_KEY: Final = re.compile(
    r"(?<![A-Za-z0-9])sk-(?:proj-|ant-|or-|live-|svcacct-)?[A-Za-z0-9_-]{20,250}(?![A-Za-z0-9])"
)
_TOKEN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9_.+/=~%$-]{16})(?:"
    r"gh[pousr]_[A-Za-z0-9]{36,255}"
    r"|github_pat_[A-Za-z0-9_]{22,255}"
    r"|gl(?:pat|dt|rt|soat|ptt|cbt|imt|agent)-[A-Za-z0-9_.-]{20,80}"
    r"|xox[abdeoprs](?:\.xox[bp])?-[A-Za-z0-9%/+=-]{10,250}|xapp-\d-[A-Za-z0-9-]{20,200}"
    r"|npm_[A-Za-z0-9]{36}"
    r"|pypi-[A-Za-z0-9_-]{50,250}"
    r"|ya29\.[A-Za-z0-9_-]{20,250}|1//0[A-Za-z0-9_-]{40,250}"
    r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|sl\.(?:u\.)?[A-Za-z0-9_-]{100,250}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,50}"
    r"|tskey-[a-z]{2,20}-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,60}"
    r"|fm[12][a-z]?_[A-Za-z0-9+/=_,-]{80,1000}|EAA[A-Za-z0-9]{80,250}|access_token\$[a-z]{4,12}\$[0-9a-z]{16}\$[0-9a-f]{32}"
    r"|ops_eyJ[A-Za-z0-9+/=_-]{200,2000}|sk\.eyJ[A-Za-z0-9_-]{20,300}\.[A-Za-z0-9_-]{20,40}"
    r"|shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}"
    r"|dapi[0-9a-f]{32}(?:-\d)?"
    r"|ATATT3[A-Za-z0-9_=-]{60,250}|ATBB[A-Za-z0-9]{28,40}"
    r"|ntn_[A-Za-z0-9]{40,60}|secret_[A-Za-z0-9]{43}"
    r"|glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/=]{32,250}"
    r"|dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,60}"
    r"|hv[sbr]\.[A-Za-z0-9_-]{24,250}"
    r"|pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64}"
    r"|sbp_[0-9a-f]{40}|fo1_[A-Za-z0-9_-]{43}|fio-u-[A-Za-z0-9_=-]{64}|dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}"
    r"|[MNO][A-Za-z0-9_-]{23,26}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}"
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{0,2000}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{22}"
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{16,1000}"
    r")(?![A-Za-z0-9])"
    r"|LS0tLS1CRUdJTi[A-Za-z0-9+/]{0,20}(?:BSSVZBVEUgS0VZ|UFJJVkFURSBLRVk|QUklWQVRFIEtFW)[A-Za-z0-9+/=]{20,8000}"
    r"|(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{32,34}(?![A-Za-z0-9])"
    r"|https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{20,120}"
    r"|https://(?:discord|discordapp)\.com/api/webhooks/\d{15,20}/[A-Za-z0-9_-]{60,80}"
    r"|https://[a-z0-9-]{1,60}\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]{60,200}"
)


# Forms that begin with nothing of their own, each with what must be in the text.
_BY_MIDDLE: Final = (
    ("AZDO", re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])")),
    (".atlasv1.", re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70}(?![A-Za-z0-9])")),
)


def formed_secrets(text: str) -> Iterator[tuple[FormedKind, int, int]]:
    """Kind, start and end of each."""
    if "PRIVATE KEY" in text or "PuTTY-User-Key" in text or "AGE-SECRET-KEY" in text:
        for match in _PRIVATE_KEY.finditer(text):
            yield "private_key", match.start(), match.end()
    for match in _API_KEY.finditer(text):
        yield "api_key", match.start(), match.end()
    for match in _SK_KEY.finditer(text):
        if looks_random(match[0]):
            yield "api_key", match.start(), match.end()
    for middle, pattern in _BY_MIDDLE:
        for match in pattern.finditer(text) if middle in text else ():
            yield "token", match.start(), match.end()
    for match in _TOKEN.finditer(text):
        yield "token", match.start(), match.end()
