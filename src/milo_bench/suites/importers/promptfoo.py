"""promptfoo's YAML tests in, cases with the same demands out; what has no exact likeness is listed, never dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from milo_bench.config.tool_schemas import tool_schemas
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
from milo_bench.suites.importing.promptfoo.demands import DemandReader, Demands
from milo_bench.suites.importing.promptfoo.files import with_references
from milo_bench.suites.importing.promptfoo.prompts import Prompts, read_prompts
from milo_bench.suites.importing.promptfoo.script import value_path
from milo_bench.suites.importing.promptfoo.tests import tests_of, with_variables
from milo_bench.suites.importing.promptfoo.tools import offered_in_prompt, tools_of
from milo_bench.suites.importing.promptfoo.variables import (
    MOST_COMBINATIONS,
    combinations,
    names_in,
    opened,
    scenario_tests,
    stored_names,
    variable_text,
)
from milo_bench.suites.importing.tables import source_text

_READ_KEYS: Final = ("tests", "scenarios", "prompts", "description", "defaultTest", "assertionTemplates", "$schema")
_TEST_KEYS: Final = ("vars", "assert", "description", "threshold", "options", "postprocess", "assertScoringFunction")
_OPTIONS: Final = ("disableVarExpansion", "transform", "postprocess", "rubricPrompt")
_PROMPT: Final = "prompt"  # the input of a prompt that no test belongs to


def import_promptfoo(request: ImportRequest) -> Imported:
    """Tests of a promptfooconfig.yaml (or a bare list of tests). Raises DataError for broken YAML."""
    text = source_text(request.source)
    written = read_written(text, name=str(request.source), form="yaml-1.2")
    if isinstance(written, Problem):
        raise DataError(f"{written}.", hint=written.hint)
    return _Reader(request, written).read()


@dataclass
class _Test:
    """One test with the default test's settings: ``keys`` is where it is written."""

    number: int
    keys: tuple[str, ...]
    own: dict[str, Any]
    default: dict[str, Any]

    def setting(self, key: str) -> Any:
        return self.own.get(key, self.default.get(key))

    @property
    def options(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for holder in (self.default, self.own):
            written = holder.get("options")
            found.update(written if isinstance(written, dict) else {})
        return found

    @property
    def assertions(self) -> list[tuple[tuple[str, ...], Any]]:
        found = []
        for keys, holder in ((("defaultTest",), self.default), (self.keys, self.own)):
            listed = holder.get("assert")
            listed = [listed] if isinstance(listed, dict | str) and listed else listed
            for number, written in enumerate(listed if isinstance(listed, list) else []):
                found.append(((*keys, "assert", str(number)), written))
        return found

    @property
    def path(self) -> str | None:
        """The value of a JSON answer that its transformation takes; None for one that no check does."""
        for script in (self.setting("postprocess"), self.options.get("transform"), self.options.get("postprocess")):
            if script is not None:
                return value_path(script) if isinstance(script, str) else None
        return ""


@dataclass
class _Draft:
    """Cases with the same checks, schema and judges. ``variables`` are those that each of them has."""

    name: str
    checks: list[CheckEntry]
    schema: dict[str, Any] | None
    variables: set[str] = field(default_factory=set)


class _Reader:
    def __init__(self, request: ImportRequest, written: Written) -> None:
        data = with_references(written.data)
        self._source = request.source
        self._workload = request.workload or "promptfoo"
        self._bare = isinstance(data, list)
        self._config: dict[str, Any] = {"tests": data} if self._bare else data if isinstance(data, dict) else {}
        self._written = written
        self._result = Imported()
        self._drafts: dict[str, _Draft] = {}
        self._seen: set[str] = set()
        self._exact_equals = False
        self._unasserted = 0
        self._partly = 0
        self._stored: frozenset[str] = frozenset()
        self._tools: list[Any] = []

    def read(self) -> Imported:
        config, result = self._config, self._result
        root = self._source.parent
        tests = tests_of(config.get("tests") or [], root, self._where(("tests",)), result)
        scenarios = config.get("scenarios")
        tests.extend(
            scenario_tests(tests_of(scenarios, root, self._where(("scenarios",)), result) if scenarios else None)
        )
        for key in config:
            if key not in _READ_KEYS:
                self._left((key,), f"'{key}'", "set it in bench.yaml or in the prompt.")
        prompts = read_prompts(config.get("prompts"), root, self._where(("prompts",)))
        result.not_carried.extend(prompts.lost)
        self._tools, lost = tools_of(config, root, self._where(("providers",)))
        result.not_carried.extend(lost)
        if not tests and not config.get("tests"):
            tests, prompts = self._prompts_alone(prompts)
        default = self._default()
        self._stored = stored_names(tests)
        for index, written in enumerate(tests):
            test = with_variables(written, root, self._where(("tests", str(index))))
            if isinstance(test, dict):
                self._test(_Test(index + 1, ("tests", str(index)), test, default), prompts)
            else:
                said = test if isinstance(test, Problem) else None
                what = said.what if said else "a test that is not written out"
                hint = said.hint if said else "write it out in the YAML file."
                result.broken.append(Problem(self._where(("tests", str(index))), what, hint, kind="data"))
        if not result.cases and not result.broken:
            message = f"No test of {self._source} can be imported."
            hint = f"{result.not_carried[0]}." if result.not_carried else "write the tests out."
            raise DataError(message, hint=hint)
        if self._exact_equals:
            said_equals = "exact 'equals': space around an answer is ignored here"
            hint = "no action needed unless such space matters."
            result.not_carried.append(Problem(str(self._source), said_equals, hint))
        if self._unasserted:
            few = "1 fixture has" if self._unasserted == 1 else f"{self._unasserted} fixtures have"
            result.guesses.append(f"{few} no assertion: any answer passes that is not empty")
        if self._partly:
            few = "1 fixture has" if self._partly == 1 else f"{self._partly} fixtures have"
            partly = f"{few} assertions that no check judges (expect.not_imported)"
            result.guesses.append(f"{partly}. An answer that meets the others is unjudged")
        self._finish(prompts)
        return result

    def _prompts_alone(self, prompts: Prompts) -> tuple[list[Any], Prompts]:
        """Prompts that no test belongs to are sent as they are, once each. Raises DataError where there are none."""
        if not prompts.sources or prompts.variables():
            message = f"{self._source} has no tests."
            raise DataError(message, hint="list them under 'tests:', or name their file there: file://tests.csv")
        tests = [{"vars": {_PROMPT: source.strip()}} for source in prompts.sources]
        return tests, Prompts([f"{{{{ input[{_PROMPT!r}] }}}}\n"])

    def _default(self) -> dict[str, Any]:
        default = self._config.get("defaultTest")
        if isinstance(default, str):
            found = tests_of(default, self._source.parent, self._where(("defaultTest",)), self._result)
            default = found[0] if found else None
        default = default if isinstance(default, dict) else {}
        read = with_variables(default, self._source.parent, self._where(("defaultTest",)))
        if isinstance(read, Problem):
            self._result.not_carried.append(read)
            read = {**default, "vars": {}}
        self._unread(("defaultTest",), "defaultTest", read)
        return dict(read)

    def _unread(self, keys: tuple[str, ...], named: str, holder: Mapping[str, Any]) -> None:
        """List the settings of a test that are not read."""
        for key in holder:
            if key not in _TEST_KEYS:
                self._left((*keys, key), f"{named}: '{key}'", "set it in suite.yaml.")
        options = holder.get("options")
        for key in options if isinstance(options, dict) else {}:
            if key not in _OPTIONS:
                self._left((*keys, "options", key), f"{named}: 'options.{key}'", "set it in suite.yaml or bench.yaml.")

    def _where(self, keys: tuple[str, ...]) -> str:
        keys = keys[1:] if self._bare and keys[:1] == ("tests",) else keys
        return self._written.where(*keys)

    def _left(self, keys: tuple[str, ...], what: str, hint: str) -> None:
        self._result.not_carried.append(Problem(self._where(keys), what, hint))

    def _broken(self, test: _Test, what: str, hint: str) -> None:
        problem = Problem(self._where(test.keys), f"test {test.number}{what}", hint, kind="data")
        self._result.broken.append(problem)

    def _test(self, test: _Test, prompts: Prompts) -> None:
        self._unread(test.keys, f"test {test.number}", test.own)
        own, shared = test.own.get("vars"), test.default.get("vars")
        variables = {**(shared if isinstance(shared, dict) else {}), **(own if isinstance(own, dict) else {})}
        for name, value in list(variables.items()):
            if isinstance(value, str) and value.startswith("file://"):
                text = variable_text(value, self._source.parent, self._where((*test.keys, "vars", name)))
                if isinstance(text, str):
                    variables[name] = text
                else:
                    self._result.not_carried.append(text)
                    del variables[name]
        keeps_lists = test.options.get("disableVarExpansion") is True
        each = [variables] if keeps_lists else combinations(variables)
        if each is None:
            said = f" has more than {MOST_COMBINATIONS:,} combinations of its variables"
            self._broken(test, said, "write fewer values.")
            return
        for chosen in each:
            self._case(test, prompts, opened(chosen))

    def _case(self, test: _Test, prompts: Prompts, variables: dict[str, Any]) -> None:
        prompt = prompts.sources[0] if prompts.sources else ""
        if not variables and not prompt:
            self._broken(test, " has no variables", "add 'vars:'.")
            return
        missing = sorted(Prompts([prompt]).variables() - set(variables))
        if missing:
            said = f" has no variable '{missing[0]}', which the prompt uses"
            self._broken(test, said, "give it under 'vars:'. An output of another test cannot be one.")
            return
        if stored := sorted((self._stored & names_in(variables)) - set(variables)):
            said = f" needs the answer to another test, '{stored[0]}', and each fixture is sent by itself"
            self._broken(test, said, "write the answer out, or import the two as one conversation.")
            return
        if test.setting("assertScoringFunction") is not None:
            self._broken(test, ": its scoring function is a program, and is not run", "write its rule as a threshold.")
            return
        wanted = [(self._where(keys), written) for keys, written in test.assertions]
        rubric = test.options.get("rubricPrompt")
        reader = DemandReader(
            self._source.parent, f"test {test.number}", variables, rubric, tools=tool_schemas(self._tools)
        )
        made = reader.read(wanted, test.setting("threshold"), path=test.path)
        self._result.not_carried.extend(made.lost)
        if made.unsure:
            self._broken(test, f": {made.unsure}", "remove the threshold, or these assertions.")
            return
        if wanted and not made.checks and not made.judges:
            said = ": no check judges any of its assertions, so any answer would pass"
            self._broken(test, said, "add one of milo-bench's own checks.")
            return
        self._unasserted += not wanted
        self._partly += bool(made.unjudged)
        self._exact_equals = self._exact_equals or made.exact_equals
        case_id = free_id(str(test.own.get("description") or f"test-{test.number:04d}"), self._seen)
        self._seen.add(case_id)
        workload = self._draft(made, variables, prompt)
        self._result.cases.append(ImportedCase(case_id, variables, made.expect, self._where(test.keys), workload))

    def _draft(self, made: Demands, variables: Mapping[str, Any], prompt: str) -> str:
        """The name of the workload with these checks, this schema, these judges and these variables."""
        judges = sorted(made.judges)
        digest = json.dumps([made.checks, made.schema, judges, [] if prompt else sorted(variables)], sort_keys=True)
        draft = self._drafts.get(digest)
        if draft is None:
            name = self._workload if not self._drafts else f"{self._workload}_{len(self._drafts) + 1}"
            listed: list[CheckEntry] = ["answer_present"]
            listed.extend({key: params} if params else key for key, params in made.checks.items())
            listed.extend({"judged": {"judge": judge}} for judge in judges)
            draft = self._drafts[digest] = _Draft(name, listed, made.schema, set(variables))
            for judge in made.judges.values():
                self._result.files[f"rubrics/{judge.name}.yaml"] = judge.file.encode()
        draft.variables &= set(variables)
        return draft.name

    def _finish(self, prompts: Prompts) -> None:
        """Add the workloads, with the further prompts as variants where every case has their variables."""
        offered = offered_in_prompt(self._tools)
        if offered:
            self._result.guesses.append("the providers' tools are written into the prompt, because a run sends none")
        judged = {name for name in self._result.files if name.startswith("rubrics/")}
        for draft in self._drafts.values():
            first = prompts.sources[0] if prompts.sources else ""
            variants: dict[str, str] = {}
            for number, source in enumerate(prompts.sources[1:], 2):
                missing = sorted(Prompts([source]).variables() - draft.variables)
                if missing:
                    said = f"prompt {number} reads '{missing[0]}', which not every test of '{draft.name}' has"
                    self._left(("prompts",), said, "add it as a variant in suite.yaml.")
                else:
                    variants[f"prompt_{number}"] = source + offered
            text = first or "".join(input_lines(variable) + "\n\n" for variable in sorted(draft.variables))
            made = WorkloadDraft(
                draft.name, "From promptfoo", text + offered, draft.checks, draft.schema, variants=variants
            )
            self._result.workloads.append(made)
        if judged:
            said = "some fixtures need a judge, or a person: their answers are unjudged until then. See "
            self._result.guesses.append(said + ", ".join(sorted(judged)))


IMPORTERS.add("promptfoo", Importer(import_promptfoo, endings=(".yaml", ".yml")))
