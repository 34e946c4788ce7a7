"""promptfoo's YAML tests in, cases with the same demands out; what has no exact likeness is listed, never dropped."""

from __future__ import annotations

import csv
import json
import re
from typing import Any

from milo_bench.config.written import Problem, Written, read_written
from milo_bench.core.errors import DataError
from milo_bench.suites.importing.columns import free_id, input_lines
from milo_bench.suites.importing.importer import (
    IMPORTERS,
    CheckEntry,
    Imported,
    ImportedCase,
    Importer,
    ImportRequest,
    WorkloadDraft,
)
from milo_bench.suites.importing.promptfoo.script import read_script
from milo_bench.suites.importing.promptfoo.tests import tests_of
from milo_bench.suites.importing.promptfoo.variables import (
    MOST_COMBINATIONS,
    combinations,
    filled_in,
    scenario_tests,
    variable_text,
)
from milo_bench.suites.importing.tables import source_text
from milo_bench.suites.paths import find_inside

# promptfoo's assertion, our check, whether case is ignored, whether its value is a list.
_ALIKE: dict[str, tuple[str, bool, bool]] = {
    "equals": ("equals", False, False),
    "contains": ("contains", False, False),
    "icontains": ("contains", True, False),
    "contains-any": ("contains", False, True),
    "icontains-any": ("contains", True, True),
    "contains-all": ("contains_all", False, True),
    "icontains-all": ("contains_all", True, True),
    "not-contains": ("not_contains", False, False),
    "not-icontains": ("not_contains", True, False),
    "is-json": ("is_json", False, False),
    "not-contains-any": ("not_contains", False, True),
    "not-icontains-any": ("not_contains", True, True),
    "regex": ("regex", False, False),
    "starts-with": ("regex", False, False),
}
_READ_KEYS = ("tests", "scenarios", "prompts", "description", "defaultTest")
_INPUT = re.compile(r"\{\{ input\['([^']+)'\] \}\}")
_TEMPLATE = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")


def import_promptfoo(request: ImportRequest) -> Imported:
    """Tests of a promptfooconfig.yaml (or a bare list of tests). Raises DataError for broken YAML."""
    text = source_text(request.source)
    written = read_written(text, name=str(request.source), form="yaml-1.2")
    if isinstance(written, Problem):
        raise DataError(f"{written}.", hint=written.hint)
    return _Reader(request, written).read()


class _Reader:
    def __init__(self, request: ImportRequest, written: Written) -> None:
        data = written.data
        self._source = request.source
        self._workload = request.workload or "promptfoo"
        self._bare = isinstance(data, list)
        self._config: dict[str, Any] = {"tests": data} if self._bare else data if isinstance(data, dict) else {}
        self._written = written
        self._result = Imported()
        self._drafts: dict[tuple[str, ...], tuple[WorkloadDraft, str]] = {}

    def read(self) -> Imported:
        config, result = self._config, self._result
        if not config.get("tests") and not config.get("scenarios"):
            message = f"{self._source} has no tests."
            raise DataError(message, hint="list them under 'tests:', or name their file there: file://tests.csv")
        tests = tests_of(config.get("tests") or [], self._source.parent, self._where(("tests",)), result)
        tests.extend(scenario_tests(config.get("scenarios")))
        for key in config:
            if key not in _READ_KEYS:
                self._left((key,), f"'{key}'", "set it in bench.yaml or in the prompt.")
        prompt = self._prompt(config.get("prompts"))
        default = config.get("defaultTest")
        default = default if isinstance(default, dict) else {}
        for key in default:
            if key not in ("vars", "assert"):
                self._left(("defaultTest", key), f"'defaultTest.{key}'", "set it in suite.yaml.")
        seen: set[str] = set()
        for index, test in enumerate(tests):
            if not isinstance(test, dict):
                self._left(("tests", str(index)), "a test that is not written out", "write it out in the YAML file.")
                continue
            self._test(index, test, default, prompt, seen)
        if not result.cases and not result.broken:
            message = f"No test of {self._source} can be imported."
            hint = f"{result.not_carried[0]}." if result.not_carried else "write the tests out."
            raise DataError(message, hint=hint)
        if any("equals" in draft.checks for draft, _ in self._drafts.values()):
            said = "exact 'equals': space around an answer is ignored here"
            result.not_carried.append(Problem(str(self._source), said, "no action needed unless such space matters."))
        result.workloads.extend(draft for draft, _ in self._drafts.values())
        return result

    def _where(self, keys: tuple[str, ...]) -> str:
        keys = keys[1:] if self._bare and keys[:1] == ("tests",) else keys
        return self._written.where(*keys)

    def _left(self, keys: tuple[str, ...], what: str, hint: str) -> None:
        self._result.not_carried.append(Problem(self._where(keys), what, hint))

    def _prompt(self, prompts: Any) -> str:
        """The first prompt with its variables under ``input``; a plain one where there is none to carry."""
        prompts = prompts if isinstance(prompts, list) else [] if prompts is None else [prompts]
        if not prompts:
            return ""
        first = self._prompt_text(prompts[0])
        chat = _chat_prompt(first) if isinstance(first, str) else ""
        if chat:
            for number in range(len(prompts) - 1):
                self._left(("prompts", "0"), f"prompt {number + 2}", "add it as a variant in suite.yaml.")
            return chat
        if isinstance(first, str):
            # Several prompts may be in one text, with a line of hyphens between two.
            first, *others = re.split(r"(?m)^---[ \t]*$", first)
            for number in range(len(others) + len(prompts) - 1):
                self._left(("prompts", "0"), f"prompt {number + 2}", "add it as a variant in suite.yaml.")
            converted = _TEMPLATE.sub(lambda match: f"{{{{ input[{match[1]!r}] }}}}", first)
            if not re.search(r"\{[%#]", first) and converted.count("{{") == converted.count("{{ input["):
                return converted.strip() + "\n"
        self._left(("prompts", "0"), "the prompt", "write it into the prompt file of the suite.")
        return ""

    def _prompt_text(self, written: Any) -> str | None:
        """A prompt's own text, or that of the text file that it names by itself, by ``id`` or by ``raw``."""
        if isinstance(written, dict):
            written = written.get("raw") or written.get("id")
        if not isinstance(written, str):
            return None
        is_file = written.startswith("file://") or re.fullmatch(r"[\w./-]+\.(?:txt|md|json|ya?ml)", written)
        if not is_file:
            return written
        path = find_inside(self._source.parent, written.removeprefix("file://"), self._where(("prompts",)))
        if isinstance(path, Problem):
            self._result.not_carried.append(path)
            return None
        return source_text(path) if path.suffix in (".txt", ".md", ".json", ".yaml", ".yml") else None

    def _test(self, index: int, test: dict[str, Any], default: dict[str, Any], prompt: str, seen: set[str]) -> None:
        at = ("tests", str(index))
        for key in test:
            if key not in ("vars", "assert", "description"):
                self._left((*at, key), f"test {index + 1}: '{key}'", "set it in suite.yaml.")
        own = test.get("vars")
        shared = default.get("vars")
        variables = {**(shared if isinstance(shared, dict) else {}), **(own if isinstance(own, dict) else {})}
        for name, value in list(variables.items()):
            if isinstance(value, str) and value.startswith("file://"):
                text = variable_text(value, self._source.parent, self._where((*at, "vars", name)))
                if isinstance(text, str):
                    variables[name] = text
                else:
                    self._result.not_carried.append(text)
                    del variables[name]
        options = test.get("options")
        keeps_lists = isinstance(options, dict) and options.get("disableVarExpansion") is True
        each = [variables] if keeps_lists else combinations(variables)
        if each is None:
            said = f"test {index + 1} has more than {MOST_COMBINATIONS:,} combinations of its variables"
            self._result.broken.append(Problem(self._where(at), said, "write fewer values.", kind="data"))
            return
        for chosen in each:
            self._case(index, test, default, prompt, seen, chosen)

    def _case(
        self,
        index: int,
        test: dict[str, Any],
        default: dict[str, Any],
        prompt: str,
        seen: set[str],
        variables: dict[str, Any],
    ) -> None:
        at = ("tests", str(index))
        if not variables and not prompt:
            self._result.broken.append(
                Problem(self._where(at), f"test {index + 1} has no variables", "add 'vars:'.", kind="data")
            )
            return
        missing = sorted(set(_INPUT.findall(prompt)) - set(variables))
        if missing:
            said = f"test {index + 1} has no variable '{missing[0]}', which the prompt uses"
            hint = "give it under 'vars:'. An output of another test cannot be one."
            self._result.broken.append(Problem(self._where(at), said, hint, kind="data"))
            return
        checks: dict[str, dict[str, Any]] = {}
        expect: dict[str, Any] = {}
        schema: list[dict[str, Any]] = []
        wanted = self._assertions(at, test, default)
        for keys, written in wanted:
            self._assertion(keys, index, _filled_in(written, variables), variables, checks, expect, schema)
        if wanted and not checks:
            said = f"test {index + 1}: no check judges any of its assertions, so any answer would pass"
            self._result.broken.append(
                Problem(self._where(at), said, "add one of milo-bench's own checks.", kind="data")
            )
            return
        case_id = free_id(str(test.get("description") or f"test-{index + 1:04d}"), seen)
        seen.add(case_id)
        workload = self._draft(checks, schema[0] if schema else None, sorted(variables), prompt)
        self._result.cases.append(ImportedCase(case_id, variables, expect, self._where(at), workload))

    def _assertions(
        self, at: tuple[str, ...], test: dict[str, Any], default: dict[str, Any]
    ) -> list[tuple[tuple[str, ...], Any]]:
        found = []
        for keys, holder in ((("defaultTest",), default), (at, test)):
            listed = holder.get("assert")
            for number, written in enumerate(listed if isinstance(listed, list) else []):
                found.append(((*keys, "assert", str(number)), written))
        return found

    def _assertion(
        self,
        keys: tuple[str, ...],
        index: int,
        written: Any,
        variables: dict[str, Any],
        checks: dict[str, dict[str, Any]],
        expect: dict[str, Any],
        schema: list[dict[str, Any]],
    ) -> None:
        kind = str(written.get("type", "")) if isinstance(written, dict) else ""
        value = written.get("value") if isinstance(written, dict) else None
        extra = [key for key in written if key not in ("type", "value")] if isinstance(written, dict) else []
        named = f"test {index + 1}: assertion '{kind or written}'"
        if kind == "javascript" and isinstance(value, str):
            if not self._script(value, variables, checks, expect):
                self._left(keys, named, "its script is not run. Add one of the built-in checks.")
            return
        if kind not in _ALIKE:
            self._left(keys, named, "no check does exactly this. Add one of the built-in checks.")
            return
        if extra:
            self._left(keys, f"{named}: {', '.join(extra)}", "remove it. A check has no weight.")
        check, casefold, many = _ALIKE[kind]
        if kind == "is-json":
            if isinstance(value, dict) and not schema:
                schema.append(value)
                checks["schema"] = {}
            elif value is not None:
                self._left(keys, f"{named}: its schema", "copy the schema to schemas/ and add it to suite.yaml.")
            checks["is_json"] = {}
            return
        if many and isinstance(value, str):
            # As promptfoo reads it: a line of CSV, in which a quoted value may contain a comma.
            value = [part.strip() for part in next(csv.reader([value], skipinitialspace=True), [])]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) and not _computed(text) for text in texts):
            self._left(keys, f"{named} with a computed value", "write the value out as text.")
            return
        if check == "regex" and not _is_regex(str(texts[0])):
            self._left(keys, f"{named}: a pattern that RE2 does not know", "write it without look-around.")
            return
        if kind == "starts-with":
            checks["regex"], expect["regex"] = {}, "^" + re.escape(str(texts[0]))
            return
        if check in checks:
            if check in ("contains_all", "not_contains") and checks[check] == ({"casefold": True} if casefold else {}):
                expect[check] = [*expect[check], *texts]
                return
            self._left(keys, f"{named} beside another of the same kind", "merge both into one contains-all.")
            return
        checks[check] = {"casefold": True} if casefold else {}
        expect[check] = texts if many or check == "not_contains" else texts[0]

    def _script(
        self, source: str, variables: dict[str, Any], checks: dict[str, dict[str, Any]], expect: dict[str, Any]
    ) -> bool:
        """Take over what a script demands of an answer; False for one that does more than compare."""
        demand = read_script(source, variables)
        if demand is None:
            return False
        wanted: dict[str, tuple[dict[str, Any], Any]] = {}
        if demand.contains:
            wanted["contains_all"] = ({}, demand.contains)
        if demand.contains_ignoring_case:
            wanted["contains_all"] = ({"casefold": True}, demand.contains_ignoring_case)
        if demand.not_contains:
            wanted["not_contains"] = ({}, demand.not_contains)
        if demand.equals is not None:
            wanted["equals"] = ({}, demand.equals)
        if demand.pattern:
            wanted["regex"] = ({"match": "whole"}, demand.pattern)
        if demand.fields:
            wanted["exact_fields"] = ({}, demand.fields)
        mixed = bool(demand.contains and demand.contains_ignoring_case)
        if mixed or any(name in checks and name != "exact_fields" for name in wanted):
            return False
        for name, (params, value) in wanted.items():
            checks[name] = params
            if name == "exact_fields":
                expect["fields"] = {**expect.get("fields", {}), **value}
            else:
                expect[name] = value
        return bool(wanted)

    def _draft(
        self, checks: dict[str, dict[str, Any]], schema: dict[str, Any] | None, variables: list[str], prompt: str
    ) -> str:
        """The name of the workload with these checks, this schema and these variables."""
        digest = json.dumps([checks, schema, [] if prompt else variables], sort_keys=True)
        if (digest,) in self._drafts:
            return self._drafts[(digest,)][1]
        name = self._workload if not self._drafts else f"{self._workload}_{len(self._drafts) + 1}"
        listed: list[CheckEntry] = [
            "answer_present",
            *({key: params} if params else key for key, params in checks.items()),
        ]
        text = prompt or "".join(input_lines(variable) + "\n\n" for variable in variables)
        self._drafts[(digest,)] = (WorkloadDraft(name, "From promptfoo", text, listed, schema), name)
        return name


def _filled_in(written: Any, variables: dict[str, Any]) -> Any:
    """An assertion with the test's variables in its value."""
    value = written.get("value") if isinstance(written, dict) else None
    if isinstance(value, str) and not value.startswith("file://"):
        return {**written, "value": filled_in(value, variables)}
    if isinstance(value, list):
        return {**written, "value": [filled_in(one, variables) if isinstance(one, str) else one for one in value]}
    return written


def _chat_prompt(text: str) -> str:
    """A prompt written as a list of chat messages, in JSON or YAML; "" for any other."""
    if not text.lstrip().startswith(("[", "- ")):
        return ""
    read = read_written(text, name="prompt", form="json" if text.lstrip().startswith("[") else "yaml-1.2")
    messages = read.data if not isinstance(read, Problem) else None
    if not isinstance(messages, list) or not messages:
        return ""
    parts = []
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if role not in ("system", "user", "assistant") or not isinstance(content, str) or not content.strip():
            return ""
        converted = _TEMPLATE.sub(lambda match: f"{{{{ input[{match[1]!r}] }}}}", content)
        if re.search(r"\{[%#]", content) or converted.count("{{") != converted.count("{{ input["):
            return ""
        parts.append(f"{{# role: {role} #}}\n{converted.strip()}")
    return "\n".join(parts) + "\n"


def _is_regex(pattern: str) -> bool:
    """Whether a pattern avoids what RE2 leaves out: look-around and back-references."""
    return re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]", pattern) is None


def _computed(text: str) -> bool:
    return text.startswith("file://") or "{{" in text


IMPORTERS.add("promptfoo", Importer(import_promptfoo, endings=(".yaml", ".yml")))
