"""Passes if the answer, or one field of it, is a number of the given kind whose check digits are right.

```yaml
checks:
  - checksum_number: {kind: iban, field: account}
  - checksum_number: {kind: de.idnr}
```

`kind` is a format that python-stdnum knows: `iban`, `bic`, `isbn`, `imei`, `lei`, `luhn`, or a country's own such as
`de.idnr`, `gb.nhs`, `us.ssn`, `eu.vat`. Check digits catch a number that was misread or made up, which a pattern
cannot. Spaces, hyphens and points that the format allows do not matter.

`expect`: with `field`, the number in `fields` (or else `number_text`) is compared too, written in any of the allowed
ways. A right checksum on another number fails as `other_number`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.core.suggest import hint_for
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.judged_part import UNREAD_PART, judged_part

_KIND = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)?")
_LONGEST = 200


class ChecksumNumberParams(Params, frozen=True):
    """``kind`` names the format; ``field`` is a top-level field of a JSON answer, else the whole answer is judged."""

    kind: str
    field: str = ""


class ChecksumNumber:
    name = "checksum_number"
    version = "1"
    known_served = frozenset({"wrong_checksum", *UNREAD_PART})

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        kind = read_params(self.name, params, ChecksumNumberParams).kind
        if _format(kind) is None:
            message = f"The check '{self.name}' does not know the kind '{kind[:60]}'."
            raise ConfigError(message, hint=hint_for(kind, known_kinds(), noun="kinds"))

    def served_gap(self, params: Mapping[str, Any]) -> str:
        return ""

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        return self.judge(case, params)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, ChecksumNumberParams)
        part = judged_part(case, rules.field)
        if part.problem:
            return [self._verdict("fail", rules, part.category, part.problem)]
        text, kind = part.text.strip(), _format(rules.kind)
        if kind is None:
            raise ValueError(f"there is no kind of number called {rules.kind[:60]!r}")
        spans = part.span(0, len(part.text)) if part.offset is None else ()
        if problem := _wrong(kind, text):
            reason = f"{rules.field or 'the answer'} is {text[:60]!r}, which is not a valid {rules.kind}: {problem}"
            return [self._verdict("fail", rules, "wrong_checksum", reason, got=text[:_LONGEST], spans=spans)]
        wanted = _wanted(case.fixture, rules.field)
        if wanted and _compact(kind, text) != _compact(kind, wanted):
            reason = f"{rules.field or 'the answer'} is {text[:60]}, a valid {rules.kind}, expected {wanted}"
            verdict = self._verdict("fail", rules, "other_number", reason, wanted, text[:_LONGEST], spans)
            return [verdict]
        return [self._verdict("pass", rules, expected=wanted, got=text[:_LONGEST])]

    def _verdict(
        self,
        outcome: Literal["pass", "fail"],
        rules: ChecksumNumberParams,
        category: str = "",
        reason: str = "",
        expected: str = "",
        got: str = "",
        spans: Any = (),
    ) -> Verdict:
        return Verdict(self.name, self.version, outcome, category, reason, rules.field, spans, expected, got)


@lru_cache(maxsize=64)
def _format(kind: str) -> Any:
    """The module of python-stdnum that knows ``kind``, None where there is none."""
    if _KIND.fullmatch(kind) is None:
        return None
    try:
        module = importlib.import_module(f"stdnum.{kind}")
    except ImportError:
        return None
    return module if hasattr(module, "validate") else None


@lru_cache(maxsize=1)
def known_kinds() -> tuple[str, ...]:
    """Every kind there is; imports all of them, so it is asked for only when a kind is wrong."""
    import stdnum

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old names of formats that have a new one
        names = (module.name.removeprefix("stdnum.") for module in pkgutil.walk_packages(stdnum.__path__, "stdnum."))
        return tuple(name for name in names if _format(name) is not None)


def _wrong(kind: Any, text: str) -> str:
    """What is wrong with the number, "" where nothing is."""
    from stdnum.exceptions import ValidationError

    if len(text) > _LONGEST:
        return "it is too long"
    try:
        kind.validate(text)
    except ValidationError as error:
        said = str(error).rstrip(".")
        return said[:1].lower() + said[1:]
    return ""


def _compact(kind: Any, text: str) -> str:
    from stdnum.exceptions import ValidationError

    try:
        return str(kind.compact(text)) if hasattr(kind, "compact") else text
    except ValidationError:
        return text


def _wanted(fixture: Fixture, field: str) -> str:
    fields = fixture.expect.get("fields")
    value = fields.get(field) if field and isinstance(fields, dict) else fixture.expect.get("number_text")
    return value if isinstance(value, str) else ""


CHECKS.add(ChecksumNumber.name, ChecksumNumber())
