"""bench.yaml in, checked settings out; every mistake is named with its line and what to write instead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from milo_bench.config.checked import Checked, CheckedFile, FileKind, Mistake, load_checked, mistakes_in
from milo_bench.config.fleet import FleetConfig
from milo_bench.config.gateway import GatewayConfig
from milo_bench.config.hosts import canonical_host, is_http_address, is_inside
from milo_bench.config.target_settings import API_SETTINGS
from milo_bench.config.written import Problem, as_error
from milo_bench.core.errors import UsageError
from milo_bench.core.records import Price, StoreText
from milo_bench.core.suggest import hint_for
from milo_bench.core.text import one_line, visible

CONFIG_NAME = "bench.yaml"


# Names that no public server has.
_OWN_ZONES = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test", ".invalid")


def is_own_network(base_url: str) -> bool:
    """Whether an address can only be in the reader's own network: a bare name, a local zone, a private address."""
    try:
        host = canonical_host(urlsplit(base_url).hostname or "").removesuffix(".")
    except ValueError:
        return False
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return "." not in host or host.endswith(_OWN_ZONES)
    return is_inside(host)


Effort: TypeAlias = Literal["off", "low", "medium", "high"]
Thinking: TypeAlias = Effort | Annotated[int, Field(gt=0, le=1_000_000)]
"""Tokens that a model may think beside its answer, an effort, or no thinking at all."""


def _wrong_with_name(name: str) -> str:
    """What keeps ``name`` from being one of the names in ``--models a,b``; "" where nothing does."""
    if "," in name:
        return "contains a comma, which separates names in --models"
    if not name or name != name.strip():
        return "is empty or begins or ends with a space"
    return "contains a control character or line break" if visible(name, keep="") != name else ""


def _without_user(url: str) -> str:
    """What may be repeated of an address: not the password that people write into one."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return one_line(f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}" if rest else url)


class PriceConfig(Checked):
    """US dollars for a million tokens."""

    input_usd_per_mtok: float = Field(ge=0, description="Price of a million tokens of prompts.")
    output_usd_per_mtok: float = Field(ge=0, description="Price of a million tokens of answers.")
    source: str = Field(default="", description="Where the price comes from, as reports show it.")


class TargetConfig(Checked):
    """One target of bench.yaml: a model, where it is served, and how requests to it are worded."""

    name: SkipJsonSchema[str] = ""  # the key under 'targets'
    api: str = Field(description="API of the server: `openai`, `ollama`, `llamacpp` (a server of our own) or `fake`.")
    model: str = Field(default="", description="Name of the model in requests.")
    base_url: str | None = Field(
        default=None, description="Address of the server. For `openai` it usually ends in `/v1`. A query is not sent."
    )
    api_key_env: str | None = Field(
        default=None, description="Environment variable that contains the key. A key itself is refused."
    )
    hosted: bool = Field(
        default=False,
        description="Whether another organisation runs the server. Required for an address outside your network.",
    )
    quantisation: str = Field(default="", description="Quantisation of the weights, if the server does not say it.")
    family: str = Field(default="", description="Family of the model, if the server does not say it.")
    context_window: int | None = Field(
        default=None, gt=0, le=2**31 - 1, description="Context window in tokens. `ollama` and `llamacpp` are set to it."
    )
    price: PriceConfig | None = Field(default=None, description="Price of a hosted model.")
    weights: str | None = Field(
        default=None, description="GGUF file, or `builtin:smollm2` or `builtin:smollm2-q4_0` for the demo's weights."
    )
    threads: int | None = Field(
        default=None, gt=0, le=4096, description="Threads of the CPU for `llamacpp` or `ollama`."
    )
    parallel: int | None = Field(default=None, gt=0, le=4096, description="Slots of a `llamacpp` server.")
    gpu_layers: int | None = Field(
        default=None, ge=0, le=1_000_000, description="Layers on the GPU for `llamacpp` or `ollama`."
    )
    headers_env: dict[str, str] = Field(
        default={}, description="Further request headers, each with the environment variable that contains its value."
    )
    proxy: str | None = Field(
        default=None,
        description="Proxy before the server. Without it, https goes through `HTTPS_PROXY`, if that is set.",
    )
    ca_file: str | None = Field(
        default=None, description="PEM file of certificate authorities to trust besides the system's."
    )
    script: str | None = Field(default=None, description="File of scripted answers of a `fake` target.")
    sees: bool = Field(default=False, description="Whether the model takes pictures.")
    thinking: Thinking | None = Field(
        default=None, description="Tokens for thinking beside those of the answer, an effort, or `off`."
    )
    system: Literal["keep", "merge"] = Field(
        default="keep",
        description="`merge` puts a system message into the first one of the user, for templates that refuse one.",
    )
    settings: dict[str, Any] = Field(default={}, description="Settings of the API. Each API has its own, listed below.")

    @model_validator(mode="before")
    @classmethod
    def _has_no_key(cls, data: Any) -> Any:
        for setting in ("api_key", "key", "token", "password"):
            if isinstance(data, Mapping) and setting in data:
                said = f"has '{setting}', but keys do not belong in files"
                raise Mistake(said, "put the key into an environment variable and name that: api_key_env: MY_KEY")
        return data

    @field_validator("thinking", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        if value is False:  # YAML reads the bare word off so
            return "off"
        if value is True:
            raise Mistake("is true, but how much is missing", "write a number of tokens, or low, medium or high.")
        return value

    @field_validator("base_url", "proxy")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not is_http_address(value):
            raise Mistake(f"'{_without_user(value)}' is not an http(s) address", "write http://HOST:PORT or https://…")
        return value

    @field_validator("api_key_env")
    @classmethod
    def _is_a_name_and_no_key(cls, value: str | None) -> str | None:
        # What does not look like a name may be the key itself, so it is not repeated.
        if value is not None and not (value.isascii() and value.isidentifier()):
            raise Mistake("must be the name of the environment variable that holds the key")
        return value

    @model_validator(mode="after")
    def _says_whether_it_is_hosted(self) -> TargetConfig:
        host = urlsplit(self.base_url or "").hostname
        if "hosted" not in self.model_fields_set and host and not is_own_network(self.base_url or ""):
            raise Mistake(f"{host} is outside your network", "write 'hosted: true', or 'hosted: false' if it is yours.")
        return self

    @model_validator(mode="after")
    def _has_what_its_api_needs(self) -> TargetConfig:
        if self.api == "openai" and not self.base_url:
            raise Mistake("an 'openai' target needs base_url", "add 'base_url: http://127.0.0.1:8080/v1'.")
        if self.api in ("openai", "ollama") and not self.model:
            raise Mistake(f"an '{self.api}' target needs model", "add 'model: NAME'.")
        if self.api == "llamacpp" and not self.weights:
            raise Mistake("a 'llamacpp' target needs weights", "name a GGUF file, or builtin:smollm2.")
        if self.api == "fake" and not self.script:
            raise Mistake("a 'fake' target needs script", "name a file of scripted answers.")
        return self

    @property
    def inside_only(self) -> bool:
        """Nobody said whether it is hosted, so it is reached inside the team's own network or not at all."""
        return not self.hosted and "hosted" not in self.model_fields_set

    def price_record(self) -> Price | None:
        if self.price is None:
            return None
        return Price(self.price.input_usd_per_mtok, self.price.output_usd_per_mtok, self.price.source)


class PrivacyConfig(Checked):
    """How much text a run log keeps (all of it, redacted, or only hashes), and for how many days.

    ``milo-bench erase --expired`` erases texts that are older than ``keep_text_days``.
    """

    store_text: StoreText = Field(default="full", description="How much text of fixtures and answers a log keeps.")
    keep_text_days: int | None = Field(
        default=None, gt=0, le=36_500, description="How many days a log keeps text. Without it, text is never due."
    )


class SigningConfig(Checked):
    """Where ``milo-bench sign`` enters a signature."""

    transparency_log: str = Field(
        default="", description="Address of a transparency log with Rekor's API. Empty: none."
    )

    @field_validator("transparency_log")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise Mistake(f"'{one_line(value)}' is not an http(s) address", "write https://HOST.")
        return value


class RunConfig(Checked):
    """Defaults of ``milo-bench run``, which its flags override. The gateway has the same timeouts, in seconds."""

    concurrency: int = Field(default=1, gt=0, le=4096, description="Concurrent requests to each target.")
    repeats: int = Field(default=1, gt=0, le=10_000, description="How often each fixture is sent.")
    retries: int = Field(default=0, ge=0, le=100, description="How often a request is sent again after a failure.")
    connect_timeout_s: float = Field(
        default=10.0, gt=0, le=86_400, description="How long a connection may take to open."
    )
    first_token_timeout_s: float = Field(
        default=120.0, gt=0, le=86_400, description="How long the first token may take to arrive."
    )
    total_timeout_s: float = Field(
        default=300.0, gt=0, le=86_400, description="How long a whole answer may take to arrive."
    )
    fingerprint: bool = Field(
        default=True,
        description="Whether each target gets 16 short fixed prompts first, by which `gate` notices a swapped model.",
    )


class Settings(CheckedFile):
    """All of bench.yaml. Where there is no file, the two targets of the demo are there."""

    file_name: ClassVar[str] = CONFIG_NAME

    targets: dict[str, TargetConfig] = Field(default={}, description="The models to measure and to serve, by name.")
    privacy: PrivacyConfig = Field(default=PrivacyConfig.usual(), description="How much text run logs keep.")
    signing: SigningConfig = Field(default=SigningConfig.usual(), description="Where signatures are entered.")
    run: RunConfig = Field(default=RunConfig.usual(), description="Defaults of `milo-bench run`.")
    gateway: GatewayConfig = Field(default=GatewayConfig.usual(), description="Settings of `milo-bench serve`.")
    fleet: FleetConfig = Field(default=FleetConfig.usual(), description="Settings of `--on ray`.")

    def problems(self) -> Iterable[Problem]:
        """What is wrong in the ``settings`` of targets whose API is built in, and in where targets are placed."""
        for name in self.targets:
            if what := _wrong_with_name(name):
                where = self.where("targets", name)
                yield Problem(where, f"the target name '{one_line(name)}' {what}", "choose another name.")
        known = {*self.targets, *BUILTIN_TARGETS}
        for name in self.fleet.placement:
            if name not in known:
                where = self.where("fleet", "placement", name)
                yield Problem(
                    where, f"fleet.placement: unknown target '{one_line(name)}'", hint_for(name, known, noun="targets")
                )
        for name, target in self.targets.items():
            model = API_SETTINGS.get(target.api)
            for keys, what, hint in mistakes_in(model, target.settings) if model is not None else ():
                where = self.where("targets", name, "settings", *keys)
                yield Problem(where, f"targets.{name}.settings: {what}", hint or "see docs/reference/settings.md.")

    def with_targets(self, targets: Mapping[str, TargetConfig]) -> Settings:
        """These settings with ``targets`` beside their own; a target of the same name replaces the one here."""
        named = {name: config.model_copy(update={"name": name}) for name, config in targets.items()}
        return self.model_copy(update={"targets": {**self.targets, **named}})

    def target(self, name: str) -> TargetConfig:
        """The target called ``name``; UsageError with a suggestion where there is none."""
        if name not in self.targets:
            where = f"in {self.path}" if self.path else "among the built-in targets (bench.yaml is missing here)"
            message = f"Unknown target '{name}' {where}."
            raise UsageError(message, hint=hint_for(name, self.targets, noun="targets"))
        return self.targets[name]


BUILTIN_TARGETS: Mapping[str, TargetConfig] = {
    "smollm2": TargetConfig(
        name="smollm2",
        api="llamacpp",
        model="SmolLM2-135M-Instruct",
        weights="builtin:smollm2",
        quantisation="Q4_1",
        family="smollm2",
        context_window=8192,
    ),
    "smollm2_q4_0": TargetConfig(
        name="smollm2_q4_0",
        api="llamacpp",
        model="SmolLM2-135M-Instruct",
        weights="builtin:smollm2-q4_0",
        quantisation="Q4_0",
        family="smollm2",
        context_window=8192,
    ),
}


SETTINGS_FILE: Final = FileKind(
    Settings,
    start="start it with 'targets:', or write one with 'milo-bench init'.",
    manual="docs/reference/settings.md",
    where_from="write one with 'milo-bench init', or name another with --config.",
)


def load_settings(path: Path | None, env: Mapping[str, str], *, apis: Collection[str]) -> Settings:
    """Read ``path``, else ``$MILO_BENCH_CONFIG``, else ./bench.yaml, else built-in targets alone.

    ``apis`` are the names that a target's ``api`` may have.
    Built-in targets stay available beside those of a file, which may replace them by name.
    Raises ConfigError naming file, line and remedy of every mistake.
    """
    named = path or (Path(env["MILO_BENCH_CONFIG"]) if env.get("MILO_BENCH_CONFIG") else None)
    file = named or Path(CONFIG_NAME)
    if named is None and not file.exists():
        return Settings(targets=dict(BUILTIN_TARGETS))
    settings = load_checked(file, SETTINGS_FILE)
    unknown = [
        Problem(settings.where("targets", name, "api"), f"targets.{name}.api is '{one_line(target.api)}'", hint)
        for name, target in settings.targets.items()
        if target.api not in apis and (hint := hint_for(target.api, apis))
    ]
    if unknown:
        raise as_error(unknown)
    named_targets = {name: target.model_copy(update={"name": name}) for name, target in settings.targets.items()}
    return settings.model_copy(update={"targets": {**BUILTIN_TARGETS, **named_targets}})
