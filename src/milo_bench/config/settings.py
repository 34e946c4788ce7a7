"""bench.yaml in, checked settings out; every mistake is named with its line and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from milo_bench.config.text_file import read_written
from milo_bench.config.yaml_lines import LineMap, read_mapping
from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.records import Price, StoreText
from milo_bench.core.suggest import hint_for

Api = Literal["openai", "ollama", "llamacpp", "fake"]
CONFIG_NAME = "bench.yaml"


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


# Names that no public server has.
_OWN_ZONES = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test", ".invalid")


def is_own_network(base_url: str) -> bool:
    """Whether an address can only be in the reader's own network: a bare name, a local zone, a private address."""
    host = urlsplit(base_url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_OWN_ZONES)
    return address.is_private or address.is_loopback or address.is_link_local


class PriceConfig(_Checked):
    """US dollars for a million tokens."""

    input_usd_per_mtok: float = Field(ge=0)
    output_usd_per_mtok: float = Field(ge=0)
    source: str = ""


class TargetConfig(_Checked):
    """One target of bench.yaml.

    ``weights`` is a GGUF file, or ``builtin:smollm2`` / ``builtin:smollm2-q4_0`` for the weights
    of the demo. ``api_key_env`` names an environment variable; a key itself is refused.
    ``hosted`` must be said of a ``base_url`` that is a name or address beyond your own network.
    ``context_window`` is in tokens, ``parallel`` the number of slots of an embedded server.
    """

    name: str = ""
    api: Api
    model: str = ""
    base_url: str | None = None
    api_key_env: str | None = None
    hosted: bool = False
    quantisation: str = ""
    family: str = ""
    context_window: int | None = Field(default=None, gt=0)
    price: PriceConfig | None = None
    weights: str | None = None
    threads: int | None = Field(default=None, gt=0)
    parallel: int | None = Field(default=None, gt=0)
    gpu_layers: int | None = Field(default=None, ge=0)
    headers_env: dict[str, str] = {}
    proxy: str | None = None
    script: str | None = None
    settings: dict[str, Any] = {}

    @field_validator("base_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError(f"'{value}' is not an http(s) address: write http://HOST:PORT or https://…")
        return value

    @field_validator("api_key_env")
    @classmethod
    def _is_a_name_and_no_key(cls, value: str | None) -> str | None:
        # What does not look like a name may be the key itself, so it is not repeated.
        if value is not None and not (value.isascii() and value.isidentifier()):
            raise ValueError("must be the name of the environment variable that holds the key")
        return value

    @model_validator(mode="after")
    def _says_whether_it_is_hosted(self) -> TargetConfig:
        host = urlsplit(self.base_url or "").hostname
        if "hosted" not in self.model_fields_set and host and not is_own_network(self.base_url or ""):
            raise ValueError(f"write 'hosted: true', or 'hosted: false' if {host} is a server of your own")
        return self

    @model_validator(mode="after")
    def _has_what_its_api_needs(self) -> TargetConfig:
        if self.api == "openai" and not self.base_url:
            raise ValueError("an 'openai' target needs base_url, e.g. http://127.0.0.1:8080/v1")
        if self.api in ("openai", "ollama") and not self.model:
            raise ValueError(f"an '{self.api}' target needs model")
        if self.api == "llamacpp" and not self.weights:
            raise ValueError("a 'llamacpp' target needs weights: a GGUF file, or builtin:smollm2")
        if self.api == "fake" and not self.script:
            raise ValueError("a 'fake' target needs script: a file of scripted answers")
        return self

    def price_record(self) -> Price | None:
        if self.price is None:
            return None
        return Price(self.price.input_usd_per_mtok, self.price.output_usd_per_mtok, self.price.source)


class PrivacyConfig(_Checked):
    """How much text a run log keeps: all of it, redacted, or only hashes."""

    store_text: StoreText = "full"


class RunConfig(_Checked):
    """Defaults of ``milo-bench run``; flags win over them. Timeouts in seconds."""

    concurrency: int = Field(default=1, gt=0)
    repeats: int = Field(default=1, gt=0)
    retries: int = Field(default=0, ge=0)
    connect_timeout_s: float = Field(default=10.0, gt=0)
    first_token_timeout_s: float = Field(default=120.0, gt=0)
    total_timeout_s: float = Field(default=300.0, gt=0)


class Settings(_Checked):
    """All of bench.yaml. Where there is no file, the two targets of the demo are there."""

    targets: dict[str, TargetConfig] = {}
    privacy: PrivacyConfig = PrivacyConfig()
    run: RunConfig = RunConfig()
    path: Path | None = None

    def with_targets(self, targets: Mapping[str, TargetConfig]) -> Settings:
        """These settings with ``targets`` beside their own; a target of the same name replaces the one here."""
        named = {name: config.model_copy(update={"name": name}) for name, config in targets.items()}
        return self.model_copy(update={"targets": {**self.targets, **named}})

    def target(self, name: str) -> TargetConfig:
        """The target called ``name``; UsageError with a suggestion where there is none."""
        if name not in self.targets:
            where = f"in {self.path}" if self.path else "among the built-in targets (there is no bench.yaml here)"
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


def load_settings(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Read ``path``, else ``$MILO_BENCH_CONFIG``, else ./bench.yaml, else built-in targets alone.

    Built-in targets stay available beside those of a file, which may replace them by name.
    Raises ConfigError naming file, line and remedy.
    """
    named = path or (Path(env["MILO_BENCH_CONFIG"]) if env.get("MILO_BENCH_CONFIG") else None)
    file = named or Path(CONFIG_NAME)
    if named is None and not file.exists():
        return Settings(targets=dict(BUILTIN_TARGETS))
    text = read_written(file, where_from="write one with 'milo-bench init', or name another with --config.")
    data, lines = read_mapping(
        text,
        name=str(file),
        start="start it with 'targets:', or write one with 'milo-bench init'.",
        settings=[field for field in Settings.model_fields if field != "path"],
        kept=("path",),
    )
    targets = data.get("targets")
    if isinstance(targets, dict):
        for name, target in targets.items():
            if isinstance(target, dict):
                _refuse_a_key_in_the_file(file, str(name), target, lines)
    try:
        settings = Settings.model_validate({**data, "path": file})
    except ValidationError as error:
        raise _readable(file, error, lines) from None
    named_targets = {name: target.model_copy(update={"name": name}) for name, target in settings.targets.items()}
    return settings.model_copy(update={"targets": {**BUILTIN_TARGETS, **named_targets}})


def _refuse_a_key_in_the_file(file: Path, name: str, target: Mapping[str, Any], lines: LineMap) -> None:
    for field in ("api_key", "key", "token", "password"):
        if field in target:
            line = lines.get(("targets", name, field))
            message = f"{file}{_line(line)}: target '{name}' has '{field}', but keys do not belong in files."
            raise ConfigError(
                message, hint="put the key into an environment variable and name that: api_key_env: MY_KEY"
            )


def _line(line: int | None) -> str:
    return f" line {line}" if line else ""


def _readable(file: Path, error: ValidationError, lines: LineMap) -> ConfigError:
    """The first mistake as a sentence; how many more there are in the hint."""
    problems = error.errors()
    first = problems[0]
    place = tuple(str(part) for part in first["loc"])
    known = _fields_at(place[:-1])
    where = ".".join(place)
    line = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), None)
    if first["type"] == "extra_forbidden":
        said, hint = f"unknown setting '{where}'", hint_for(place[-1], known, noun="settings")
    else:
        text = first["msg"].removeprefix("Value error, ")
        said, hint = f"{where}: {text[0].lower()}{text[1:]}" if where else text, ""
        context = first.get("ctx", {})
        if first["type"] == "literal_error" and isinstance(first["input"], str):
            choices = [part.strip(" '") for part in str(context.get("expected", "")).replace(" or ", ",").split(",")]
            said, hint = f"{where} is '{first['input']}'", hint_for(first["input"], choices)
    if len(problems) > 1:
        hint = f"{hint} {len(problems) - 1} more after this one.".strip()
    message = f"{file}{_line(line)}: {said}."
    return ConfigError(message, hint=hint or "see docs/reference/settings.md.")


def _fields_at(place: tuple[str, ...]) -> Iterable[str]:
    match place:
        case ("targets", _):
            return [name for name in TargetConfig.model_fields if name != "name"]
        case ("targets", _, "price"):
            return list(PriceConfig.model_fields)
        case ("privacy",):
            return list(PrivacyConfig.model_fields)
        case ("run",):
            return list(RunConfig.model_fields)
        case _:
            return [name for name in Settings.model_fields if name != "path"]
