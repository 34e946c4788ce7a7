"""Names, values, command lines in; the same with everything secret-looking hidden out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from milo_bench.core.text import visible

HIDDEN = "(hidden)"
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTHORIZATION|COOKIE", re.IGNORECASE)
# Names that hold such a word and no secret: tokenizers, files and variables where a key is kept.
_PLAIN = re.compile(r"(?:TOKENIZER[A-Z_-]*|[_-](?:FILE|PATH|ENV|DIR))$|TOKENIZERS_", re.IGNORECASE)
_TOKEN_COUNT = re.compile(r"(?:MAX|MIN|NUM|BATCH|PREFILL|CONTEXT).*TOKENS$", re.IGNORECASE)
_SHORT_SECRETS = ("-hft",)  # llama-server's --hf-token
_USER_INFO = re.compile(r"(://)[^/@\s]+@")
_QUERY = re.compile(r"([?&;][^=&\s]*(?:key|token|secret|password)[^=&\s]*=)[^&\s]+", re.IGNORECASE)
_JSON_FIELD = re.compile(r'("[^"]*(?:key|token|secret|password)"\s*:\s*)"[^"]*"', re.IGNORECASE)
_LOOKS_SECRET = re.compile(r"\b(?:sk-|hf_|ghp_|gho_|glpat-|xox[abp]-|nvapi-|AKIA)[A-Za-z0-9_-]{8,}|\bBearer\s+\S+")
_ASSIGNMENT = re.compile(r"^(-{0,2}[A-Za-z_][\w.-]*)=(.*)$", re.DOTALL)
_VALUE_LIMIT = 2000


def is_secret_name(name: str) -> bool:
    """Whether a variable or flag of that name may hold a secret."""
    return name in _SHORT_SECRETS or (bool(_SECRET.search(name)) and not _PLAIN.search(name))


def shown_value(name: str, value: str) -> str:
    """``value``, or ``(hidden)`` where the name or the value looks secret; control characters escaped."""
    if value and is_secret_name(name) and not _counts_tokens(name, value):
        return HIDDEN
    return shown_text(value)


def shown_text(value: str) -> str:
    """Without user info, keys in a query, and what looks like a key by itself."""
    value = _QUERY.sub(rf"\1{HIDDEN}", _USER_INFO.sub(rf"\1{HIDDEN}@", value))
    value = _LOOKS_SECRET.sub(HIDDEN, _JSON_FIELD.sub(rf'\1"{HIDDEN}"', value))
    if len(value) > _VALUE_LIMIT:
        value = f"{value[:_VALUE_LIMIT]}…"
    return visible(value, keep="")


def hidden_keys(data: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data with ``(hidden)`` for each text that is secret by its name, or looks like a key by itself."""
    return {
        name: HIDDEN if isinstance(value, str) and value and is_secret_name(str(name)) else _hidden_within(value)
        for name, value in data.items()
    }


def _hidden_within(value: Any) -> Any:
    if isinstance(value, Mapping):
        return hidden_keys(value)
    if isinstance(value, list | tuple):
        return [_hidden_within(one) for one in value]
    return _LOOKS_SECRET.sub(HIDDEN, value) if isinstance(value, str) else value


def shown_argv(argv: Sequence[str]) -> tuple[str, ...]:
    """A command line with the values of secret-looking flags and assignments hidden."""
    shown: list[str] = []
    flag, hiding = "", False  # hiding: a secret-looking flag came, and its values have not ended
    for word in argv:
        first = bool(flag)
        assignment = _ASSIGNMENT.match(word)
        # The word after such a flag is its value even where it starts with a dash; later ones end at a dash.
        # Some servers take several keys after one flag.
        if hiding and not word.startswith("--" if first else "-"):
            shown.append(shown_value(flag, word) if first else HIDDEN)
            hiding = hiding and shown[-1] == HIDDEN
            flag = ""
        elif assignment is not None:
            name, value = assignment.groups()
            # --env=NAME=VALUE is an assignment within an assignment.
            inner = shown_argv([value])[0] if _ASSIGNMENT.match(value) and not is_secret_name(name) else value
            shown.append(f"{name}={shown_value(name, inner)}")
            flag, hiding = "", False
        elif word.startswith("-"):
            shown.append(shown_text(word))
            flag, hiding = word, is_secret_name(word)
        else:
            shown.append(HIDDEN if _is_header_with_secret(word) else shown_text(word))
            flag, hiding = "", False
    return tuple(shown)


def shown_environment(env: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The variables called ``names``, sorted, each as ``shown_value`` gives it."""
    return {name: shown_value(name, env[name]) for name in sorted(names) if name in env}


def _counts_tokens(name: str, value: str) -> bool:
    return bool(_TOKEN_COUNT.search(name) and re.fullmatch(r"-?[0-9]{1,12}", value.strip()))


def _is_header_with_secret(word: str) -> bool:
    name, mark, _ = word.partition(":")
    return bool(mark) and is_secret_name(name)
