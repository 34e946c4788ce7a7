"""What must never be committed is not committed."""

import re
import subprocess
from pathlib import Path

from tests.conftest import LONG

ROOT = Path(__file__).parents[1]
BIG = 2_000_000


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_index_addresses_no_paths_of_one_machine_and_no_keys() -> None:
    bad = re.compile(
        r"pythonho"
        r"sted|pypi\.o"
        r"rg|registry\.npmjs|deb\.debian\.o"
        r"rg|/(?:wor"
        r"k|ro"
        r"ot)/|\bsk-[A-Za-z0-9]{20,}"
    )
    for path in tracked():
        if path.suffix in {".png", ".gguf", ".pdf", ".eval"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found = bad.search(text)
        assert found is None, f"{path.relative_to(ROOT)}: {found.group(0) if found else ''}"


def test_no_weights_and_no_big_files() -> None:
    for path in tracked():
        assert path.suffix not in {".gguf", ".safetensors", ".bin"}, path
        assert path.stat().st_size < BIG, f"{path.relative_to(ROOT)} has {path.stat().st_size:,} bytes"


def test_requirements_are_exact_pins_with_hashes() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if line and line[0].isalnum()]
        assert pins
        for pin in pins:
            assert "==" in pin, f"{path.name}: {pin}"
        assert sum("--hash=sha256:" in line for line in lines) >= len(pins)


def test_files_that_begin_first_are_there() -> None:
    assert [name for name in LONG if not (ROOT / name).is_file()] == []


def test_no_test_and_no_source_is_ignored() -> None:
    words = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "src", "tests", "benchmarks"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    ignored = [name for name in listed if name.endswith(".py") and not name.startswith("benchmarks/repositories/")]
    assert ignored == [], "only this checkout has them"
