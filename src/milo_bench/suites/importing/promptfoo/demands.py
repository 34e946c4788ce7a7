"""A promptfoo test's assertions in, what milo-bench's checks read of them out; what no check judges is named."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

from milo_bench.config.json_schema import usable_schema
from milo_bench.config.written import Problem, Written, read_written
from milo_bench.suites.importing.promptfoo.judges import LIKENESS_KEY, JudgedBy, judged_demand, likeness, rubric_text
from milo_bench.suites.importing.promptfoo.kinds import NOT_THE_ANSWER, REFUSED, RULES, refusal
from milo_bench.suites.importing.promptfoo.length_score import length_limits
from milo_bench.suites.importing.promptfoo.script import read_script, value_path
from milo_bench.suites.importing.promptfoo.variables import filled_in
from milo_bench.suites.importing.tables import source_text
from milo_bench.suites.paths import find_inside

_LISTS: Final = ("contains_any", "contains_all", "tool_calls_f1")
_LIKENESSES: Final = ("levenshtein", "rouge_n", "bleu", "gleu", "tool_calls_f1")
_MOST_LISTED: Final = 200
# Kinds that the built-in checks judge as they are, where a test has one of each and no weights.
_PLAIN: Final[Mapping[tuple[str, bool], str]] = {
    ("equals", False): "equals",
    ("contains", False): "contains",
    ("contains_any", False): "contains",
    ("contains_all", False): "contains_all",
    ("contains", True): "not_contains",
    ("contains_any", True): "not_contains",
    ("regex", False): "regex",
    ("starts_with", False): "regex",
    ("is_json", False): "is_json",
}
NOT_IMPORTED: Final = "not_imported"
_KNOWN_KEYS: Final = frozenset(
    ("type", "value", "threshold", "weight", "metric", "transform", "provider", "rubricPrompt", "assert", "config")
)


@dataclass
class Demands:
    """What a test asks of an answer: checks with their parameters, expectations, and the judges that it needs."""

    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    expect: dict[str, Any] = field(default_factory=dict)
    schema: dict[str, Any] | None = None
    judges: dict[str, JudgedBy] = field(default_factory=dict)
    lost: list[Problem] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)  # the assertions about the answer among those that are lost
    exact_equals: bool = False
    unsure: str = ""  # why the score of the whole test cannot be computed


@dataclass
class DemandReader:
    """Reads the assertions of one test. ``root`` is the only folder whose files are read."""

    root: Path
    named: str
    variables: Mapping[str, Any]
    rubric: Any = None  # the prompt of the test's judge, where it writes its own
    tools: Mapping[str, Any] = field(default_factory=dict)  # what the providers may call, each with its schema
    made: Demands = field(default_factory=Demands)

    def read(self, written: list[tuple[str, Any]], threshold: Any, *, path: str | None = "") -> Demands:
        """The demands of ``written``, assertions each with its place.

        ``path`` is the value of a JSON answer that they judge, None where a transformation comes first that no check
        does.
        """
        rules: list[dict[str, Any]] = []
        for where, one in written:
            unjudged = len(self.made.unjudged)
            rules.extend(self._one(where, one, path))
            if isinstance(one, dict) and _number(one.get("weight")) == 0:
                del self.made.unjudged[unjudged:]  # it only reports, and never decides
        limit = _number(threshold)
        if limit is not None and (self.made.lost or self.made.judges):
            self.made.unsure = "its threshold counts assertions that no rule judges"
            return self.made
        if rules and limit is None and _all_plain(rules):
            self._plain(rules)
        elif rules:
            self.made.checks["assertions"] = {}
            self.made.expect["assertions"] = rules[:_MOST_LISTED]
            if len(rules) > _MOST_LISTED:
                self._lose(written[0][0], f"assertions after the first {_MOST_LISTED}", "split the test.")
            if limit is not None:
                self.made.expect["assertions_threshold"] = limit
        if self.made.unjudged and (self.made.checks or self.made.judges):
            self.made.checks["all_assertions"] = {}
            self.made.expect[NOT_IMPORTED] = self.made.unjudged[:_MOST_LISTED]
        return self.made

    def _lose(self, where: str, what: str, hint: str, *, of_answer: bool = True) -> None:
        self.made.lost.append(Problem(where, f"{self.named}: {what}", hint))
        if of_answer:
            self.made.unjudged.append(what)

    def _one(self, where: str, written: Any, path: str | None) -> list[dict[str, Any]]:
        if not isinstance(written, dict) or not isinstance(written.get("type"), str):
            self._lose(where, f"assertion '{str(written)[:80]}'", "write it with a 'type'.")
            return []
        said = written["type"]
        named = f"assertion '{said}'"
        for key in written:
            if key not in _KNOWN_KEYS:
                self._lose(where, f"{named}: {key}", "remove it.", of_answer=False)
        negated = said.startswith("not-")
        kind = said.removeprefix("not-")
        if kind in REFUSED:
            self._lose(where, named, REFUSED[kind], of_answer=kind not in NOT_THE_ANSWER)
            return []
        if "transform" in written:
            own = value_path(str(written["transform"]))
            path = None if own is None or path is None else ".".join(part for part in (path, own) if part)
        if path is None:
            self._lose(
                where, f"{named} after a transformation", "its script is not run. Add one of the built-in checks."
            )
            return []
        value = self._value(where, named, written.get("value"))
        if isinstance(value, Problem):
            self.made.lost.append(value)
            self.made.unjudged.append(f"{named}: {value.what}")
            return []
        common = self._common(written, negated, path)
        if kind in ("javascript", "python"):
            return self._script(where, named, kind, value, common, _number(written.get("threshold")))
        if kind in ("similar", "similar:cosine"):
            self._likeness(where, named, value, written.get("threshold"), negated)
            return []
        if kind == "llm-rubric" and value is None:
            value = filled_in(rubric_text(written.get("rubricPrompt", self.rubric)), self.variables)
        demand = judged_demand(kind, value)
        if demand:
            if path:
                self._lose(where, f"{named} after a transformation", "a judge reads the whole answer.")
                return []
            if isinstance(value, str) and value.strip().startswith("file://"):
                self._lose(where, named, "write its text out.")
                return []
            self._judged(demand, negated)
            return []
        if kind not in RULES:
            self._lose(where, named, refusal(kind))
            return []
        return self._rule(where, named, kind, value, written, common)

    def _common(self, written: Mapping[str, Any], negated: bool, path: str) -> dict[str, Any]:
        common: dict[str, Any] = {"negated": True} if negated else {}
        if path:
            common["path"] = path
        weight = _number(written.get("weight"))
        if weight is not None and weight != 1:
            common["weight"] = max(0.0, weight)
        if isinstance(written.get("metric"), str):
            common["metric"] = filled_in(written["metric"], self.variables)[:200]
        return common

    def _value(self, where: str, named: str, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("file://"):
            name = value.removeprefix("file://")
            if Path(name).suffix.lower() not in (".txt", ".md", ".json", ".yaml", ".yml"):
                return Problem(
                    where, f"{self.named}: {named}: '{name}' is a program", "add one of the built-in checks."
                )
            path = find_inside(self.root, name.removeprefix("./"), where)
            if isinstance(path, Problem):
                return path
            text = source_text(path)
            if path.suffix.lower() in (".txt", ".md"):
                return text
            read = read_written(text, name=path.name, form="json" if path.suffix.lower() == ".json" else "yaml-1.2")
            return read.data if isinstance(read, Written) else read
        if isinstance(value, str):
            return filled_in(value, self.variables)
        if isinstance(value, list):
            return [filled_in(one, self.variables) if isinstance(one, str) else one for one in value]
        return value

    def _script(
        self, where: str, named: str, language: str, value: Any, common: dict[str, Any], threshold: float | None
    ) -> list[dict[str, Any]]:
        demands = read_script(value, self.variables, language) if isinstance(value, str) else None
        if not demands and isinstance(value, str) and (limits := length_limits(value, threshold)):
            demands = [limits]
        if not demands or (common.get("path") and any("path" in one for one in demands)):
            self._lose(where, named, "its script is not run. Add one of the built-in checks.")
            return []
        if common.pop("negated", False):
            if len(demands) > 1:
                return [{"kind": "set", "negated": True, "assertions": demands, **common}]
            demands = [{**demands[0], "negated": not demands[0].get("negated", False)}]
        return [{**one, **common} for one in demands]

    def _judged(self, demand: list[str], negated: bool) -> None:
        listed = [f"The answer does not meet this: {one}" for one in demand] if negated else demand
        judge = JudgedBy.demands()
        self.made.judges[judge.name] = judge
        self.made.expect["demands"] = [*self.made.expect.get("demands", []), *listed]

    def _likeness(self, where: str, named: str, value: Any, threshold: Any, negated: bool) -> None:
        judge = likeness(_number(threshold))
        if negated or not isinstance(value, str) or not value.strip() or LIKENESS_KEY in self.made.expect:
            self._lose(where, named, "a likeness compares the answer with one text. Use a rubric instead.")
            return
        self.made.judges[judge.name] = judge
        self.made.expect[LIKENESS_KEY] = value

    def _rule(
        self, where: str, named: str, kind: str, value: Any, written: Mapping[str, Any], common: dict[str, Any]
    ) -> list[dict[str, Any]]:
        ours, casefold = RULES[kind]
        rule: dict[str, Any] = {"kind": ours, **common}
        if casefold:
            rule["casefold"] = True
        threshold = _number(written.get("threshold"))
        if ours == "set":
            return self._set(where, named, written, rule, threshold)
        if ours in ("is_json", "contains_json"):
            return self._json(where, named, value, rule)
        if ours == "words":
            return self._words(where, named, value, rule)
        if ours == "valid_tool_calls":
            return self._calls(where, named, rule)
        if ours in ("is_xml", "contains_xml"):
            elements = _elements(value)
            return [{**rule, "value": elements} if elements else rule]
        if ours in ("is_html", "contains_html"):
            return [rule]
        if ours in _LIKENESSES and threshold is not None:
            rule["threshold"] = threshold
        if ours == "equals" and isinstance(value, dict):
            return [{**rule, "kind": "json_value", "value": value}]
        texts = _texts(value, many=ours in _LISTS)
        if texts is None:
            self._lose(where, f"{named} with a computed value", "write the value out as text.")
            return []
        if ours == "regex" and not _is_regex(texts[0]):
            self._lose(where, f"{named}: a pattern that RE2 does not know", "write it without look-around.")
            return []
        rule["value"] = texts if ours in _LISTS or len(texts) > 1 else texts[0]
        return [rule]

    def _set(
        self, where: str, named: str, written: Mapping[str, Any], rule: dict[str, Any], threshold: float | None
    ) -> list[dict[str, Any]]:
        listed = written.get("assert")
        made = self.made
        before = (dict(made.expect), dict(made.judges), len(made.lost))
        inner: list[dict[str, Any]] = []
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and one.get("type") == "assert-set":
                self._lose(where, f"{named} within another", "write its assertions in the outer one.")
                continue
            inner.extend(self._one(where, one, rule.get("path", "")))
        if threshold is None:
            return [{**rule, "assertions": inner}] if inner else []
        if (made.expect, made.judges, len(made.lost)) != before:
            made.expect, made.judges = before[0], before[1]
            self._lose(where, f"{named} with a threshold", "its threshold counts assertions that no rule judges.")
            return []
        return [{**rule, "threshold": threshold, "assertions": inner}] if inner else []

    def _json(self, where: str, named: str, value: Any, rule: dict[str, Any]) -> list[dict[str, Any]]:
        if isinstance(value, str):
            read = read_written(value, name="schema", form="yaml-1.2")
            value = read.data if isinstance(read, Written) else value
        if isinstance(value, dict) and _is_schema(value):
            rule["json_schema"] = value
        elif value is not None:
            self._lose(where, f"{named}: its schema", "write the schema out.")
            return []
        return [rule]

    def _calls(self, where: str, named: str, rule: dict[str, Any]) -> list[dict[str, Any]]:
        if not self.tools or not all(_is_schema(schema) for schema in self.tools.values()):
            said = "no provider lists tools with readable schemas. List them under providers: config: tools."
            self._lose(where, named, said)
            return []
        return [{**rule, "value": dict(self.tools)}]

    def _words(self, where: str, named: str, value: Any, rule: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = value if isinstance(value, dict) else {"min": value, "max": value}
        bounds = [_whole(wanted.get("min")), _whole(wanted.get("max"))]
        if bounds == [None, None]:
            self._lose(where, f"{named} with a computed value", "write min and max.")
            return []
        return [{**rule, "least": bounds[0], "most": bounds[1]}]

    def _plain(self, rules: list[dict[str, Any]]) -> None:
        """The built-in checks, one of each kind, where they do the same."""
        made = self.made
        for rule in rules:
            check = _PLAIN[(rule["kind"], rule.get("negated", False))]
            params = {"casefold": True} if rule.get("casefold") else {}
            value = rule.get("value")
            texts = value if isinstance(value, list) else [value]
            if check == "is_json":
                if "json_schema" in rule:
                    made.schema = rule["json_schema"]
                    made.checks["schema"] = {}
                made.checks["is_json"] = {}
                continue
            made.checks[check] = params
            if rule["kind"] == "starts_with":
                made.expect[check] = "^" + re.escape(str(texts[0]))
            elif check in ("contains_all", "not_contains"):
                made.expect[check] = [*made.expect.get(check, []), *texts]
            else:
                made.expect[check] = value
            made.exact_equals = made.exact_equals or check == "equals"


def _all_plain(rules: list[dict[str, Any]]) -> bool:
    """Whether the built-in checks judge just the same: one of each, no weights, paths or sets."""
    taken: dict[str, bool] = {}
    for rule in rules:
        check = _PLAIN.get((rule["kind"], rule.get("negated", False)))
        if check is None or {"path", "weight", "threshold", "least", "most"} & rule.keys():
            return False
        if check == "regex" and rule.get("casefold"):
            return False
        fold = bool(rule.get("casefold"))
        merges = check in ("contains_all", "not_contains")
        if check in taken and not (merges and taken[check] == fold):
            return False
        taken[check] = fold
    return True


def _elements(value: Any) -> list[str]:
    """The paths of elements that must be in the XML, as promptfoo lets people list them."""
    listed = value.get("requiredElements") if isinstance(value, dict) else value
    listed = listed.split(",") if isinstance(listed, str) else listed
    return [str(one).strip() for one in listed if str(one).strip()] if isinstance(listed, list) else []


def _texts(value: Any, *, many: bool) -> list[str] | None:
    """The texts of a value; None where one is computed, empty, or not there."""
    if many and isinstance(value, str):
        # As promptfoo reads it: a line of CSV, in which a quoted value may contain a comma.
        try:
            rows = list(csv.reader(value.splitlines(), skipinitialspace=True))
        except csv.Error:
            return None
        value = [part.strip() for row in rows for part in row if part.strip()]
    texts = []
    for one in value if isinstance(value, list) else [value]:
        text = json.dumps(one, ensure_ascii=False) if isinstance(one, bool | int | float | dict) else one
        if not isinstance(text, str) or not text or text.startswith("file://") or "{{" in text:
            return None
        texts.append(text)
    return texts or None


def _is_regex(pattern: str) -> bool:
    """Whether a pattern can be read, and avoids what RE2 leaves out: look-around and back-references."""
    if re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]", pattern):
        return False
    try:
        re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern))
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _is_schema(value: Any) -> bool:
    try:
        usable_schema(value)
        jsonschema_rs.validator_for(value, offline=True)
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if usable else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 else None
