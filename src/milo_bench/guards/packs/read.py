"""A rule and a language in, the words and forms that the rule knows of that language out, as read from their TOML file.

One folder a rule, one file a language (ISO 639-1). Installed packages bring more languages: an entry point of the
group ``milo_bench.languages`` names a package that holds ``RULE/LANGUAGE.toml`` files and needs no code.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal, TypeAlias

from milo_bench.core.errors import ConfigError
from milo_bench.core.once import once
from milo_bench.core.registry import installed_entries
from milo_bench.core.suggest import hint_for

Rule: TypeAlias = Literal[
    "sentences",
    "dates",
    "amounts",
    "facts",
    "personal",
    "promises",
    "certainty",
    "keywords",
    "policy_text",
    "status",
    "requests",
    "coverage",
    "reviewed",
    "missing",
]

_OWN: Final = "milo_bench.guards.packs"
_INSTALLED: Final = "milo_bench.languages"


@once
def languages_of(rule: Rule) -> tuple[str, ...]:
    """The ISO 639-1 codes of the languages that ``rule`` has a file for, in order."""
    return tuple(sorted(_files(rule)))


@once
def read_pack(rule: Rule, language: str) -> dict[str, Any]:
    """The file of ``rule`` for ``language``, empty where there is none; ConfigError for one that is no TOML."""
    file = _files(rule).get(language)
    if file is None:
        return {}
    try:
        pack = _read_toml(file)
    except ValueError as error:  # no TOML, or not in UTF-8
        message = f"The language file {rule}/{file.name} cannot be read: {error}"
        raise ConfigError(message, hint="it must be TOML in UTF-8, like those in docs/how-to/extend.md.") from None
    unknown = sorted(pack.keys() - known_keys(rule)) if not _is_own(rule, language) else []
    if unknown:
        message = f"The language file {rule}/{file.name} has a key that no rule reads: '{unknown[0]}'."
        raise ConfigError(message, hint=hint_for(unknown[0], known_keys(rule), noun="keys"))
    return pack


@once
def known_keys(rule: Rule) -> frozenset[str]:
    """The keys that a file of ``rule`` can have: those of the built-in files, and ``measured``."""
    folder = resources.files(_OWN).joinpath(rule)
    files = [one for one in folder.iterdir() if one.name.endswith(".toml")]
    return frozenset({"measured"}.union(*(_read_toml(one) for one in files)))


def _is_own(rule: Rule, language: str) -> bool:
    return resources.files(_OWN).joinpath(rule, f"{language}.toml").is_file()


@once
def words(rule: Rule, language: str, name: str) -> frozenset[str]:
    """The words that the file lists under ``name``: parted by spaces in a text, or one by one in a list."""
    value = read_pack(rule, language).get(name, "")
    return frozenset(value.split() if isinstance(value, str) else map(str, value))


@once
def beginnings(rule: Rule, language: str, name: str) -> tuple[str, ...]:
    """The texts that the file lists under ``name``, case-folded, for ``str.startswith``."""
    return tuple(text.casefold() for text in words(rule, language, name))


@once
def _files(rule: Rule) -> dict[str, Traversable]:
    found: dict[str, Traversable] = {}
    packages = [entry.value for entries in installed_entries(_INSTALLED).values() for entry in entries]
    for package in (*packages, _OWN):  # ours last: a package cannot replace a language that is built in
        try:
            folder = resources.files(package).joinpath(rule)
        except (ImportError, TypeError):
            message = f"The language package '{package}' is not installed as it should be."
            raise ConfigError(
                message,
                hint=f"its entry point of {_INSTALLED} must name a package that is installed with its files.",
            ) from None
        if folder.is_dir():
            found |= {one.name.removesuffix(".toml"): one for one in folder.iterdir() if one.name.endswith(".toml")}
    return found


def _read_toml(file: Traversable) -> dict[str, Any]:
    import tomllib  # 0.6 MB, which a program whose rules read no language goes without

    return tomllib.loads(file.read_text(encoding="utf-8"))
