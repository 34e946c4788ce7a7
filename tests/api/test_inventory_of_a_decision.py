"""A decision knows the machine of its runs from the inventory that was taken there, and says when it is another one."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from milo_bench.api.deciding import DecideOptions, decide_logs
from tests.sealing import seal_anew

_SAID = "known only by its fingerprint"


def test_runs_name_a_machine_by_the_quick_fingerprint(make_log: Callable[..., Path], tmp_path: Path) -> None:
    log = make_log(limit=6)
    text = log.read_text()
    assert text.count('"inventory":""') == 1
    log.write_text(text.replace('"inventory":""', '"inventory":"q1"'))
    seal_anew(log)
    said = {}
    for name, inventory in {
        "taken there": {"fingerprint": "f1", "quick_fingerprint": "q1"},
        "of another one": {"fingerprint": "f2", "quick_fingerprint": "q2"},
    }.items():
        path = tmp_path / "inventory.json"
        path.write_bytes(msgspec.json.encode(inventory))
        decision = decide_logs(DecideOptions((log,), inventory=path), created_at="2026-01-06T00:00:00Z")
        said[name] = [part for text in decision.missing for part in text if _SAID in str(part)]
    assert said["taken there"] == []
    (sentence,) = said["of another one"]
    assert "of another machine" in str(sentence)
