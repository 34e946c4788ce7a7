"""What repositories declare in the files of many tools, and what is read of it; nothing of it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.roles.declared import read_declared
from milo_bench.roles.declared.python import project_folders, project_of
from milo_bench.roles.environments import _why, mark_ready
from milo_bench.roles.testing import source_folders


def test_declarations_are_read_and_never_run(tmp_path: Path) -> None:
    files = {
        "setup.py": f"open({str(tmp_path / 'x')!r}, 'w')\nN = ['attrs>=20']\nsetup(name='a', install_requires=N)",
        "tox.ini": "[testenv]\ndeps =\n  pytest>7\n  py311: mock\n  -r more.txt\n",
        "requirements.txt": "-e .[x]\n-r req/dev.txt\nb @ https://a.test/b.whl\n--index-url x\nhttpx==1 # c\n",
        "req/dev.txt": "trio\nruff\n-r ../requirements.txt\n",
        "pyproject.toml": "[broken",
    }
    declared = read_declared(files.get)
    assert declared.name == "a"
    assert declared.requirements == ("attrs>=20", "httpx==1", "mock", "pytest>7", "trio")
    assert any("https" in one for one in declared.skipped)
    assert list(tmp_path.iterdir()) == []


NOX = """import nox

@nox.session
def tests(session):
    session.install("-r", "more.txt", "jinja2", ".[x]", "-c", "limits.txt")
    session.run_install("uv", "sync", "--group=unit", "--extra", "y")

@nox.session
def lint(session):
    session.install("pylama")

def helper(session):
    session.install("nothing")
"""
GROUPS = '[project]\nname = "a"\n[project.optional-dependencies]\nx = ["h11"]\n[dependency-groups]\nunit = ["idna"]\n'


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"noxfile.py": NOX, "more.txt": "attrs\n", "pyproject.toml": GROUPS}, {"attrs", "jinja2", "h11", "idna"}),
        ({"noxfile.py": "def ("}, set()),
        (
            {"tox.ini": "[testenv:unit]\ndeps =\n  -r{toxinidir}/t.txt\n[testenv:docs]\ndeps = furo\n", "t.txt": "a-1"},
            {"a-1"},
        ),
        (
            {"tox.toml": '[env_run_base]\ndeps = ["trio", "-r t.txt"]\n[env.type]\ndeps = ["x"]\n', "t.txt": "h2"},
            {"trio", "h2"},
        ),
        ({"pyproject.toml": '[tool.tox]\nlegacy_tox_ini = """\n[testenv]\ndeps = trio\n"""\n'}, {"trio"}),
        ({"pyproject.toml": '[tool.pdm.dev-dependencies]\ntest = ["trio"]\nlint = ["x"]\n'}, {"trio"}),
        ({"pyproject.toml": '[tool.uv]\ndev-dependencies = ["trio"]\n'}, {"trio"}),
        ({"pyproject.toml": '[tool.flit.metadata]\nmodule = "a"\nrequires = ["h2"]\n'}, {"h2"}),
        (
            {"pyproject.toml": '[tool.poetry.dependencies]\npython = "3"\ntrio = "*"\nown = {path = "../own"}\n'},
            {"trio"},
        ),
        (
            {"Pipfile": '[packages]\ntrio = "*"\nown = {path = "."}\n[dev-packages]\nh2 = {version = "*"}\n'},
            {"trio", "h2"},
        ),
    ],
)
def test_what_tests_need_is_read_from_each_tool(files: dict[str, str], wanted: set[str]) -> None:
    declared = read_declared(files.get)
    assert set(declared.requirements) == wanted | {"pytest"}, declared.skipped


def test_tests_of_a_project_in_a_folder_get_what_it_declares() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "all"\n[dependency-groups]\ndev = ["trio"]\n',
        "packages/shop/pyproject.toml": '[project]\nname = "shop"\ndependencies = ["store-core", "h2"]\n',
        "packages/core/pyproject.toml": '[project]\nname = "store_core"\ndependencies = ["h11"]\n',
        "packages/core/src/store_core/__init__.py": "",
        "packages/other/pyproject.toml": '[project]\nname = "other"\ndependencies = ["nothing"]\n',
    }
    projects = project_folders(files.keys())
    assert project_of(["packages/shop/tests/test_a.py"], projects) == "packages/shop"
    assert project_of(["packages/shop/test_a.py", "packages/core/test_b.py"], projects) == ""
    declared = read_declared(files.get, "packages/shop", projects)
    assert declared.name == "shop"
    assert declared.requirements == ("h11", "h2", "pytest", "trio")
    assert source_folders(frozenset(files), declared.folders) == (
        *("packages/shop", "packages/core/src", "packages/core", ""),
    )


def test_a_later_version_of_another_project_of_the_tree_is_taken_out(tmp_path: Path) -> None:
    files = {
        "app/pyproject.toml": '[project]\nname = "app"\ndependencies = ["plugin"]\n',
        "core/pyproject.toml": '[project]\nname = "yard_core"\n',
    }
    declared = read_declared(files.get, "app", project_folders(files.keys()))
    assert declared.linked == {"yard_core": "core"}
    packages = tmp_path / "lib/python3.11/site-packages"
    for name, module in (("yard_core-9.0", "yard_core"), ("plugin-1.0", "plugin")):  # which brought the other along
        (packages / f"{name}.dist-info").mkdir(parents=True)
        (packages / f"{module}.py").write_text("answer = 42\n")
        (packages / f"{name}.dist-info/RECORD").write_text(f"{module}.py,,\n{name}.dist-info/RECORD,,\n")
    assert mark_ready(tmp_path, declared).packages == ("plugin==1.0",)
    assert sorted(one.name for one in packages.iterdir()) == ["plugin-1.0.dist-info", "plugin.py"]


def test_why_a_package_cannot_be_installed_is_told_without_addresses() -> None:
    said = "WARNING: Location 'file:///x/' is ignored\nERROR: none for a at https://me:secret@index.test/simple/a\n"
    assert _why(said) == "ERROR: none for a at …"
