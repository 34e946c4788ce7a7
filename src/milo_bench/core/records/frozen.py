"""The base of every record: frozen, and silent about fields that a newer version wrote."""

from __future__ import annotations

import msgspec


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=False, omit_defaults=True):
    """Base of every record."""
