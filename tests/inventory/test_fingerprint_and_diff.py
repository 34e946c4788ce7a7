"""The fingerprint moves with what changes results and with nothing else; a difference is said in words."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from milo_bench.core.errors import DataError
from milo_bench.inventory.diff import compare_inventories, read_inventory
from milo_bench.inventory.fingerprint import fingerprint, quick_fingerprint
from milo_bench.inventory.records import (
    Disks,
    Endpoints,
    Environment,
    Gpus,
    Inventory,
    ModelFile,
    ModelFiles,
    Runtimes,
    ServedModel,
    Services,
)
from tests.inventory.sample_inventory import GIB, inventory


def sentences(before: Inventory, after: Inventory) -> list[str]:
    return [change.sentence for change in compare_inventories(before, after).changes]


def test_the_same_machine_has_the_same_fingerprint_whatever_is_free() -> None:
    one = inventory()
    later = replace(
        one,
        taken_at="2027",
        memory=replace(one.memory, available_bytes=1, total_bytes=64 * GIB - 300_000),
        disks=Disks(),
        gpus=Gpus((replace(one.gpus.devices[0], memory_used_bytes=9),)),
        environment=Environment({}),
    )
    assert fingerprint(later) == one.fingerprint
    assert len(one.fingerprint) == 64


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, cpu=replace(one.cpu, model="CPU 2")),
        lambda one: replace(one, cpu=replace(one.cpu, governor="performance")),
        lambda one: replace(one, memory=replace(one.memory, total_bytes=32 * GIB)),
        lambda one: replace(one, gpus=Gpus((replace(one.gpus.devices[0], driver="551"),))),
        lambda one: replace(one, gpus=Gpus()),
        lambda one: replace(one, system=replace(one.system, kernel="6.2.0")),
        lambda one: replace(one, runtimes=Runtimes((replace(one.runtimes.found[0], version="0.5.2"),))),
        lambda one: replace(one, model_files=ModelFiles((replace(one.model_files.files[0], sha256="bb"),))),
    ],
)
def test_what_changes_results_changes_the_fingerprint(change: object) -> None:
    assert fingerprint(change(inventory())) != inventory().fingerprint  # type: ignore[operator]


def test_the_quick_fingerprint_is_stable_and_moves_with_a_program(tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    first = quick_fingerprint(env)
    assert first == quick_fingerprint(env) and len(first) == 64
    program = tmp_path / "llama-server"
    program.write_text("one")
    program.chmod(0o755)
    with_program = quick_fingerprint(env)
    program.write_text("two")
    assert len({first, with_program, quick_fingerprint(env)}) == 3


def test_the_quick_fingerprint_starts_no_program_and_imports_no_runtime(tmp_path: Path) -> None:
    started = tmp_path / "started"
    for name in ("ollama", "llama-server", "vllm", "docker", "systemctl"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho x >> {started}\n")
        program.chmod(0o755)
    code = (
        "import sys; from milo_bench.inventory.fingerprint import quick_fingerprint as q; print(q());"
        "print([m for m in ('xllamacpp', 'numpy', 'gguf', 'psutil', 'asyncio') if m in sys.modules])"
    )
    env = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    digest, imported = done.stdout.split("\n")[:2]
    assert len(digest) == 64 and imported == "[]"
    assert not started.exists()


def test_nothing_changed_is_no_change_also_when_free_space_and_load_did() -> None:
    one = inventory()
    later = replace(
        one,
        taken_at="2027",
        memory=replace(one.memory, available_bytes=1, swap_used_bytes=7),
        disks=Disks((replace(one.disks.volumes[0], free_bytes=1),)),
    )
    assert sentences(one, later) == []
    assert not compare_inventories(one, later).fingerprint_changed


def test_each_change_is_named_in_words_with_before_and_after() -> None:
    one = inventory()
    served = replace(one.endpoints.servers[0], models=(ServedModel("a", 4096), ServedModel("b", 512)))
    other = replace(
        one,
        cpu=replace(one.cpu, governor="performance", quota_cores=2.0),
        gpus=Gpus((replace(one.gpus.devices[0], driver="551.2"),)),
        runtimes=Runtimes((replace(one.runtimes.found[0], version="0.5.2"),)),
        model_files=ModelFiles((ModelFile("/m/b.gguf", "gguf", 6, sha256="bb"),)),
        endpoints=Endpoints((served,)),
        environment=Environment({"OLLAMA_NUM_PARALLEL": "4", "OLLAMA_DEBUG": "1"}),
        services=Services(unknown={"docker": "docker is not installed"}),
    )
    said = sentences(one, replace(other, fingerprint=fingerprint(other)))
    assert "cpu: governor: powersave → performance" in said
    assert "cpu: quota cores: none → 2.0" in said
    assert "gpus: NVIDIA H1 0:1, driver: 550.1 → 551.2" in said
    assert "runtimes: ollama program /usr/bin/ollama, version: 0.5.1 → 0.5.2" in said
    assert any(line.startswith("model files: /m/a.gguf is gone: ") for line in said)
    assert any(line.startswith("model files: /m/b.gguf is new: ") for line in said)
    assert "endpoints: Ollama http://127.0.0.1:11434, a context window: 8192 → 4096" in said
    assert "endpoints: Ollama http://127.0.0.1:11434, b: absent → served" in said
    assert "environment: OLLAMA_NUM_PARALLEL: 1 → 4" in said
    assert "environment: OLLAMA_DEBUG: absent → 1" in said
    assert "services: unknown about docker: absent → docker is not installed" in said


def test_a_first_and_a_last_thing_of_a_kind_are_told_by_themselves() -> None:
    one = inventory()
    bare = replace(one, endpoints=Endpoints(), model_files=ModelFiles())
    served = "endpoints: Ollama http://127.0.0.1:11434"
    told = "version 0.5.1, a served, a context window 8192"
    file = "model files: /m/a.gguf"
    assert sentences(bare, one) == [
        f"{file} is new: format gguf, size 5, sha256 aa, quantisation Q4_0",
        f"{served} is new: {told}",
    ]
    assert sentences(one, bare) == [
        f"{file} is gone: format gguf, size 5, sha256 aa, quantisation Q4_0",
        f"{served} is gone: {told}",
    ]


def test_the_order_in_which_things_are_listed_is_no_change() -> None:
    one = inventory()
    two = ModelFile("/m/b.gguf", "gguf", 6)
    forward = replace(one, model_files=ModelFiles((*one.model_files.files, two)))
    backward = replace(one, model_files=ModelFiles((two, *one.model_files.files)))
    assert sentences(forward, backward) == []


def test_an_inventory_survives_its_own_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(msgspec.json.encode(inventory()))
    assert read_inventory(path) == inventory()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not an inventory"),
        ("[]", "is not an inventory"),
        ('{"cpu": 5}', "is not an inventory"),
        ("\xff", "is not an inventory"),
    ],
)
def test_a_file_that_is_no_inventory_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=said):
        read_inventory(path)
    with pytest.raises(DataError, match="Cannot read"):
        read_inventory(tmp_path / "none.json")


def test_an_inventory_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(msgspec.json.encode(replace(inventory(), schema="milo-bench.inventory/9")))
    with pytest.raises(DataError, match="follows the schema"):
        read_inventory(path)
