"""What is run and which targets can see in, a refusal before the run where pictures would go to one that cannot."""

from __future__ import annotations

from collections.abc import Mapping

from milo_bench.core.errors import UsageError
from milo_bench.run.prepare import prepare
from milo_bench.run.spec import RunSpec
from milo_bench.suites.pictures import with_pictures
from milo_bench.suites.prompts import split_prompt


def check_pictures(spec: RunSpec, sees: Mapping[str, bool]) -> None:
    """Read every picture of the planned fixtures once.

    Raises UsageError if there are some and a target of ``sees`` is not known to see, DataError for a picture that
    cannot be sent.
    """
    pictured = {
        name
        for name, workload in spec.workloads.items()
        if any(part.images for part in split_prompt(workload.prompt_source, workload.prompt_name))
    }
    blind = [name for name, can in sees.items() if not can]
    shown = 0
    for fixture in spec.planned_fixtures():
        request = prepare(fixture, spec.workloads[fixture.workload]).request if fixture.workload in pictured else None
        if request is not None and with_pictures(request, spec.suite_folder) is not request:
            shown += 1
    if shown and blind:
        fixtures = "1 fixture has" if shown == 1 else f"{shown} fixtures have"
        message = f"Target '{blind[0]}' is not known to see pictures, and {fixtures} some."
        hint = f"set 'sees: true' for '{blind[0]}' in bench.yaml if its model can, or choose others with --workload."
        raise UsageError(message, hint=hint)
