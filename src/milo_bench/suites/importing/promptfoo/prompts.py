"""promptfoo's ``prompts:`` in, prompt files of a suite out; a prompt that a program makes is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import Problem, Written, read_written
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.suites.importing.promptfoo.files import files_named, what_it_is
from milo_bench.suites.importing.tables import source_text
from milo_bench.suites.prompts import variables_of

_MOST_PROMPTS: Final = 50
_TEXT_ENDINGS: Final = (".txt", ".md", ".json", ".jsonl", ".yaml", ".yml", ".j2")
_FILE_NAME: Final = re.compile(r"[\w./*-]+\.(?:txt|md|jsonl?|ya?ml|j2|[cm]?[jt]s|py|csv)(?::\w+)?")
_TEMPLATE: Final = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")
_INPUT: Final = re.compile(r"\{\{ input\['([^']+)'\] \}\}")
_IS_CHAT: Final = re.compile(r"""\s*(?:\[\s*(?:\{%.*?%\}\s*)*\{\s*"|-\s+)(?:role|content)\b""", re.DOTALL)
_TAG: Final = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_BREAK: Final = re.compile(r"(?m)^---[ \t]*$")


@dataclass
class Prompts:
    """``sources`` are prompt files, the first one the workload's own and the others its variants."""

    sources: list[str] = field(default_factory=list)
    lost: list[Problem] = field(default_factory=list)

    def variables(self) -> set[str]:
        """What each of them reads of a fixture's input."""
        found: set[str] = set()
        for source in self.sources:
            found.update(re.findall(r"input\['([^']+)'\]", source))
        return found


def read_prompts(written: Any, root: Path, where: str) -> Prompts:
    """Every prompt of a configuration in promptfoo's notation, below ``root``."""
    made = Prompts()
    listed = list(written) if isinstance(written, dict | list) else [] if written is None else [written]
    for number, one in enumerate(listed, 1):
        for text in _texts(one, root, where, made, f"prompt {number}"):
            if len(made.sources) >= _MOST_PROMPTS:
                made.lost.append(Problem(where, f"prompts after the first {_MOST_PROMPTS}", "add them in suite.yaml."))
                return made
            source = _source(text)
            if isinstance(source, str):
                made.sources.append(source)
            else:
                made.lost.append(Problem(where, f"prompt {number}: {source[0]}", source[1]))
    return made


def _texts(written: Any, root: Path, where: str, made: Prompts, named: str) -> Iterator[str]:
    if isinstance(written, dict):
        written = written.get("raw") or written.get("id")
    if not isinstance(written, str) or not written.strip():
        made.lost.append(Problem(where, named, "write it into the prompt file of the suite."))
        return
    if not (written.startswith("file://") or _FILE_NAME.fullmatch(written.strip())):
        yield written
        return
    paths = files_named(written, root, where)
    for path in [paths] if isinstance(paths, Problem) else paths:
        if isinstance(path, Problem):
            made.lost.append(path)
        elif path.suffix.lower() not in _TEXT_ENDINGS:
            said = f"{named}: '{path.name}': {what_it_is(path)[0]}"
            made.lost.append(Problem(where, said, "write the prompt that it makes into the suite."))
        elif path.suffix.lower() == ".jsonl":
            yield from (line for line in source_text(path).splitlines() if line.strip())
        else:
            yield from _parts(source_text(path), path.suffix.lower())


def _parts(text: str, ending: str) -> list[str]:
    """Several prompts may be in one text, with a line of hyphens between two."""
    if ending in (".json", ".yaml", ".yml"):
        return [text]
    return [part for part in _BREAK.split(text) if part.strip()]


def _source(text: str) -> str | tuple[str, str]:
    """The prompt file; else what it has that a prompt file cannot do, and what to do."""
    messages = _messages(text)
    if messages is None and _IS_CHAT.match(text):
        return "its messages are made by a template", "write them into the prompt file of the suite."
    bodies = [("", text)] if messages is None else messages
    parts = []
    for role, body in bodies:
        converted = as_prompt(body)
        if not isinstance(converted, str):
            return converted
        parts.append(f"{{# role: {role} #}}\n{converted}" if role else converted)
    return "\n".join(parts) + "\n"


def as_prompt(text: str) -> str | tuple[str, str]:
    """Nunjucks as Jinja, with the variables under ``input``."""
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL).strip()
    plain = _TEMPLATE.sub(lambda match: f"{{{{ input[{match[1]!r}] }}}}", text)
    if not re.search(r"\{%", plain) and plain.count("{{") == len(_INPUT.findall(plain)):
        return plain
    jinja = _TAG.sub(lambda tag: _as_jinja(tag[0]), text)
    try:
        names = [name for name, _ in variables_of(jinja, "prompt")]
    except (ConfigError, DataError) as error:
        return _shortened(error.message), "write it into the prompt file of the suite, in Jinja."
    for name in names:
        if name in ("_conversation", "env"):
            return f"it reads '{name}', which only promptfoo has", "write it into the prompt file of the suite."
    sets = "".join(f"{{% set {name} = input[{name!r}] %}}" for name in names)
    return sets + jinja


def _as_jinja(tag: str) -> str:
    """One tag of Nunjucks, in the words that Jinja has for the same."""
    tag = re.sub(r"\|\s*dump\b(?:\([^)]*\))?", "| tojson", tag)
    tag = tag.replace("!==", "!=").replace("===", "==").replace("&&", " and ").replace("||", " or ")
    return re.sub(r"\b(\w+)\.length\b", r"(\1 | length)", tag)


def _shortened(message: str) -> str:
    return message.rstrip(".").removeprefix("prompt 'prompt' ")[:160]


def _messages(text: str) -> list[tuple[str, str]] | None:
    """The roles and texts of a prompt written as a list of chat messages, in JSON or YAML; None for any other."""
    start = text.lstrip()
    if not start.startswith(("[", "- ")):
        return None
    read = read_written(text, name="prompt", form="json" if start.startswith("[") else "yaml-1.2")
    messages = read.data if isinstance(read, Written) else None
    if not isinstance(messages, list) or not messages:
        return None
    found = []
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if role not in ("system", "user", "assistant") or not isinstance(content, str) or not content.strip():
            return None
        found.append((str(role), content))
    return found
