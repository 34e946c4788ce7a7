"""Which nodes serve which target, and which targets take turns."""

from __future__ import annotations

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.records import TargetRecord
from milo_bench.fleet.placement import FleetNode, lanes_of, place_targets

A = FleetNode("a", "host-a", {"gpu": "h100"}, here=True)
B = FleetNode("b", "host-b", {"gpu": "h100", "disk": "big"})
C = FleetNode("c", "host-c", {})


def config(name: str, base_url: str | None = None, *, hosted: bool = False) -> TargetConfig:
    if base_url is None:
        return TargetConfig(name=name, api="llamacpp", weights="builtin:smollm2")
    return TargetConfig(name=name, api="openai", model="m", base_url=base_url, hosted=hosted)


def test_labels_say_which_nodes_serve_a_target() -> None:
    configs = {"big": config("big"), "small": config("small")}
    placed = place_targets(configs, [A, B, C], {"big": {"gpu": "h100"}, "small": {"disk": "big"}})
    assert placed == {"a": ("big",), "b": ("big", "small")}


def test_a_target_without_labels_runs_on_each_node_if_its_server_is_the_nodes_own() -> None:
    configs = {"own": config("own"), "loopback": config("loopback", "http://127.0.0.1:8080/v1")}
    assert place_targets(configs, [A, C], {}) == {"a": ("own", "loopback"), "c": ("own", "loopback")}


def test_one_server_for_all_is_asked_from_one_node_so_that_its_concurrency_holds() -> None:
    configs = {
        "shared": config("shared", "http://gpu-7:8000/v1"),
        "hosted": config("hosted", "https://api.example.com/v1", hosted=True),
    }
    assert place_targets(configs, [C, A, B], {}) == {"a": ("shared", "hosted")}


def test_labels_that_no_node_has_are_named_with_the_command_that_starts_such_a_node() -> None:
    with pytest.raises(PrerequisiteError, match=r"labels of 'big' \(gpu=b200\)") as found:
        place_targets({"big": config("big")}, [A, B], {"big": {"gpu": "b200"}})
    assert "--labels 'gpu=b200'" in found.value.hint


def test_targets_that_share_a_node_take_turns_over_the_whole_fleet() -> None:
    records = [TargetRecord(name, "llamacpp", "m") for name in ("one", "two", "three", "apart")]
    lanes = lanes_of(records, {"a": ("one", "two"), "b": ("two", "three"), "c": ("apart",)})
    assert lanes["one"] == lanes["two"] == lanes["three"] != lanes["apart"]


def test_a_server_of_its_own_and_a_hosted_one_have_lanes_of_their_own() -> None:
    records = [
        TargetRecord("own", "llamacpp", "m"),
        TargetRecord("shared", "openai", "m", endpoint="http://gpu-7:8000"),
        TargetRecord("hosted", "openai", "m", hosted=True, endpoint="https://api.example.com"),
    ]
    lanes = lanes_of(records, {"a": ("own", "shared", "hosted")})
    assert len(set(lanes.values())) == 3
