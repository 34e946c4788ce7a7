"""``python -m benchmarks.secret_texts``: what the finder of secrets finds of planted ones, and what it flags wrongly.

The texts are synthetic: sentences, settings and code as offices and developers write them, with values made at random
in the forms that the services document. None of the values was ever valid, and none is kept in a file. Templates are
parted into two halves by their digest. Rules are made on the tuning half, figures are those of the held-out half.
"""

from __future__ import annotations

import base64
import random
import string
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from benchmarks.secret_templates import WITH_SECRET, WITHOUT
from milo_bench.core.hashing import sha256_text
from milo_bench.guards.measured import wilson_95
from milo_bench.guards.secrets import find_secrets

SecretHalf = Literal["tuning", "held_out"]
SEED: Final = 20251129
PER_TEMPLATE: Final = 2
_ALNUM: Final = string.ascii_letters + string.digits
_URL: Final = _ALNUM + "-_"
_HEX: Final = "0123456789abcdef"


def _of(alphabet: str, length: int) -> Callable[[random.Random], str]:
    return lambda rng: "".join(rng.choice(alphabet) for _ in range(length))


def _after(prefix: str, alphabet: str, length: int) -> Callable[[random.Random], str]:
    return lambda rng: prefix + "".join(rng.choice(alphabet) for _ in range(length))


def _base64(length: int) -> Callable[[random.Random], str]:
    return lambda rng: base64.b64encode(rng.randbytes(length)).decode()


def _password(rng: random.Random) -> str:
    word = rng.choice(
        ("Sommer", "Winter", "Berlin", "tiger", "Hausboot", "coffee", "Passau", "dragon", "Libelle", "monkey")
    )
    number = str(rng.choice((rng.randrange(10, 99), rng.randrange(1980, 2027), rng.randrange(100, 999))))
    sign = rng.choice(("!", "#", "?", "_", "$", "", "-"))
    made = rng.choice((word + number + sign, word + sign + number, number + word + sign))
    return (
        made
        if rng.random() < 0.6
        else "".join(rng.choice(_ALNUM + "!#%&*+-_") for _ in range(rng.randrange(8, 16))) + "7a"
    )


def _pem(name: str) -> Callable[[random.Random], str]:
    def made(rng: random.Random) -> str:
        lines = [base64.b64encode(rng.randbytes(48)).decode() for _ in range(8)]
        return "\n".join((f"-----BEGIN {name}-----", *lines, f"-----END {name}-----"))

    return made


def _jwt(rng: random.Random) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    body = b'{"sub":"%d","name":"x"}' % rng.randrange(10**9)
    return ".".join((part(b'{"alg":"HS256","typ":"JWT"}'), part(body), part(rng.randbytes(32))))


def _basic(rng: random.Random) -> str:
    return base64.b64encode(f"user{rng.randrange(100)}:{_password(rng)}".encode()).decode()


VALUES: Final[dict[str, Callable[[random.Random], str]]] = {
    "aws_id": _after("AKIA", string.ascii_uppercase + "234567", 16),
    "aws_temporary": _after("ASIA", string.ascii_uppercase + "234567", 16),
    "aws_secret": _of(_ALNUM + "/+", 40),
    "google": _after("AIza", _URL, 35),
    "google_client": _after("GOCSPX-", _URL, 28),
    "google_oauth": _after("ya29.a0", _URL, 120),
    "openai": _after("sk-", _ALNUM, 48),
    "openai_project": _after("sk-proj-", _URL, 120),
    "anthropic": _after("sk-ant-api03-", _URL, 95),
    "stripe": _after("sk_live_", _ALNUM, 24),
    "stripe_hook": _after("whsec_", _ALNUM, 32),
    "github": _after("ghp_", _ALNUM, 36),
    "github_fine": _after("github_pat_", _ALNUM + "_", 82),
    "gitlab": _after("glpat-", _URL, 20),
    "slack": lambda rng: f"xoxb-{rng.randrange(10**11, 10**12)}-{rng.randrange(10**11, 10**12)}-{_of(_ALNUM, 24)(rng)}",
    "slack_hook": lambda rng: (
        f"https://hooks.slack.com/services/T{_of(string.ascii_uppercase + string.digits, 10)(rng)}"
        f"/B{_of(string.ascii_uppercase + string.digits, 10)(rng)}/{_of(_ALNUM, 24)(rng)}"
    ),
    "npm": _after("npm_", _ALNUM, 36),
    "pypi": _after("pypi-AgEIcHlwaS5vcmc", _URL, 70),
    "sendgrid": lambda rng: f"SG.{_of(_URL, 22)(rng)}.{_of(_URL, 43)(rng)}",
    "twilio": _after("SK", _HEX, 32),
    "mailgun": _after("key-", _HEX, 32),
    "mailchimp": lambda rng: f"{_of(_HEX, 32)(rng)}-us{rng.randrange(1, 21)}",
    "hugging_face": _after("hf_", _ALNUM, 34),
    "jwt": _jwt,
    "opaque": _of(_ALNUM, 32),
    "hex32": _of(_HEX, 32),
    "hex64": _of(_HEX, 64),
    "basic": _basic,
    "azure_storage": _base64(64),
    "azure_client": lambda rng: f"{_of(_ALNUM, 3)(rng)}8Q~{_of(_URL, 34)(rng)}",
    "shopify": _after("shpat_", _HEX, 32),
    "square": _after("sq0csp-", _URL, 43),
    "digital_ocean": _after("dop_v1_", _HEX, 64),
    "new_relic": _after("NRAK-", string.ascii_uppercase + string.digits, 27),
    "databricks": _after("dapi", _HEX, 32),
    "atlassian": _after("ATATT3xFfGF0", _URL, 180),
    "linear": _after("lin_api_", _ALNUM, 40),
    "notion": _after("ntn_", _ALNUM, 46),
    "postman": lambda rng: f"PMAK-{_of(_HEX, 24)(rng)}-{_of(_HEX, 34)(rng)}",
    "grafana": lambda rng: f"glsa_{_of(_ALNUM, 32)(rng)}_{_of(_HEX, 8)(rng)}",
    "doppler": _after("dp.pt.", _ALNUM, 43),
    "vault": _after("hvs.", _URL, 95),
    "planetscale": _after("pscale_tkn_", _URL, 43),
    "age": _after("AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "telegram": lambda rng: f"{rng.randrange(10**8, 10**10)}:AA{_of(_URL, 33)(rng)}",
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "wireguard": _base64(32),
    "rsa": _pem("RSA PRIVATE KEY"),
    "openssh": _pem("OPENSSH PRIVATE KEY"),
    "pkcs8": _pem("PRIVATE KEY"),
    "pgp": _pem("PGP PRIVATE KEY BLOCK"),
    "password": _password,
    "pin": lambda rng: f"{rng.randrange(10_000):04d}",
    "code": lambda rng: f"{rng.randrange(1_000_000):06d}",
}

_LOOKALIKES: Final[dict[str, Callable[[random.Random], str]]] = {
    "hex7": _of(_HEX, 7),
    "hex32": _of(_HEX, 32),
    "hex40": _of(_HEX, 40),
    "hex64": _of(_HEX, 64),
    "uuid": VALUES["uuid"],
    "opaque": VALUES["opaque"],
    "b64_32": _base64(32),
    "b64_64": _base64(64),
    "b64_96": _base64(96),
    "digits4": _of(string.digits, 4),
    "digits6": _of(string.digits, 6),
    "digits8": _of(string.digits, 8),
    "upper8": _of(string.ascii_uppercase + string.digits, 8),
    "upper12": _of(string.ascii_uppercase + string.digits, 12),
    "upper16": _of(string.ascii_uppercase + string.digits, 16),
}


@dataclass(frozen=True)
class PlantedText:
    """``secret`` is what stands in ``text``, "" where nothing does."""

    template: str
    text: str
    secret: str


@dataclass(frozen=True)
class SecretFigures:
    """``found`` of ``planted`` secrets were covered; ``right`` of ``flagged`` stretches are of a secret."""

    texts: int
    planted: int
    found: int
    flagged: int
    right: int
    missed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def recall(self) -> float:
        return self.found / self.planted

    @property
    def precision(self) -> float:
        return self.right / self.flagged


def planted_texts(half: SecretHalf, *, seed: int = SEED) -> Iterator[PlantedText]:
    """The texts of one half, two of each template."""
    for templates, values in ((WITH_SECRET, VALUES), (WITHOUT, _LOOKALIKES)):
        for template in templates:
            if half_of(template) != half:
                continue
            for number in range(PER_TEMPLATE):
                rng = random.Random(f"{seed}/{template}/{number}")  # these are to be no real secrets
                made = {kind: make(rng) for kind, make in values.items()}
                named = [kind for kind in values if f"{{{kind}}}" in template]
                secret = "".join(made[kind] for kind in sorted(named, key=template.index)) if values is VALUES else ""
                yield PlantedText(template, template.format(**made), secret)


def half_of(template: str) -> SecretHalf:
    """Decided by the template's digest, so that it cannot be chosen."""
    return "tuning" if int(sha256_text(template)[:8], 16) % 2 else "held_out"


def measure_secrets(half: SecretHalf, *, seed: int = SEED) -> SecretFigures:
    """What the finder finds in one half. A secret counts as found if nothing of its letters and digits is left."""
    texts = planted = found = flagged = right = 0
    missed, wrong = [], []
    for one in planted_texts(half, seed=seed):
        texts += 1
        start = one.text.find(one.secret) if one.secret else -1
        marked = set(range(start, start + len(one.secret))) if one.secret else set()
        gone: set[int] = set()
        for secret in find_secrets(one.text):
            flagged += 1
            covered = set(range(secret.start, secret.end))
            gone |= covered
            right += bool(covered & marked)
            if not covered & marked:
                wrong.append(f"{one.template!r}: {one.text[secret.start : secret.end]!r}")
        if one.secret:
            planted += 1
            whole = all(place in gone for place in marked if one.text[place].isalnum())
            found += whole
            if not whole:
                missed.append(one.text)
    return SecretFigures(texts, planted, found, flagged, right, tuple(missed), tuple(wrong))


def main() -> None:
    for half in ("tuning", "held_out"):
        got = measure_secrets(half)  # type: ignore[arg-type]  # the two halves
        recall, precision = wilson_95(got.found, got.planted), wilson_95(got.right, got.flagged)
        print(
            f"{half}: {got.texts} texts, recall {got.recall:.4f} {recall} of {got.planted}, "
            f"precision {got.precision:.4f} {precision} of {got.flagged}"
        )
        if "--show" in sys.argv and half == "tuning":
            for text in (*got.missed, *got.wrong):
                print(f"  {text!r}")


if __name__ == "__main__":
    main()
