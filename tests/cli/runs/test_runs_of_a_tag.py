"""A run of the fixtures with some tag says so wherever it is judged: the others may be the hard ones."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.commands import milo
from tests.cli.until_decided.test_until_decided import POLICY, answer_right

RUN = ("run", "--suite", "tiny", "--models", "scripted")


def test_a_decision_and_a_gate_on_fixtures_of_a_tag_name_it(desk: Path) -> None:
    answer_right(desk)
    file = desk / "tiny/fixtures.jsonl"
    fixtures = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for number, fixture in enumerate(fixtures):
        fixture["tags"] = ["hard"] if number % 2 else ["easy"]
    file.write_text("".join(json.dumps(fixture) + "\n" for fixture in fixtures), encoding="utf-8")
    (desk / "policy.yaml").write_text(POLICY, encoding="utf-8")
    assert milo(*RUN, "--out", "whole.jsonl", folder=desk).code == 0
    assert milo(*RUN, "--tag", "easy", "--out", "easy.jsonl", folder=desk).code == 0
    decide = ("decide", "--policy", "policy.yaml", "--out")
    assert milo(*decide, "whole.json", "whole.jsonl", folder=desk).code == 0
    assert "tag" not in json.dumps(json.loads((desk / "whole.json").read_text(encoding="utf-8"))["logs"])
    assert milo("report", "whole.json", "--out", "package", folder=desk).code == 0
    assert milo(*decide, "easy.json", "easy.jsonl", folder=desk).code == 0
    missing = json.loads((desk / "easy.json").read_text(encoding="utf-8"))["missing"]
    assert ["The run log easy.jsonl has only fixtures with the tag easy. Nothing is known of the others."] in missing
    again = milo("gate", "--baseline", "package", "whole.jsonl", "--json", folder=desk)
    assert (again.code, again.json()["standing"]) == (0, "held")
    narrowed = milo("gate", "--baseline", "package", "easy.jsonl", "--json", folder=desk).json()
    gates = [one for one in narrowed["results"] if one["kind"] == "gate"]
    assert [one["standing"] for one in gates] == ["undecided"]
    assert "on fixtures with the tag easy only" in gates[0]["reason"]
