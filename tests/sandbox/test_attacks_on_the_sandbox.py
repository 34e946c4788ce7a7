"""Programs that want out, want everything, or do not want to end, and what the sandbox leaves them."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from milo_bench.sandbox import Mount, SandboxCommand, SandboxOutcome, run_sandboxed
from tests.sandbox.conftest import Attack

MIB = 1 << 20


def _said(outcome: SandboxOutcome) -> dict[str, Any]:
    assert outcome.stdout, outcome
    said: dict[str, Any] = json.loads(outcome.stdout)
    return said


# ---------------------------------------------------------------- what it can see and know


def test_no_environment_of_the_caller_can_be_read(attack: Attack) -> None:
    outcome = attack(
        """
import glob, json, os
seen = dict(os.environ)
others = {}
for path in glob.glob("/proc/[0-9]*/environ"):
    others[path] = open(path, "rb").read().decode()
print(json.dumps({"own": seen, "others": others}))
"""
    )
    said = _said(outcome)
    given = {"PATH", "HOME", "LANG", "TZ", "PYTHONPATH", "PYTHONHASHSEED"}  # by the sandbox and by python_command
    assert set(said["own"]) - {"PWD"} == given
    assert "MILO_TEST_SECRET" not in json.dumps(said)


def test_no_file_of_the_machine_beside_its_programs_can_be_read(attack: Attack, shared_folder: Path) -> None:
    secret = shared_folder / "secret.txt"
    secret.write_text("kept")
    secret.chmod(0o644)
    outcome = attack(
        f"""
import json, os
found = {{}}
for path in ({str(secret)!r}, "/etc/shadow", "/etc/hostname", "/home", "/root", "/sys/kernel", "/run", "/var/log",
             "/proc/1/root" + {str(secret)!r}, "/proc/1/cwd/etc/shadow", "/proc/self/root" + "/etc/hostname"):
    found[path] = os.path.exists(path)
print(json.dumps({{"found": found, "top": sorted(os.listdir("/")), "etc": sorted(os.listdir("/etc"))}}))
"""
    )
    said = _said(outcome)
    found = said["found"]
    # The interpreter itself may lie below root's home; then that folder exists, with nothing else in it.
    assert {path for path, there in found.items() if there} <= {"/root"}
    assert said["etc"] == ["group", "hosts", "ld.so.cache", "nsswitch.conf", "passwd"]


def test_no_descriptor_but_the_three_streams_is_open(attack: Attack) -> None:
    outcome = attack(
        """
import json, os
found = {}
for pid in ("self", "1"):
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[f"{pid} {name}"] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            pass  # the listing's own
print(json.dumps(found))
"""
    )
    links = {str(link) for link in _said(outcome).values()}
    assert all(link.startswith(("pipe:", "anon_inode:[eventfd]")) for link in links), links


def test_a_link_that_points_out_of_a_bound_folder_leads_nowhere(attack: Attack, shared_folder: Path) -> None:
    secret = shared_folder / "secret.txt"
    secret.write_text("kept")
    tree = shared_folder / "tree"
    tree.mkdir()
    (tree / "inside.txt").write_text("seen")
    (tree / "out").symlink_to(secret)
    (tree / "up").symlink_to("../secret.txt")
    (tree / "far").symlink_to("../../../../../../../../etc/shadow")
    outcome = attack(
        """
import json, os
answers = {}
for name in ("inside.txt", "out", "up", "far"):
    try:
        answers[name] = open("/tree/" + name).read()
    except OSError as error:
        answers[name] = error.errno
print(json.dumps(answers))
""",
        read_only={"/tree": str(tree)},
    )
    assert _said(outcome) == {"inside.txt": "seen", "out": errno.ENOENT, "up": errno.ENOENT, "far": errno.ENOENT}


def test_nothing_outside_the_scratch_space_can_be_written(attack: Attack, shared_folder: Path) -> None:
    tree = shared_folder / "tree"
    tree.mkdir()
    tree.chmod(0o777)
    (tree / "kept.txt").write_text("before")
    (tree / "kept.txt").chmod(0o666)
    outcome = attack(
        """
import json, os
answers = {}
for path in ("/new", "/usr/new", "/etc/new", "/etc/passwd", "/dev/new", "/proc/new", "/milo/new", "/milo/attack.py",
             "/tree/new", "/tree/kept.txt", "/proc/sys/kernel/core_pattern", "/tmp/new", "/dev/shm/new"):
    try:
        with open(path, "w") as file:
            file.write("x")
        answers[path] = "written"
    except OSError as error:
        answers[path] = "refused"
for call in (lambda: os.remove("/tree/kept.txt"), lambda: os.mkdir("/usr/folder"), lambda: os.chmod("/usr", 0o777)):
    try:
        call()
        answers["call"] = "done"
    except OSError:
        pass
print(json.dumps(answers))
""",
        read_only={"/tree": str(tree)},
    )
    said = _said(outcome)
    assert {path for path, answer in said.items() if answer != "refused"} == {"/tmp/new", "/dev/shm/new"}
    assert [one.name for one in tree.iterdir()] == ["kept.txt"]
    assert (tree / "kept.txt").read_text() == "before"


# ---------------------------------------------------------------- whom it can reach


def test_no_socket_leads_out(attack: Attack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0milo-bench-attack-test")
        abstract.listen()
        outcome = attack(
            f"""
import json, socket
answers = {{}}
def attempt(name, work):
    try:
        work()
        answers[name] = "reached"
    except OSError as error:
        answers[name] = error.errno
def connect(family, kind, address):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        if kind == socket.SOCK_DGRAM:
            one.send(b"x")
attempt("caller", lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {listener.getsockname()[1]})))
attempt("world", lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53)))
attempt("world6", lambda: connect(socket.AF_INET6, socket.SOCK_DGRAM, ("2001:db8::1", 53)))
attempt("abstract", lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "\\0milo-bench-attack-test"))
for name, family in (("netlink", 16), ("packet", 17), ("alg", 38), ("vsock", 40), ("xdp", 44)):
    attempt(name, lambda: socket.socket(family, socket.SOCK_DGRAM).close())
print(json.dumps(answers))
"""
        )
    said = _said(outcome)
    assert "reached" not in said.values(), said
    assert {said[name] for name in ("netlink", "packet", "alg", "vsock", "xdp")} == {errno.EAFNOSUPPORT}


def test_other_processes_can_neither_be_seen_nor_signalled(attack: Attack) -> None:
    outcome = attack(
        f"""
import json, os, signal
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
answers = {{"pids": pids, "parent": os.getppid()}}
try:
    os.kill({os.getpid()}, 0)
    answers["kill"] = "seen"
except OSError:
    answers["kill"] = "unknown"
print(json.dumps(answers), flush=True)
os.kill(-1, signal.SIGKILL)
"""
    )
    said = _said(outcome)
    assert said["kill"] == "unknown" or os.getpid() in (1, 2)
    assert max(said["pids"]) < 10


def test_privileges_and_further_namespaces_are_refused(attack: Attack) -> None:
    outcome = attack(
        """
import ctypes, errno, json, os, re
libc = ctypes.CDLL(None, use_errno=True)
status = open("/proc/self/status").read()
def code(done):
    return errno.errorcode[ctypes.get_errno()] if done < 0 else "done"
answers = {
    "capabilities": [int(value, 16) for value in re.findall(r"Cap\\w+:\\s+(\\w+)", status)],
    "new privileges": re.search(r"NoNewPrivs:\\s+(\\d)", status)[1],
    "user namespace": code(libc.unshare(0x10000000)),
    "mount namespace": code(libc.unshare(0x20000)),
    "mount": code(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
    "chroot": code(libc.chroot(b"/tmp")),
    "ptrace": code(libc.ptrace(16, 1, 0, 0)),
    "io_uring": code(libc.syscall(425, 8, ctypes.create_string_buffer(120))),
    "bpf": code(libc.syscall({"x86_64": 321, "aarch64": 280}[os.uname().machine], 0, 0, 0)),
    "setuid": code(libc.setuid(0)),
}
print(json.dumps(answers))
"""
    )
    said = _said(outcome)
    assert said.pop("capabilities") == [0, 0, 0, 0, 0]
    assert said.pop("new privileges") == "1"
    # setuid(0) is EINVAL: the namespace knows no such user.
    assert said.pop("setuid") == "EINVAL"
    assert set(said.values()) == {"EPERM"}, said


# ---------------------------------------------------------------- what it can use up


def test_a_fork_bomb_stays_under_its_bound_and_is_gone_afterwards(attack: Attack) -> None:
    outcome = attack(
        """
import os, sys
while True:
    try:
        os.fork()
        os.write(1, b".")
    except OSError:
        pass
""",
        processes=20,
        wall_s=1.5,
    )
    assert outcome.ending in ("wall_time", "processes")
    # Each fork writes twice, in the parent and in the child; the bound holds at every moment, and nobody exits.
    assert 0 < len(outcome.stdout) <= 2 * 20
    assert outcome.wall_s < 20


def test_threads_count_as_processes(attack: Attack) -> None:
    outcome = attack(
        """
import threading, time
started = 0
try:
    for _ in range(100):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
print(started, flush=True)
import os; os._exit(0)
""",
        processes=16,
    )
    assert 0 < int(outcome.stdout) < 16


def test_a_memory_bomb_in_one_process_is_refused_its_memory(attack: Attack) -> None:
    outcome = attack(
        """
try:
    bomb = bytearray(600 << 20)
except MemoryError:
    print("refused")
""",
        memory_bytes=128 * MIB,
    )
    assert outcome.stdout == b"refused\n"
    assert outcome.ok


@pytest.mark.parametrize(
    "hiding_place",
    [
        pytest.param(
            "for _ in range(8):\n  if os.fork() == 0:\n    kept = os.urandom(1 << 20) * 30\n    time.sleep(60)",
            id="many processes",
        ),
        pytest.param(
            "import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: others may not look at it\n"
            "for _ in range(8):\n  if os.fork() == 0:\n    kept = os.urandom(1 << 20) * 30\n    time.sleep(60)",
            id="processes that hide",
        ),
        pytest.param("kept = mmap.mmap(-1, 400 << 20)\nfor at in range(0, 400 << 20, 4096): kept[at] = 1", id="shared"),
        pytest.param(
            "for name in 'abcd':\n  open('/tmp/' + name, 'wb').write(b'x' * (40 << 20))\n"
            "for name in 'abcd':\n  open('/dev/shm/' + name, 'wb').write(b'x' * (40 << 20))",
            id="files in scratch space",
        ),
        pytest.param("for name in 'abcdef':\n  open('/tree/' + name, 'wb').write(b'x' * (40 << 20))", id="an overlay"),
    ],
)
def test_a_memory_bomb_is_killed_wherever_it_hides(attack: Attack, shared_folder: Path, hiding_place: str) -> None:
    tree = shared_folder / "tree"
    tree.mkdir()
    tree.chmod(0o777)
    outcome = attack(
        f"import mmap, os, time\n{hiding_place}\ntime.sleep(60)",
        memory_bytes=160 * MIB,
        scratch_bytes=200 * MIB,
        wall_s=50.0,
        overlays={"/tree": str(tree)},
    )
    assert outcome.ending == "memory", outcome
    assert outcome.exit_code is None
    assert not list(tree.iterdir())


def test_memory_files_without_a_size_do_not_exist(attack: Attack) -> None:
    outcome = attack(
        """
import os
try:
    os.memfd_create("bomb")
except OSError as error:
    print(error.errno)
"""
    )
    assert int(outcome.stdout) == errno.ENOSYS


def test_a_full_scratch_space_is_an_error_of_the_program_that_filled_it(attack: Attack) -> None:
    outcome = attack(
        """
try:
    for name in "abc":
        open("/tmp/" + name, "wb").write(b"x" * (6 << 20))
except OSError as error:
    print(error.errno)
""",
        scratch_bytes=8 * MIB,
    )
    assert int(outcome.stdout) == errno.ENOSPC


def test_endless_output_is_cut_at_its_bound(attack: Attack) -> None:
    outcome = attack("while True: print('x' * 1000)", output_bytes=100_000, wall_s=50.0)
    assert outcome.ending == "output"
    assert len(outcome.stdout) == 100_000


# ---------------------------------------------------------------- how it ends


def test_a_program_that_ignores_every_signal_ends_at_its_time(attack: Attack) -> None:
    outcome = attack(
        """
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
print("ready", flush=True)
while True:
    time.sleep(1)
""",
        wall_s=2.0,
    )
    assert outcome.ending == "wall_time"
    assert outcome.exit_code is None
    assert outcome.wall_s < 30


def test_processor_time_of_all_processes_together_is_bounded_and_sleep_costs_none(attack: Attack) -> None:
    many = "import os\nos.fork(), os.fork()\nwhile True: pass"  # each stays below the bound by itself
    outcome = attack(many, cpu_s=2.0, wall_s=300.0)
    assert outcome.ending == "cpu_time"
    assert outcome.cpu_s is not None and 2.0 < outcome.cpu_s < 8.0
    one_by_one = "import os\nwhile True:\n    if not os.fork(): os._exit(sum(range(10**7)) > 0)\n    os.wait()"
    assert attack(one_by_one, cpu_s=2.0, wall_s=300.0).ending == "cpu_time"
    outcome = attack("import time\ntime.sleep(1000)", cpu_s=0.5, wall_s=3.0)
    assert outcome.ending == "wall_time"
    assert outcome.cpu_s is not None and outcome.cpu_s < 0.5


def test_children_left_behind_are_killed_and_do_not_keep_the_caller_waiting(attack: Attack) -> None:
    outcome = attack(
        """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(1)
        os._exit(0)
print("done", flush=True)
""",
        wall_s=60.0,
    )
    assert outcome.ok
    assert outcome.stdout == b"done\n"
    assert outcome.wall_s < 30  # it does not wait for the children, who would sleep on


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(7)", 7), ("import os; os.abort()", 128 + 6)])
def test_an_exit_code_and_a_signal_are_told_as_a_shell_tells_them(attack: Attack, code: str, expected: int) -> None:
    outcome = attack(code)
    assert (outcome.ending, outcome.exit_code) == ("exited", expected)


def test_what_is_written_into_an_overlay_is_seen_inside_and_nowhere_else(attack: Attack, shared_folder: Path) -> None:
    tree = shared_folder / "tree"
    tree.mkdir()
    tree.chmod(0o777)
    (tree / "code.py").write_text("answer = 1\n")
    if os.geteuid() == 0:  # the ordinary user's own, as an overlay wants it
        os.chown(tree / "code.py", 65534, 65534)
    outcome = attack(
        """
import os
with open("/tree/code.py", "a") as file:
    file.write("answer = 2\\n")
open("/tree/new.py", "w").close()
print(sorted(os.listdir("/tree")), open("/tree/code.py").read().count("answer"))
""",
        overlays={"/tree": str(tree)},
    )
    assert outcome.stdout == b"['code.py', 'new.py'] 2\n", outcome
    assert (tree / "code.py").read_text() == "answer = 1\n"
    assert not (tree / "new.py").exists()


def test_a_tree_that_only_root_may_change_can_be_changed_inside_when_root_runs_it(shared_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has files that it may change and the sandbox's user may not")
    tree = shared_folder / "tree"
    (tree / "package").mkdir(parents=True)
    (tree / "package" / "code.py").write_text("answer = 1\n")
    (tree / "link").symlink_to("package/code.py")
    os.mkfifo(tree / "pipe")
    command = SandboxCommand(
        ("/bin/sh", "-c", "echo answer = 2 > /tree/link && cat /tree/package/code.py && ls /tree"),
        overlays=(Mount(tree, "/tree"),),
    )
    outcome = run_sandboxed(command)
    assert outcome.stdout == b"answer = 2\nlink\npackage\n", outcome
    assert (tree / "package" / "code.py").read_text() == "answer = 1\n"
