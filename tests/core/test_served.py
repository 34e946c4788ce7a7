"""Two records of one target: which parts of what was served differ, and what is unknown."""

from __future__ import annotations

from msgspec.structs import replace

from milo_bench.core.records import Adapter, Identity, TargetRecord
from milo_bench.core.weights.served import differences

KNOWN = Identity(adapters=(), chat_template="sha256:aa", cache="k=f16, v=f16", flags={"parallel": "2"})
TARGET = TargetRecord("t", "openai", "m", model_digest="sha256:11", runtime="llama.cpp", identity=KNOWN)


def of(**changes: object) -> TargetRecord:
    return replace(TARGET, identity=replace(KNOWN, **changes))


def test_equal_records_have_no_difference() -> None:
    assert differences(TARGET, TARGET) == ()
    assert TARGET.configuration == of().configuration


def test_each_part_that_changes_is_named_and_changes_the_configuration() -> None:
    changed = {
        "adapters": of(adapters=(Adapter("style.gguf", "sha256:ff", 0.5),)),
        "chat template": of(chat_template="sha256:bb"),
        "cache": of(cache="k=q8_0, v=q8_0"),
        "flag parallel": of(flags={"parallel": "4"}),
        "flag rope-scale": of(flags={"parallel": "2", "rope-scale": "2"}),
        "default parameters": of(parameters="sha256:cc"),
    }
    for part, now in changed.items():
        ((named, before, after),) = differences(TARGET, now)
        assert named == part and before != after
        assert now.configuration != TARGET.configuration


def test_a_flag_that_was_not_set_is_not_unknown() -> None:
    assert differences(TARGET, of(flags={"parallel": "2", "seed": "1"})) == (("flag seed", "not set", "1"),)


def test_what_one_side_does_not_say_is_unknown_and_said_once() -> None:
    bare = replace(TARGET, identity=Identity())
    assert [part for part, _, now in differences(TARGET, bare) if now == "unknown"] == [
        "adapters",
        "chat template",
        "cache",
    ]
    assert bare.configuration == ""
