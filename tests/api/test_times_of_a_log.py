"""A log in which an answer comes before its question gives no figures."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.core.errors import DataError
from milo_bench.evidence.gather import gather_evidence
from tests.sealing import seal_anew


def test_an_attempt_that_ends_before_it_starts_is_refused(make_log: Callable[..., Path]) -> None:
    log = make_log(limit=6)
    log.write_text(re.sub(r'"ended_s":[\d.]+,"first', '"ended_s":-5.0,"first', log.read_text(), count=1))
    seal_anew(log)
    with pytest.raises(DataError, match="ends before it starts"):
        gather_evidence({log: "log.jsonl"})
