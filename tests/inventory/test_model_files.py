"""Weights are found where runtimes keep them, with digests that are true or said to be unknown."""

import hashlib
import json
import os
from pathlib import Path

from milo_bench.core.weights.digests import DigestBook
from milo_bench.inventory.models.files import read_model_files
from milo_bench.inventory.models.places import WeightsPlace, usual_places

CONTENT = b"GGUF\x03\0\0\0" + b"\0" * 16  # a header without entries and tensors
SHA = hashlib.sha256(CONTENT).hexdigest()


def book(cache: Path | None = None, **limits: float | int | None) -> DigestBook:
    budget, largest = limits.get("budget_s"), limits.get("largest_bytes")
    return DigestBook(cache, budget_s=budget, largest_bytes=None if largest is None else int(largest))


def ollama_store(root: Path, *, digest: str = SHA, content: bytes | None = CONTENT) -> WeightsPlace:
    manifest = root / "manifests" / "registry.ollama.ai" / "library" / "qwen2.5" / "14b"
    manifest.parent.mkdir(parents=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"},
        {"mediaType": "application/vnd.ollama.image.license", "digest": f"sha256:{'1' * 64}"},
    ]
    manifest.write_text(json.dumps({"layers": layers}))
    blobs = root / "blobs"
    blobs.mkdir()
    if content is not None:
        (blobs / f"sha256-{digest}").write_bytes(content)
    return WeightsPlace(root, "ollama")


def test_an_ollama_model_is_found_by_its_manifest_with_name_and_digest(tmp_path: Path) -> None:
    found = read_model_files([ollama_store(tmp_path)], [], book())
    (file,) = found.files
    assert (file.name, file.sha256, file.digest_from, file.size_bytes) == (
        "qwen2.5:14b",
        SHA,
        "file name",
        len(CONTENT),
    )
    assert found.unknown == {}


def test_a_told_digest_that_is_not_the_files_is_a_problem_when_verified(tmp_path: Path) -> None:
    place = ollama_store(tmp_path, digest="a" * 64)
    (file,) = read_model_files([place], [], book(), verify_told=True).files
    assert (file.sha256, file.digest_from) == (SHA, "computed")
    assert "do not have the digest aaaaaaaaaaaa" in file.problem


def test_a_manifest_without_its_blob_is_said(tmp_path: Path) -> None:
    found = read_model_files([ollama_store(tmp_path, content=None)], [], book())
    assert found.files == ()
    assert "is missing" in found.unknown["qwen2.5:14b"]


def test_a_manifest_cannot_lead_out_of_its_store(tmp_path: Path) -> None:
    secret = tmp_path / "outside"
    secret.write_bytes(CONTENT)
    found = read_model_files([ollama_store(tmp_path / "store", digest="../../outside", content=None)], [], book())
    assert found.files == ()


def test_broken_manifests_are_said_and_passed(tmp_path: Path) -> None:
    place = ollama_store(tmp_path)
    folder = tmp_path / "manifests" / "registry.ollama.ai" / "library" / "broken"
    folder.mkdir()
    (folder / "latest").write_text("{")
    (folder / "list").write_text("[1, 2]")
    (folder / "deep").write_text('{"layers":' * 100_000)
    found = read_model_files([place], [], book())
    assert len(found.files) == 1
    assert found.unknown[str(folder / "latest")] == "is not a manifest"


def test_the_hubs_cache_tells_digests_by_link_and_each_file_counts_once(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--org--name"
    (repository / "blobs").mkdir(parents=True)
    (repository / "blobs" / SHA).write_bytes(CONTENT)
    for revision in ("one", "two"):
        snapshot = repository / "snapshots" / revision
        snapshot.mkdir(parents=True)
        (snapshot / "model.gguf").symlink_to(Path("../../blobs") / SHA)
    (file,) = read_model_files([WeightsPlace(tmp_path / "hub", "files")], [], book()).files
    assert (file.sha256, file.digest_from) == (SHA, "file name")


def test_links_in_a_circle_end_and_links_to_nowhere_are_passed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "a" / "gone.gguf").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a" / "it.gguf").write_bytes(CONTENT)
    assert len(read_model_files([WeightsPlace(tmp_path, "files")], [], book()).files) == 1


def test_a_named_file_that_is_not_there_is_listed_with_its_problem(tmp_path: Path) -> None:
    (file,) = read_model_files([], [tmp_path / "gone.gguf"], book()).files
    assert "is missing" in file.problem


def test_a_file_that_is_no_model_keeps_size_and_digest_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"<html>404</html>")
    (file,) = read_model_files([], [path], book()).files
    assert file.sha256 == hashlib.sha256(b"<html>404</html>").hexdigest()
    assert "does not start with GGUF" in file.problem


def test_a_pipe_or_device_named_as_weights_is_never_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)
    files = read_model_files([WeightsPlace(tmp_path, "files")], [pipe, Path("/dev/zero")], book()).files
    assert {file.problem for file in files} == {"is not a regular file"}


def test_a_digest_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    path, cache = tmp_path / "m.gguf", tmp_path / "cache" / "digests.json"
    path.write_bytes(CONTENT)
    first = book(cache)
    assert first.digest(path) == (SHA, "")
    first.save()
    status = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert book(cache, budget_s=-1.0).digest(path) == (SHA, "")  # no time to hash: the remembered one is given
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert book(cache).digest(path) == (hashlib.sha256(CONTENT[::-1]).hexdigest(), "")


def test_without_time_or_above_the_size_the_digest_is_unknown_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(CONTENT)
    (late,) = read_model_files([], [path], book(budget_s=-1.0)).files
    assert late.sha256 == "" and "out of time" in late.problem
    (large,) = read_model_files([], [path], book(largest_bytes=4)).files
    assert large.sha256 == "" and "above the size limit" in large.problem


def test_a_broken_cache_costs_time_and_nothing_else(tmp_path: Path) -> None:
    path, cache = tmp_path / "m.gguf", tmp_path / "digests.json"
    path.write_bytes(CONTENT)
    for text in ("{", '{"x": 1}', "[]"):
        cache.write_text(text)
        assert book(cache).digest(path) == (SHA, "")
    blocked = book(path / "digests.json")  # a folder that cannot be: its name is a file's
    (file,) = (found := read_model_files([], [path], blocked)).files
    assert file.sha256 == SHA
    assert "digests are not cached" in found.unknown["digests"]


def test_the_environment_moves_the_places(tmp_path: Path) -> None:
    env = {"OLLAMA_MODELS": "/srv/ollama", "HF_HOME": "/srv/hf", "LLAMA_CACHE": "/srv/llama"}
    paths = {str(place.path) for place in usual_places(tmp_path, env, tmp_path / "own")}
    assert {"/srv/ollama", "/srv/hf/hub", "/srv/llama", str(tmp_path / ".lmstudio/models")} <= paths
