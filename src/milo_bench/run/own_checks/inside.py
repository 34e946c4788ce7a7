"""A suite's own Python and calls in, one result line for each call out: the program that runs inside the sandbox.

It uses the standard library alone, since it is copied into the sandbox. Lines are JSON. The first line of standard
input is ``{"call_s": …, "wall_s": …}``, each later one a call: ``{"n": …, "check": …, "case": {…}}``. The first line
of standard output is ``{"ready": …}`` or ``{"broken": …}``, then one line for each call, in order:
``{"n": …, "ending": …, "results": […], "problem": …, "took_s": …}``.

Each call runs in a process of its own: nothing that it changes, leaves behind or exhausts reaches the next one, so
the order of answers does not matter and a call that hangs costs only itself.
"""

import contextlib
import json
import os
import platform
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from types import ModuleType
from typing import Any, BinaryIO

MARK = "/.sandbox"  # a file that only the sandbox has
LONGEST_TEXT = 2_000
MOST_RESULTS = 200
LARGEST_RESULT = 1 << 18
OUTCOMES = ("pass", "fail", "flag", "skip", "unjudged")
TEXTS = ("category", "reason", "subject", "expected", "got")


class Case:
    """What a check is given; each call has its own copy, so changing it changes nothing else.

    ``output`` is the answer, ``json`` its value if it is JSON (None if not), ``input`` and ``expect`` are the
    fixture's, ``params`` the check's settings in suite.yaml, ``resources`` the workload's.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self.fixture = given["fixture"]
        self.output = given["output"]
        self.json = given["json"]
        self.input = given["input"]
        self.expect = given["expect"]
        self.tags = given["tags"]
        self.params = given["params"]
        self.resources = given["resources"]
        self.tool_calls = given["tool_calls"]
        self.finish_reason = given["finish_reason"]


def main(path: str) -> None:
    if not os.path.exists(MARK):
        sys.exit("this program ends every process that it can reach, so it runs only in the sandbox")
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a check prints goes nowhere, and it reads nothing: the streams are for calls and results alone.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()

    limits = json.loads(calls.readline())
    try:
        module = load(path)
    except BaseException:
        say({"broken": told()})
        return
    say({"ready": f"{platform.python_implementation()} {platform.python_version()}"})
    for line in calls:
        call = json.loads(line)
        say({"n": call["n"], **run_apart(module, call, limits, (calls, answers))})


def load(path: str) -> ModuleType:
    module = ModuleType("checks")
    module.__file__ = path
    sys.modules["checks"] = module
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), module.__dict__)
    return module


def run_apart(
    module: ModuleType, call: dict[str, Any], limits: dict[str, Any], streams: tuple[BinaryIO, ...]
) -> dict[str, Any]:
    """One call in a child; what it answered, or how it ended."""
    reading, writing = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for kept in (reading, *(stream.fileno() for stream in streams)):
                os.close(kept)
            seconds = limits["call_s"]
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
            answer = judged(module, call)
            with os.fdopen(writing, "wb") as file:
                file.write(json.dumps(answer).encode() + b"\n")
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    said = collect(reading, began + limits["wall_s"])
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    # Nothing else runs in here: whatever is left was started by the call.
    leave_nobody()
    return {**understood(said, status), "took_s": round(time.monotonic() - began, 6)}


def collect(reading: int, until: float) -> bytes | None:
    """What the child writes, up to its one line's end or its own; a process it leaves keeps the pipe open."""
    said = b""
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return None
        piece = os.read(reading, 1 << 16)
        if not piece:
            return said
        said += piece
        if said.endswith(b"\n") or len(said) > LARGEST_RESULT:
            return said


def leave_nobody() -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def understood(said: bytes | None, status: int) -> dict[str, Any]:
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if said is None or ended_by == signal.SIGXCPU:
        return {"ending": "time", "results": [], "problem": "it did not answer in time"}
    if said and len(said) <= LARGEST_RESULT:
        with contextlib.suppress(ValueError):  # it ended while it wrote
            answer: dict[str, Any] = json.loads(said)
            return answer
    if len(said) > LARGEST_RESULT:
        return {"ending": "raised", "results": [], "problem": f"its result is larger than {LARGEST_RESULT} bytes"}
    how = f"signal {ended_by}" if ended_by else "its own exit"
    return {"ending": "raised", "results": [], "problem": f"its process ended by {how} before it answered"}


def judged(module: ModuleType, call: dict[str, Any]) -> dict[str, Any]:
    """The check's answer to one case as plain data."""
    check = getattr(module, call["check"], None)
    if not callable(check):
        return {"ending": "raised", "results": [], "problem": f"the file has no function '{call['check']}'"}
    try:
        return {"ending": "done", "results": plain(check(Case(call["case"]))), "problem": ""}
    except MemoryError:
        return {"ending": "memory", "results": [], "problem": "it needs more memory than it may use"}
    except BaseException:
        return {"ending": "raised", "results": [], "problem": told()}


def plain(answer: Any) -> list[dict[str, Any]]:
    """What a check may return, as a list of verdicts.

    True passes, False fails, None means that the check does not apply. A text fails with it as the reason. A pair is
    one of these with a reason. A mapping is a verdict in full, and a list is several of them.
    """
    if isinstance(answer, (list, tuple)) and not is_pair(answer):
        if len(answer) > MOST_RESULTS:
            raise ValueError(f"a check returned {len(answer)} verdicts, more than {MOST_RESULTS}")
        return [one(part) for part in answer]
    return [one(answer)]


def is_pair(answer: Any) -> bool:
    return isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], str)


def one(answer: Any) -> dict[str, Any]:
    if is_pair(answer):
        return {**one(answer[0]), "reason": cut(answer[1])}
    if answer is None:
        return {"outcome": "skip"}
    if isinstance(answer, bool):
        return {"outcome": "pass" if answer else "fail"}
    if isinstance(answer, str):
        return {"outcome": "fail", "reason": cut(answer)}
    if isinstance(answer, Mapping):
        return verdict(answer)
    raise TypeError(f"a check returned {type(answer).__name__} instead of True, False, None, a text, a dict or a list")


def verdict(answer: Mapping[str, Any]) -> dict[str, Any]:
    known = ("outcome", *TEXTS, "spans", "parts", "parts_held")
    unknown = [str(key) for key in answer if key not in known]
    if unknown:
        raise ValueError(f"a verdict has no {unknown[0]!r}, only {', '.join(known)}")
    if answer.get("outcome") not in OUTCOMES:
        raise ValueError(f"a verdict's outcome is one of {', '.join(OUTCOMES)}, not {answer.get('outcome')!r}")
    made: dict[str, Any] = {"outcome": answer["outcome"]}
    for key in TEXTS:
        if answer.get(key) is not None:
            made[key] = cut(str(answer[key]))
    for key in ("parts", "parts_held"):
        if answer.get(key) is not None:
            made[key] = int(answer[key])
    made["spans"] = [[int(start), int(end)] for start, end in answer.get("spans", ())][:MOST_RESULTS]
    return made


def cut(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def told() -> str:
    """The error as its author needs it: what was raised, and the lines of the suite's own file that led there."""
    kind, error, trace = sys.exc_info()
    assert kind is not None
    own = [entry for entry in traceback.extract_tb(trace) if entry.filename.endswith("checks.py")]
    where = f" (line {own[-1].lineno})" if own else ""
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})"
    return cut(f"{kind.__name__}: {error}{where}")


if __name__ == "__main__":
    main(sys.argv[1])
