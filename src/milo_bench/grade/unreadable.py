"""A fixture and the key of an expectation in, why a check cannot read it there out; "" where it can, or need not."""

from __future__ import annotations

from milo_bench.core.records import Fixture


def unread_expectation(fixture: Fixture, key: str, *, readable: bool, what: str) -> str:
    """Why ``expect.<key>`` does not give ``what`` although a check needs it.

    A key that is missing, or holds something of another kind, cannot be read, and the answer is unjudged. A key
    that is there and empty (null, "", [] or {}) says that the check does not apply to this fixture.
    """
    if readable or (key in fixture.expect and fixture.expect[key] in (None, "", [], {}, ())):
        return ""
    return f"the fixture gives no {what} (expect.{key})"
