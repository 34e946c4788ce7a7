"""Load, check, import, redact and regenerate suites; the shipped ones are in builtin/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milo_bench.core.lazy import lazy_names

if TYPE_CHECKING:
    from milo_bench.suites.find import find_case, find_prompt, list_suites, load_cases, load_templates
    from milo_bench.suites.load import Suite, load_suite
    from milo_bench.suites.prompts import render_prompt

# What each module gives.
_NAMES: dict[str, tuple[str, ...]] = {
    "milo_bench.suites.find": ("find_case", "find_prompt", "list_suites", "load_cases", "load_templates"),
    "milo_bench.suites.load": ("Suite", "load_suite"),
    "milo_bench.suites.prompts": ("render_prompt",),
}

__all__ = sorted(name for names in _NAMES.values() for name in names)

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, _NAMES)
