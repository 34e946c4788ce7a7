"""Runtimes are found with exact versions, and none of them is imported."""

import sys
from pathlib import Path

from milo_bench.inventory.runtimes.installed import program_identity, python_packages, read_runtimes


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_programs_on_path_are_asked_for_their_version(tmp_path: Path) -> None:
    program(tmp_path / "ollama", "#!/bin/sh\necho 'Warning: client version is 0.5.1'\n")
    program(tmp_path / "llama-server", "#!/bin/sh\necho 'version: 4567 (a1b2c3d)' >&2\n")
    program(tmp_path / "llama-cli", "#!/bin/sh\necho broken >&2; exit 7\n")
    found = {item.where: item for item in read_runtimes({"PATH": str(tmp_path)}).found if item.found_as == "program"}
    assert found[str(tmp_path / "ollama")].version == "0.5.1"
    assert found[str(tmp_path / "llama-server")].version == "4567 (a1b2c3d)"
    assert found[str(tmp_path / "llama-cli")].unknown == "llama-cli said: broken"


def test_vllm_in_another_environment_is_read_from_its_metadata_and_not_started(tmp_path: Path) -> None:
    packages = tmp_path / "venv" / "lib" / "python3.12" / "site-packages"
    metadata = packages / "vllm-0.6.1.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 0.6.1\n")
    started = tmp_path / "started"
    vllm = program(tmp_path / "venv" / "bin" / "vllm", f"#!/bin/sh\ntouch {started}\n")
    (item,) = [item for item in read_runtimes({"PATH": str(vllm.parent)}).found if item.where == str(vllm)]
    assert (item.name, item.version, item.unknown) == ("vllm", "0.6.1", "")
    assert not started.exists()


def test_a_program_without_metadata_has_an_unknown_version_with_the_reason(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "sglang", "#!/bin/sh\n")
    items = [item for item in read_runtimes({"PATH": str(tmp_path / "bin")}).found if item.found_as == "program"]
    assert [item.unknown for item in items] == ["it has no package metadata"]


def test_the_embedded_runtime_is_found_without_being_imported() -> None:
    before = set(sys.modules)
    names = {item.name: item.version for item in python_packages()}
    assert names["xllamacpp"]
    assert not {name for name in set(sys.modules) - before if name.startswith("xllamacpp")}


def test_the_program_of_a_running_server_counts_although_it_is_not_on_path(tmp_path: Path) -> None:
    server = program(tmp_path / "llama-server", "#!/bin/sh\necho 'version: 1 (abc)'\n")
    found = read_runtimes({"PATH": ""}, extra_programs=[server, server]).found
    assert [item.where for item in found if item.found_as == "program"] == [str(server)]


def test_identity_tells_builds_apart_by_their_ends_and_size(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in "abc")
    one.write_bytes(b"x" * 200_000)
    two.write_bytes(b"x" * 199_999 + b"y")
    three.write_bytes(b"x" * 200_001)
    assert len({program_identity(path) for path in (one, two, three)}) == 3
    assert program_identity(tmp_path / "none") == ""


def test_lm_studio_is_read_from_its_property_list(tmp_path: Path) -> None:
    contents = tmp_path / "LM Studio.app" / "Contents"
    contents.mkdir(parents=True)
    (contents / "Info.plist").write_text(
        '<?xml version="1.0"?><plist version="1.0"><dict>'
        "<key>CFBundleShortVersionString</key><string>0.3.5</string></dict></plist>"
    )
    found = read_runtimes({"PATH": ""}, applications=[tmp_path / "LM Studio.app"]).found
    assert [item.version for item in found if item.found_as == "application"] == ["0.3.5"]
    (contents / "Info.plist").write_bytes(b"\xff\xfe broken")
    found = read_runtimes({"PATH": ""}, applications=[tmp_path / "LM Studio.app"]).found
    assert [item.unknown for item in found if item.found_as == "application"] == ["Info.plist does not name it"]
