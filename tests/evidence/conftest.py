"""The log of tests/api, for tests of the road from a log to a decision."""

from tests.api.conftest import make_log as make_log
