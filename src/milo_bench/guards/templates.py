"""A draft's template line, the known templates and a date in, whether the template was current out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

from milo_bench.core.cases.record import ReplyTemplate
from milo_bench.core.records import Frozen

TemplateState: TypeAlias = Literal["current", "expired", "not_yet_valid", "unknown", "none_named"]


class TemplateUse(Frozen, frozen=True, omit_defaults=False):
    """The template that a draft names, and its state on the day; ``start`` to ``end`` is the line."""

    template_id: str
    state: TemplateState
    start: int = 0
    end: int = 0
    template: ReplyTemplate | None = None
    reason: str = ""


_LINE = re.compile(r"^[ \t>*_`]*Template[ \t*_`]*[:#][ \t*_`]*\[?([A-Za-z]+-?\w+)\]?[ \t*_`.]*$", re.I | re.M)


def state_on(template: ReplyTemplate, day: str) -> TemplateState:
    """``valid_from`` and ``valid_until`` are inclusive ISO days; an empty end means still current."""
    on = day[:10]
    if template.valid_from and on < template.valid_from[:10]:
        return "not_yet_valid"
    if template.valid_until and on > template.valid_until[:10]:
        return "expired"
    return "current"


def template_use(text: str, templates: Iterable[ReplyTemplate], day: str) -> TemplateUse:
    """Reads the first ``Template: T-xx`` line of ``text``; ids are compared without letter case."""
    match = _LINE.search(text)
    if match is None:
        return TemplateUse(template_id="", state="none_named", reason="The draft names no template.")
    named = match.group(1)
    known = {template.id.casefold(): template for template in templates}
    template = known.get(named.casefold())
    start, end = match.start(), match.end()
    if template is None:
        return TemplateUse(
            template_id=named, state="unknown", start=start, end=end, reason=f"There is no template {named}."
        )
    state = state_on(template, day)
    reasons: dict[TemplateState, str] = {
        "expired": f"{template.id} was valid until {template.valid_until}, before {day[:10]}.",
        "not_yet_valid": f"{template.id} is valid from {template.valid_from}, after {day[:10]}.",
    }
    return TemplateUse(
        template_id=template.id, state=state, start=start, end=end, template=template, reason=reasons.get(state, "")
    )
