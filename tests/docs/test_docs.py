"""The documentation says what the code does: pages are generated, links lead somewhere, commands exist."""

import re
import shlex
import sys
from pathlib import Path

import click
import pytest

from milo_bench.cli.folder import command_lines
from milo_bench.cli.main import milo_bench
from milo_bench.cli.reference import reference_pages

COMMANDS = [line.name for line in command_lines("milo_bench.cli.commands")]
ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "sample"  # packages, made by a program
PAGES = sorted([*ROOT.glob("*.md"), *(one for one in (ROOT / "docs").rglob("*.md") if SAMPLE not in one.parents)])
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("name", reference_pages())
def test_reference_pages_are_what_the_code_generates(name: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert written == reference_pages()[name], "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_command_lines_in_the_documentation_name_real_commands_and_flags(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"(?:^|[`|])\s*(?:\.venv/bin/)?milo-bench ([a-z][^`|\n]*)", text, flags=re.MULTILINE):
        words = shlex.split(line.partition(" #")[0].partition(" <")[0])
        name = words[0]
        if f"# src/milo_bench/cli/commands/{name}.py" in text:
            continue  # the page itself adds this command, and test_extend.py runs it
        assert name in COMMANDS, f"{page.name}: milo-bench {name}"
        command = milo_bench.get_command(None, name)  # the group looks names up without a context
        if isinstance(command, click.Group) and len(words) > 1:
            command = command.get_command(None, words[1])
            assert command is not None, f"{page.name}: milo-bench {name} {words[1]}"
        known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
        for word in words[1:]:
            if word.startswith("--"):
                assert word.partition("=")[0] in known, f"{page.name}: milo-bench {name} {word}"


def test_every_command_setting_and_check_is_documented() -> None:
    from milo_bench.grade.base import CHECKS

    pages = {name: (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") for name in reference_pages()}
    for name in COMMANDS:
        assert f"`milo-bench {name}`" in pages["commands.md"]
    for name, check in CHECKS:
        assert f"## `{name}`" in pages["checks.md"]
        assert sys.modules[type(check).__module__].__doc__, f"the check '{name}' says nothing about itself"


def test_every_setting_of_every_section_is_documented_with_a_sentence() -> None:
    from milo_bench.config.settings import Settings
    from milo_bench.report.settings_reference import settings_sections

    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    sections = dict(settings_sections())
    for name, info in Settings.model_fields.items():
        assert any(title.startswith((f"`{name}`", f"`{name}.")) for title in sections), f"{name} has no section"
        assert f"| `{name}` | {info.description} |" in page
    for title, model in sections.items():
        assert f"\n## {title}\n" in page
        body = page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
        for field, info in model.model_fields.items():
            if title == "`targets.NAME`" and field == "name":
                continue
            said = info.description or ""
            assert said.endswith(".") and said[:1] in f"`{said[:1].upper()}", f"{title} {field}: write a sentence"
            assert re.search(rf"^\| `{field}` \| .+ \| .+ \| {re.escape(said)} \|$", body, re.MULTILINE), field


def test_what_errors_of_the_gateway_call_a_setting_is_one() -> None:
    from milo_bench.config.gateway import GatewayConfig

    named = {
        found
        for path in (ROOT / "src" / "milo_bench" / "gateway").rglob("*.py")
        for found in re.findall(r"\b(?:raise|under|to) gateway\.([a-z_]+)", path.read_text(encoding="utf-8"))
    }
    assert "hosts" in named and named <= set(GatewayConfig.model_fields), named


def test_every_exit_code_is_documented() -> None:
    from milo_bench.core import errors

    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    for thing in vars(errors).values():
        if isinstance(thing, type) and issubclass(thing, errors.MiloError) and thing is not errors.MiloError:
            assert re.search(rf"{thing.__name__}\s+{thing.exit_code}\b", page), thing.__name__


def test_everything_that_a_fake_server_can_be_told_is_documented() -> None:
    from typing import get_args

    from milo_bench.targets.fake import script as fake_script

    page = (ROOT / "docs/how-to/fake-server.md").read_text(encoding="utf-8")
    for model in (
        fake_script.Script,
        fake_script.When,
        fake_script.ScriptReply,
        fake_script.ScriptFault,
        fake_script.ScriptHealth,
        fake_script.UsageScript,
        fake_script.ToolCallScript,
    ):
        for field in model.model_fields:
            assert f"`{field}" in page, f"{model.__name__}.{field}"
    for kind in get_args(fake_script.FaultKind):
        assert f"`{kind}`" in page


def test_the_script_on_the_page_of_the_fake_server_can_be_loaded() -> None:
    import yaml

    from milo_bench.targets.fake.script import parse_script

    page = (ROOT / "docs/how-to/fake-server.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    scripts = [block for block in blocks if "targets:" not in block]
    assert len(scripts) == 1
    assert len(parse_script(yaml.safe_load(scripts[0])).rules) == 4


def test_every_how_to_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "how-to").glob("*.md"):
        assert f"how-to/{page.name}" in index, page.name


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop().resolve()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            left += [page.parent / link for link in LINK.findall(page.read_text(encoding="utf-8"))]
    assert {page for page in PAGES if page.name != "CHANGELOG.md"} <= reached


def test_every_command_is_shown_at_work_on_a_page() -> None:
    told = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.parent.name != "reference")
    assert [name for name in COMMANDS if f"milo-bench {name}" not in told] == []


def test_a_page_names_each_thing_that_it_is_about() -> None:
    from milo_bench.operator.permit.records import LEVEL_NAMES
    from milo_bench.probes.base import PROBES
    from milo_bench.run.step import PREPARE_STEPS
    from milo_bench.suites.importing.importer import IMPORTERS
    from milo_bench.targets import TARGET_APIS

    for page, names in {
        "probe": PROBES.names(),
        "own-suite": [*IMPORTERS.names(), *PREPARE_STEPS.names()],
        "targets": [f"api: {name}" for name in TARGET_APIS.names()],
        "operator-permit": list(LEVEL_NAMES),
    }.items():
        text = (ROOT / "docs/how-to" / f"{page}.md").read_text(encoding="utf-8")
        assert [name for name in names if f"`{name}`" not in text and f"{name} " not in text] == [], page
