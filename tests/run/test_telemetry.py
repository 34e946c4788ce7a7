from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from milo_bench.run.machine.telemetry import Sampler

# A server with a child that holds 64 MiB and has worked; says so, then waits for its input to close.
CHILD = "x = bytearray(64 << 20); sum(range(3_000_000)); print('ready', flush=True); input()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", PARENT], text=True, **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "ready\n"
        yield process


def test_memory_and_processor_time_are_of_the_whole_tree(server: subprocess.Popen[str]) -> None:
    sampler = Sampler({"a": (server.pid,), "elsewhere": ()})
    sample, everybody = sampler.sample(1.0)
    assert sample.target == "a" and sample.memory_bytes is not None and sample.memory_bytes > 64 << 20
    assert everybody.target == "" and everybody.client_cpu_s is not None and everybody.client_cpu_s > 0


def test_a_server_that_ended_gives_no_sample_and_no_error(server: subprocess.Popen[str]) -> None:
    sampler = Sampler({"a": (server.pid,)})
    assert len(sampler.sample(1.0)) == 2
    server.communicate("")
    assert [sample.target for sample in sampler.sample(2.0)] == [""]


def test_the_share_of_others_is_a_share_and_our_own_work_is_not_in_it() -> None:
    sampler = Sampler({"me": (os.getpid(),)})
    sampler.sample(0.0)
    sum(range(5_000_000))
    *_, everybody = sampler.sample(1.0)
    assert everybody.others_cpu_share is None or 0 <= everybody.others_cpu_share <= 1
