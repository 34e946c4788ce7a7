"""Pictures as input: kept by digest, sent as each API wants them, refused for a target that cannot see."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.office.documents import PICTURE_FORMATS, Page, docx
from milo_bench import api
from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import ConfigError, DataError, UsageError
from milo_bench.core.hashing import sha256_bytes
from milo_bench.core.records import Timeouts
from milo_bench.suites import load_suite, render_prompt
from milo_bench.suites.importing.importer import IMPORTERS, ImportRequest
from milo_bench.suites.pictures import with_pictures
from milo_bench.suites.prompts import split_prompt
from milo_bench.targets import open_target
from milo_bench.targets.fake.server import start_fake
from milo_bench.targets.http.roles import merge_system
from tests.patience import WAIT_S

PAGE = Page("Claim 17", ("Amount: 1,234.50 €",))
PNG = PICTURE_FORMATS["png"](PAGE)
PATIENT = Timeouts(WAIT_S, WAIT_S, WAIT_S)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A suite of two pictures, imported from a folder with its labels."""
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "a.png").write_bytes(PNG)
    (folder / "b.jpg").write_bytes(PICTURE_FORMATS["jpg"](PAGE))
    (folder / "labels.csv").write_text("file,label\na.png,motor\nb.jpg,water\n")
    api.import_suite(ImportRequest(folder, forms=("picture",)), out=tmp_path / "own")
    return tmp_path / "own"


def test_a_picture_is_kept_in_the_suite_by_its_digest_and_passes_the_check(own: Path) -> None:
    assert api.check_suite(str(own)) == []
    suite = load_suite(str(own))
    fixture = suite.fixtures[0]
    assert fixture.input == {"image": [f"pictures/{sha256_bytes(PNG)}.png"]}
    (_, message) = render_prompt(suite.workloads["classify"], {"input": fixture.input})
    assert [picture.name for picture in message.pictures] == fixture.input["image"]
    (own / fixture.input["image"][0]).write_bytes(PNG + b"\0")
    assert any("not the picture that its name says" in problem.what for problem in api.check_suite(str(own)))


@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_each_api_gets_the_picture_as_it_wants_it(own: Path, kind: str) -> None:
    suite = load_suite(str(own))
    messages = render_prompt(suite.workloads["classify"], {"input": suite.fixtures[0].input})
    request = with_pictures(ChatRequest(messages), str(own))
    async with start_fake({"reply": {"text": "motor"}}) as fake:
        address = fake.address + ("/v1" if kind == "openai" else "")
        target = open_target(TargetConfig(name="t", api=kind, model="fake-1", base_url=address), {})
        try:
            exchange = await target.ask(request, timeouts=PATIENT, zero_s=time.monotonic(), intended_s=0.0)
        finally:
            await target.stop()
        sent = fake.requests[-1].body["messages"][-1]
    assert exchange.text == "motor"
    encoded = base64.b64encode(PNG).decode()
    if kind == "ollama":
        assert sent["images"] == [encoded] and isinstance(sent["content"], str)
    else:
        assert [part["type"] for part in sent["content"]] == ["text", "image_url"]
        assert sent["content"][1]["image_url"]["url"] == f"data:image/png;base64,{encoded}"


def test_a_target_that_cannot_see_says_so_before_the_run(own: Path, tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("reply: {text: motor}\n")
    bench = (
        "targets:\n  blind: {api: fake, script: script.yaml}\n  seeing: {api: fake, script: script.yaml, sees: true}\n"
    )
    (tmp_path / "bench.yaml").write_text(bench.replace("script.yaml", str(tmp_path / "script.yaml")))
    options: dict[str, Any] = {"suite": str(own), "config": tmp_path / "bench.yaml"}
    with pytest.raises(UsageError, match="'blind' is not known to see pictures, and 2 fixtures have some") as caught:
        api.run_suite(api.RunOptions(models=["blind"], out=tmp_path / "blind.jsonl", **options), {})
    assert "sees: true" in caught.value.hint and not (tmp_path / "blind.jsonl").exists()
    finished = api.run_suite(api.RunOptions(models=["seeing"], out=tmp_path / "seeing.jsonl", **options), {})
    assert finished.done == 2
    assert base64.b64encode(PNG)[:200].decode() not in (tmp_path / "seeing.jsonl").read_text()


def test_pictures_outside_the_suite_or_of_no_known_kind_are_refused(own: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    (own / "link.png").symlink_to(tmp_path / "secret.png")
    (own / "text.png").write_text("no picture")
    suite = load_suite(str(own))
    for name, said in (
        ("../secret.png", "outside"),
        ("link.png", "link"),
        ("text.png", "not a PNG"),
        ("no.png", "no file"),
    ):
        messages = render_prompt(suite.workloads["classify"], {"input": {"image": name}})
        with pytest.raises(DataError, match=said):
            with_pictures(ChatRequest(messages), str(own))
    with pytest.raises(DataError, match=r"input\.image: not the path"):
        render_prompt(suite.workloads["classify"], {"input": {"image": 5}})
    with pytest.raises(ConfigError, match="'image:' needs an input"):
        split_prompt("{# role: user #}\n{# image: file #}\nx", "ask")


def test_merging_messages_of_one_role_keeps_their_pictures(own: Path) -> None:
    suite = load_suite(str(own))
    messages = render_prompt(suite.workloads["classify"], {"input": suite.fixtures[0].input})
    merged = merge_system(ChatRequest((Message("user", "before"), *messages)))
    assert len(merged.messages) == 1 and len(merged.messages[0].pictures) == 1


def test_a_document_in_two_forms_is_two_fixtures_of_one_group(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "a.png").write_bytes(PNG)
    (folder / "b.docx").write_bytes(docx(PAGE))
    (folder / "labels.csv").write_text("file,label\nb.docx,motor\na.png,water\n")
    result = IMPORTERS.get("folder").read(ImportRequest(folder, forms=("text", "picture")))
    assert ("b.text", "classify", "b", ("form:text",)) in [(c.id, c.workload, c.group, c.tags) for c in result.cases]
    assert ("a.picture", "classify_picture", "a", ("form:picture",)) in [
        (case.id, case.workload, case.group, case.tags) for case in result.cases
    ]
    assert ["no pages that can be drawn" in problem.what for problem in result.not_carried] == [True]
    with pytest.raises(UsageError, match="Unknown form 'pictures'"):
        IMPORTERS.get("folder").read(ImportRequest(folder, forms=("pictures",)))


def test_a_suite_with_pictures_is_not_redacted_as_if_they_were_text(own: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has a picture, and what it shows cannot be redacted"):
        api.redact_suite(str(own), tmp_path / "clean")


def test_the_forms_of_documents_are_compared_in_pairs(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    rows, rules = ["file,label"], []
    for number in range(12):
        name = f"c{number:02d}"
        (folder / f"{name}.png").write_bytes(PNG[:-1] + bytes([number]))
        rows.append(f"{name}.png,{'motor' if number % 2 else 'water'}")
    (folder / "labels.csv").write_text("\n".join(rows))
    api.import_suite(ImportRequest(folder, forms=("picture",)), out=tmp_path / "own")
    # The same documents as text: what OCR would give, without needing its package here.
    lines = [json.loads(line) for line in (tmp_path / "own/fixtures/imported.jsonl").read_text().splitlines()]
    both = []
    for line in lines:
        document = line["id"]
        both.append({**line, "id": f"{document}.picture", "workload": "classify_picture", "tags": ["form:picture"]})
        text = {"document": f"case {document}"}
        both.append({**line, "id": f"{document}.text", "input": text, "tags": ["form:text"]})
        rules.append({"when": {"contains": f"case {document}"}, "reply": {"text": line["expect"]["label"]}})
    manifest = yaml.safe_load((tmp_path / "own/suite.yaml").read_text())
    work = manifest["workloads"]["classify"]
    manifest["workloads"]["classify_picture"] = work
    manifest["workloads"]["classify"] = {**work, "prompt": "prompts/text.jinja"}
    (tmp_path / "own/prompts/text.jinja").write_text("{{ input.document }}")
    (tmp_path / "own/suite.yaml").write_text(yaml.safe_dump(manifest))
    (tmp_path / "own/fixtures/imported.jsonl").write_text("".join(json.dumps(line) + "\n" for line in both))
    (tmp_path / "script.yaml").write_text(json.dumps({"rules": rules, "reply": {"text": "motor"}}))
    target = TargetConfig(api="fake", script=str(tmp_path / "script.yaml"), sees=True)
    options = api.RunOptions(suite=str(tmp_path / "own"), models=["t"], targets={"t": target}, out=tmp_path / "r.jsonl")
    api.run_suite(options, {})
    (comparison,) = api.compare_forms(api.SideRef(tmp_path / "r.jsonl"))
    assert (comparison.first, comparison.second) == ("text", "picture")
    (rate,) = comparison.rates
    assert (rate.workload, rate.pairs, rate.first_rate, rate.second_rate) == ("classify", 12, 1.0, 0.5)
