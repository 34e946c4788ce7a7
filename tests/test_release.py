"""What is released beside the wheel: a changelog from its fragments, a container file that names what exists."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COLLECT = runpy.run_path(str(ROOT / "changelog.d/collect.py"))


def test_the_container_file_copies_what_exists_and_starts_the_command() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.+)$", text, flags=re.MULTILINE) for name in line.split()[:-1]
    ]
    assert {"requirements", "src", "pyproject.toml", "setup.py", "README.md", "LICENSE"} == set(copied)
    assert all((ROOT / name).exists() for name in copied)
    assert all((ROOT / name).is_file() for name in re.findall(r"-r (\S+\.txt)", text))
    assert text.count("--require-hashes") == 1
    assert 'ENTRYPOINT ["milo-bench"]' in text


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/how-to/release.md"])
def test_each_make_target_that_a_page_names_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(
        re.findall(r"(?:^|`)make ([a-z][a-z-]*)\b", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert named
    assert named <= targets


def test_fragments_become_the_newest_section_of_the_changelog_and_are_removed(tmp_path: Path) -> None:
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d/b.md").write_text("- You can now do B.\n- And C.\n", encoding="utf-8")
    (tmp_path / "changelog.d/a.md").write_text("You can now do A,\nover two lines.\n", encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 0.1.0 (2026-11-01)\n\n- The first.\n", encoding="utf-8")
    COLLECT["main"]("0.2.0", "2027-01-15", tmp_path)
    assert (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8") == (
        "# Changes\n\n## 0.2.0 (2027-01-15)\n\n- You can now do A,\n  over two lines.\n- You can now do B.\n- And C.\n"
        "\n## 0.1.0 (2026-11-01)\n\n- The first.\n"
    )
    assert not list((tmp_path / "changelog.d").glob("*.md"))


@pytest.mark.parametrize("arguments", [("0.2", "2027-01-15"), ("0.2.0", "today"), ("", "")])
def test_a_release_without_version_or_date_changes_nothing(tmp_path: Path, arguments: tuple[str, str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        COLLECT["main"](*arguments, tmp_path)
    assert not list(tmp_path.iterdir())


def test_security_names_tests_that_exist() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)`", text)
    assert len(named) > 10
    assert all((ROOT / name).exists() for name in named), [name for name in named if not (ROOT / name).exists()]
