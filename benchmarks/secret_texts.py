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

# {kind} is where the secret is.
WITH_SECRET: Final = (
    "aws_access_key_id = {aws_id}",
    "export AWS_ACCESS_KEY_ID={aws_temporary}\nexport AWS_REGION=eu-central-1",
    "Our account key is {aws_id}, please rotate it.",
    "aws_secret_access_key = {aws_secret}",
    "AWS_SECRET_ACCESS_KEY={aws_secret}\n",
    '{{"accessKeyId": "x", "secretAccessKey": "{aws_secret}"}}',
    "const maps = 'https://maps.googleapis.com/maps/api/js?key={google}&v=3';",
    "Der Schlüssel für die Karten ist {google}.",
    '"client_secret": "{google_client}",',
    "curl -H 'Authorization: Bearer {google_oauth}' https://www.googleapis.com/x",
    "OPENAI_API_KEY={openai}",
    "client = OpenAI(api_key='{openai_project}')",
    "I pasted the key {openai_project} into the ticket by mistake",
    "ANTHROPIC_API_KEY: {anthropic}",
    "x-api-key: {anthropic}",
    'stripe.api_key = "{stripe}"',
    "Bitte nimm {stripe} für den Livebetrieb",
    "endpoint secret {stripe_hook}",
    "STRIPE_WEBHOOK_SECRET={stripe_hook}",
    "git clone https://{github}@github.com/acme/app.git",
    "GITHUB_TOKEN: {github_fine}",
    "token for the pipeline: {gitlab}",
    "SLACK_BOT_TOKEN={slack}",
    "Post it to {slack_hook} please",
    "webhook_url: {slack_hook}",
    "//registry.npmjs.org/:_authToken={npm}",
    "[pypi]\nusername = __token__\npassword = {pypi}",
    "sendgrid.setApiKey('{sendgrid}')",
    "TWILIO_API_KEY={twilio}",
    "api:{mailgun}",
    "MAILCHIMP_API_KEY={mailchimp}",
    "mailchimp key {mailchimp}",
    "huggingface-cli login --token {hugging_face}",
    "Authorization: Bearer {jwt}",
    "Cookie: session={jwt}; path=/",
    "authorization: bearer {opaque}",
    "Authorization: Basic {basic}",
    "Authorization: Token {hex32}",
    "AccountName=acme;AccountKey={azure_storage};EndpointSuffix=core.windows.net",
    "AZURE_CLIENT_SECRET={azure_client}",
    "Secret value of the app registration: {azure_client}",
    "SharedAccessKey={wireguard}",
    "X-Shopify-Access-Token: {shopify}",
    "square: {square}",
    "doctl auth init -t {digital_ocean}",
    "NEW_RELIC_API_KEY={new_relic}",
    "databricks configure --token\nhost: https://x\n{databricks}",
    "jira token {atlassian}",
    "LINEAR_KEY={linear}",
    "notion: {notion}",
    "Postman key is {postman}",
    "grafana service account {grafana}",
    "DOPPLER_TOKEN={doppler}",
    "VAULT_TOKEN={vault}",
    "pscale --service-token {planetscale}",
    "# created: 2025-01-01\n{age}",
    "bot = telegram.Bot('{telegram}')",
    "https://api.telegram.org/bot{telegram}/getMe",
    "HEROKU_API_KEY={uuid}",
    "api_key: {uuid}",
    "apikey={hex32}",
    "DD_API_KEY={hex32}",
    '"apiKey": "{opaque}",',
    "api-key: '{hex64}'",
    "[Interface]\nPrivateKey = {wireguard}\nAddress = 10.0.0.2/32",
    "{rsa}",
    "Anbei der Schlüssel:\n\n{openssh}\n\nViele Grüße",
    "key: |\n{pkcs8}",
    "{pgp}\n",
    "postgres://app:{password}@db.acme.example:5432/claims",
    "DATABASE_URL=mysql://root:{password}@10.0.0.3/app",
    "mongodb+srv://svc:{password}@cluster0.acme.example/?retryWrites=true",
    "redis://:{password}@cache:6379/0",
    "ftp://meyer:{password}@ftp.acme.example/in",
    "amqp://worker:{password}@mq/prod",
    "password={password}",
    "db.password = {password}",
    "spring.datasource.password={password}",
    'DB_PASSWORD: "{password}"',
    "POSTGRES_PASSWORD={password}",
    "PGPASSWORD={password} psql -h db",
    '{{"user": "jo", "password": "{password}"}}',
    "'passwd' => '{password}',",
    "<password>{password}</password>",
    '<add key="Password" value="{password}" />',
    "Server=db;Database=x;User Id=sa;Password={password};Encrypt=true",
    "smtp_pass: '{password}'",
    "curl -u admin:{password} https://intern.acme.example/api",
    "curl --user meyer:'{password}' https://x.example",
    "sshpass -p '{password}' ssh root@10.0.0.1",
    "mysql -u root -p{password} claims",
    "machine ftp.acme.example login meyer password {password}",
    "net use Z: \\\\server\\share /user:meyer {password}",
    "Hello,\nyour password is {password}\nPlease change it.",
    "The new password for the portal: {password}",
    "user: meyer\npassword: {password}\n",
    "login meyer / password {password}",
    "Username: meyer, Password: {password}.",
    "pw: {password}",
    "PW {password}",
    "use the password {password} to open the file",
    'The zip is protected, the password: "{password}"',
    "Passwort: {password}",
    "Ihr neues Passwort lautet: {password}",
    "Das Passwort ist {password}",
    "Das Kennwort für das WLAN: {password}",
    "Zugangsdaten: Benutzer meyer, Kennwort {password}",
    "WLAN-Schlüssel: {password}",
    "WLAN Passwort {password} bitte nicht weitergeben",
    "PW: {password} (bitte ändern)",
    "Login: meyer | PW: {password}",
    "Benutzername: meyer Passwort: {password}",
    "Mot de passe : {password}",
    "Votre mot de passe est {password}",
    "Identifiant : meyer\nMot de passe : {password}",
    "Contraseña: {password}",
    "Su contraseña es {password}",
    "usuario: meyer, clave: {password}",
    "La password è {password}",
    "Wachtwoord: {password}",
    "PIN: {pin}",
    "Die PIN der Karte lautet {pin}",
    "PIN-Code: {pin}",
    "Ihr Einmalcode lautet {code}.",
    "Your verification code is {code}",
    "Use {code} as your one-time code.",
    "TAN: {code}",
    "Votre code de vérification est {code}",
    "client_id=abc&client_secret={opaque}",
    "https://api.acme.example/v1?access_token={opaque}",
    "https://x.blob.core.windows.net/c/f?sv=2022&sig={wireguard}",
    "refresh_token: {opaque}",
    "SECRET_KEY = '{opaque}'",
    "DJANGO_SECRET_KEY={password}{opaque}",
    "JWT_SECRET={hex64}",
    "encryption.key={hex64}",
    'session secret "{opaque}"',
)
# Texts without any secret. {kind} are values that look like one and are none.
WITHOUT: Final = (
    "The password is required for this form.",
    "Password: required",
    "Please reset your password on the login page.",
    "Your password expires in 14 days.",
    "Passwort vergessen? Klicken Sie hier.",
    "Das Passwort ist falsch.",
    "Ihr Kennwort läuft in 3 Tagen ab.",
    "Passwörter müssen mindestens 12 Zeichen haben.",
    "The password must have 8 characters, a digit and a sign.",
    "password: ********",
    "password = os.environ['DB_PASSWORD']",
    "password: ${{DB_PASSWORD}}",
    "DB_PASSWORD=$(cat /run/secrets/db)",
    "password={{{{ vault_password }}}}",
    "password: <your password>",
    "api_key = YOUR_API_KEY",
    "OPENAI_API_KEY=sk-...",
    "api_key: your-api-key-here",
    "token: null",
    "password: changeme",
    "const password = req.body.password;",
    "def login(user: str, password: str) -> bool:",
    "if password == confirm_password:",
    "self.password = password",
    "password = getpass.getpass()",
    "String password = config.getPassword();",
    "token = tokenizer.decode(ids)",
    "max_tokens: 4096",
    "prompt_tokens: 1250, completion_tokens: 310",
    "The token count is 2048.",
    "token_type: bearer",
    "key: value",
    "primary key: customer_id",
    "Key features: fast2load, 24h support",
    "API key management is described in chapter 4.2.",
    "The secret of good service: listening.",
    "Secret Santa: 12.12.2025, 17:00",
    "secret: false",
    "Commit {hex40} fixes it",
    "sha256:{hex64}",
    "SHA-256 of the file: {hex64}",
    "md5 {hex32}",
    'ETag: "{hex32}"',
    "request id {uuid}",
    '"id": "{uuid}"',
    "trace_id={hex32}",
    "X-Request-Id: {uuid}",
    "image: registry.acme.example/app@sha256:{hex64}",
    'integrity="sha512-{b64_64}"',
    "data:image/png;base64,{b64_96}",
    "Content-ID: <{uuid}@mail.acme.example>",
    "Message-ID: <{opaque}@mail.acme.example>",
    "Policy number 00123-AB-{digits8}",
    "Invoice INV-2025-{digits6}",
    "Rechnung Nr. 2025/{digits6}",
    "IBAN DE89 3704 0044 0532 0130 00",
    "Tracking number 1Z{upper16}",
    "ISBN 978-3-16-148410-0",
    "Order {upper8} shipped",
    "Serial number {upper12}",
    "VIN WVWZZZ1JZ3W386752",
    "Aktenzeichen 3 O {digits4}/25",
    "Vorgang {upper8}-{digits4}",
    "Claim {digits8} was closed on 12.03.2025.",
    "Part no. AB-{digits6}-XZ",
    "postgres://localhost:5432/claims",
    "https://acme.example:8443/login?next=/home",
    "postgres://user:password@localhost/db",
    "postgres://${{USER}}:${{PASS}}@db/x",
    "http://user:***@proxy:3128",
    "git@github.com:acme/app.git",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b64_32} meyer@acme",
    "-----BEGIN CERTIFICATE-----\n{b64_96}\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\n{b64_96}\n-----END PUBLIC KEY-----",
    "Put your -----BEGIN PRIVATE KEY----- line into the file.",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "Authorization: Basic realm=intern",
    "Use the header Authorization: Bearer YOUR_TOKEN_HERE_PLEASE",
    "Basic understanding of the matter",
    "Bearer of the policy: Müller-Lüdenscheidt",
    "PIN code entry is blocked after 3 attempts.",
    "Die PIN besteht aus 4 Ziffern.",
    "PIN vergessen",
    "Pin 13 is ground.",
    "TAN-Verfahren: pushTAN",
    "Your verification code was sent by SMS.",
    "Enter the code you received.",
    "Postcode: 80331",
    "Area code 0049",
    "Error code 500123",
    "code: E4711",
    "Status code is 404",
    "Zugangscode erhalten Sie per Post.",
    "Access code: see the letter",
    "The key is under the mat.",
    "Der Schlüssel liegt beim Hausmeister.",
    "Schlüssel: 2 Stück übergeben",
    "WLAN: Gastnetz, Zugang am Empfang",
    "The WiFi is called Acme-Guest-2025.",
    "Mot de passe oublié ?",
    "Le mot de passe doit contenir 8 caractères.",
    "Contraseña incorrecta",
    "La contraseña es obligatoria.",
    "clave: ver manual",
    "Palabra clave: seguro de hogar 2025",
    "Wachtwoord vergeten?",
    "passport: C01X00T47",
    "Pass number: 2025-{digits4}",
    "compass: 12.5 degrees",
    "bypass=true",
    "password_min_length = 12",
    "password_hash_algorithm: argon2id",
    "PasswordField(max_length=128)",
    "token_expiry: 3600s",
    "access_token_url: https://login.acme.example/oauth2/token",
    "client_secret_basic",
    "api_key_header: X-Api-Key",
    "secretKeyRef: {{name: db, key: password-v2}}",
    "existingSecret: postgres-credentials-v2",
    "passwordSecretName: db-password-2025",
    "keyboard layout: de-latin1-nodeadkeys",
    "monkey2: banana",
    "hotkey: Ctrl+Shift+P",
    "The hash is $2b$12 with bcrypt, the cost 12.",
    "See section 5.3.2-b of the contract.",
    "Meeting ID: 845 1234 5678",
    "Phone +49 89 1234567-21",
    "Amount: 12,500.00 EUR",
    "UUID v4 has 122 random bits.",
    "build 2025.11.29-rc1+{hex7}",
    "font-family: Inter-v12; color: #a1b2c3;",
    "sk-learn and scikit-learn are the same package.",
    "task-force_2025-workshop-notes-final-version",
    "risk-assessment-for-the-board-of-directors-2025",
    "AKIA is the prefix of key ids.",
    "Use ghp_ tokens only in the vault.",
)
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
