"""Load, check, import, redact and regenerate suites; the shipped ones are in builtin/."""

from milo_bench.suites.find import find_case, find_prompt, list_suites, load_cases, load_templates
from milo_bench.suites.load import Suite, load_suite
from milo_bench.suites.prompts import render_prompt

__all__ = [
    "Suite",
    "find_case",
    "find_prompt",
    "list_suites",
    "load_cases",
    "load_suite",
    "load_templates",
    "render_prompt",
]
