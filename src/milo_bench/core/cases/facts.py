"""What can be known of a case before any model is called, as a record that routing rules may ask about."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from milo_bench.core.records import Frozen

CaseRisk: TypeAlias = Literal["low", "medium", "high"]
CASE_RISKS: tuple[CaseRisk, ...] = get_args(CaseRisk)


class CaseFacts(Frozen, frozen=True):
    """``status`` and ``risk`` are "" and the others None where the case does not say: then no rule on them applies.

    ``missing_fields``: a required field of the case is empty. ``template_current``: a reply template of the case's
    day exists for it.
    """

    status: str = ""
    risk: str = ""
    missing_fields: bool | None = None
    template_current: bool | None = None


NOTHING_KNOWN = CaseFacts()
