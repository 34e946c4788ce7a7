"""What may not be read by everybody in, the same without it out."""

from milo_bench.core.hiding.forms import NO_KEYS, KeySearch, patterns
from milo_bench.core.hiding.shown import (
    HIDDEN,
    hidden_keys,
    is_secret_name,
    shown_argv,
    shown_environment,
    shown_text,
    shown_value,
)

__all__ = [
    "HIDDEN",
    "NO_KEYS",
    "KeySearch",
    "hidden_keys",
    "is_secret_name",
    "patterns",
    "shown_argv",
    "shown_environment",
    "shown_text",
    "shown_value",
]
