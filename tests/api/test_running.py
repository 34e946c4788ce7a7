"""A suite is run through the library against a scripted server, and the log says what happened."""

from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import ConfigError, DataError, UsageError
from milo_bench.core.records import StoreText
from milo_bench.store.log.reader import read_run_log

SECRET = "Marigold Featherstonehaugh"


@pytest.fixture
def scripted(tmp_path: Path) -> dict[str, TargetConfig]:
    script = tmp_path / "script.yaml"
    script.write_text(f"reply: {{text: 'Dear {SECRET}, all is settled.'}}\n")
    return {"scripted": TargetConfig(name="scripted", api="fake", model="fake", script=str(script))}


def options(tmp_path: Path, targets: dict[str, TargetConfig], **more: object) -> api.RunOptions:
    return api.RunOptions(
        suite="case_ops_v1", models=("scripted",), out=tmp_path / "log.jsonl", limit=6, targets=targets, **more
    )


def test_a_run_leaves_a_log_that_can_be_scored(tmp_path: Path, scripted: dict[str, TargetConfig]) -> None:
    finished = api.run_suite(options(tmp_path, scripted), {})
    assert finished.end.complete
    assert (finished.planned, finished.done) == (6, 6)
    log = read_run_log(finished.path)
    assert log.header.inventory
    (card,) = api.score_logs([finished.path])
    assert (card.planned, card.attempted) == (6, 6)


def test_running_again_is_refused_and_resuming_a_whole_log_asks_nothing(
    tmp_path: Path, scripted: dict[str, TargetConfig]
) -> None:
    api.run_suite(options(tmp_path, scripted), {})
    before = (tmp_path / "log.jsonl").read_bytes()
    with pytest.raises(DataError):
        api.run_suite(options(tmp_path, scripted), {})
    again = api.run_suite(options(tmp_path, scripted, resume=True), {})
    assert (again.done, again.end.complete) == (6, True)
    assert (tmp_path / "log.jsonl").read_bytes().startswith(before)
    assert len(read_run_log(again.path).attempts) == 6


@pytest.mark.parametrize("store_text", ["hashes", "redacted"])
def test_a_private_log_can_be_scored_and_holds_no_name(
    tmp_path: Path, scripted: dict[str, TargetConfig], store_text: StoreText
) -> None:
    finished = api.run_suite(options(tmp_path, scripted, store_text=store_text), {})
    (private,) = api.score_logs([finished.path])
    for file in tmp_path.glob("log*"):
        assert SECRET not in file.read_text(), file.name
        assert "Featherstonehaugh" not in file.read_text(), file.name
    open_log = api.run_suite(options(tmp_path / "open", scripted), {})
    (public,) = api.score_logs([open_log.path])
    rates = [(m.name, m.workload, m.slice, m.value) for m in private.measures if m.unit == "share"]
    assert rates == [(m.name, m.workload, m.slice, m.value) for m in public.measures if m.unit == "share"]


def test_a_hosted_target_is_asked_only_when_that_is_allowed_and_never_with_sensitive_cases(
    tmp_path: Path, scripted: dict[str, TargetConfig]
) -> None:
    hosted = {"scripted": scripted["scripted"].model_copy(update={"hosted": True})}
    with pytest.raises(UsageError) as caught:
        api.run_suite(options(tmp_path, hosted), {})
    assert "--allow-hosted" in caught.value.hint
    finished = api.run_suite(
        api.RunOptions("case_ops_v1", ("scripted",), out=tmp_path / "h.jsonl", targets=hosted, allow_hosted=True), {}
    )
    log = read_run_log(finished.path)
    sent = {attempt.key.fixture for attempt in log.attempts}
    assert sent and not any(log.fixtures[fixture].sensitive for fixture in sent)
    assert log.header.plan.withheld["scripted"]


def test_a_check_that_does_not_exist_is_told_before_anything_is_asked(
    tmp_path: Path, scripted: dict[str, TargetConfig]
) -> None:
    suite = tmp_path / "suite"
    (suite / "prompts").mkdir(parents=True)
    (suite / "prompts" / "p.jinja").write_text("{# role: user #}\n{{ input.text }}\n")
    (suite / "fixtures.jsonl").write_text(
        '{"id": "a", "workload": "w", "input": {"text": "x"}, "expect": {"label": "y"}}\n'
    )
    (suite / "suite.yaml").write_text(
        "name: mine\nversion: '1'\nfixtures: [fixtures.jsonl]\n"
        "workloads:\n  w: {prompt: prompts/p.jinja, checks: [lable]}\n"
    )
    with pytest.raises((ConfigError, UsageError)) as caught:
        api.run_suite(api.RunOptions(str(suite), ("scripted",), out=tmp_path / "l.jsonl", targets=scripted), {})
    assert "lable" in caught.value.message
    assert "label" in caught.value.hint
    assert not (tmp_path / "l.jsonl").exists()
