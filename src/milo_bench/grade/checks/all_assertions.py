"""Passes if every assertion of the fixture's source was imported. Otherwise the answer is unjudged, never passed.

```json
{"not_imported": ["assertion 'python': its script is not run"]}
```

`expect`: `not_imported` lists the assertions that no check judges. Write a check for them, or remove the list if the
others are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Verdict, Workload
from milo_bench.core.text import shorten
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params


class AllAssertions:
    """An answer that meets only the assertions that were carried over has met a part of its test."""

    name = "all_assertions"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, Params)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        written = case.fixture.expect.get("not_imported")
        missing = [str(one) for one in (written if isinstance(written, list) else [written] if written else [])]
        if not missing:
            yield Verdict(self.name, self.version, "skip", reason="the fixture has all of its assertions")
        for one in missing:
            yield Verdict(self.name, self.version, "unjudged", reason=f"not imported: {shorten(one, 200)}")


CHECKS.add(AllAssertions.name, AllAssertions())
