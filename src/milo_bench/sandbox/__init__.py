"""A command in, its outcome out: no network, bounded memory, time, processes and output, a tree of its own.

For code that the user did not write: a suite's own Python, a mined repository's tests, a model's answer. The fences
are the Linux kernel's, put up by bubblewrap (``bwrap``). Without them nothing runs: there is no weaker mode to fall
back to. The code is assumed to have been written to get out.

**What it can see.** A root of its own, read-only: ``/usr`` and its links, an ``/etc`` of five small files, and what
the caller names. There is no home folder, no working folder, no ``/sys``, no daemon's socket. A symbolic link that
points out of a bound folder points into this root, where its target does not exist. Only ``/tmp``, ``/dev/shm`` and
overlays can be written. All three are in memory, have a size, and are gone afterwards.

**What it knows.** No environment variable of the caller, in its own environment or in that of any process it can see
(``bwrap`` itself is started without any). No open descriptor except its three streams: one folder of the machine
would lead to all others. Its own process, IPC, host name and network namespaces: it cannot see or signal other
processes, and its only network interface is its own loopback.

**Who it is.** An unprivileged user without capabilities, in a user namespace that allows no further one, with
``no_new_privs``. If the caller is root, root is given up first, for good: for the kernel, too, the process belongs
to ``nobody``, so root's files, ``/proc/sys`` and the limits that root may exceed are out of reach.

**What it can call.** A seccomp filter (``seccomp``) refuses system calls that namespaces do not fence: sockets of
families without a network namespace (vsock, netlink, AF_ALG), ``io_uring`` (its requests pass no filter), key rings,
BPF, ``ptrace``, mounts, new namespaces, memory files that no limit counts, and the processor's other call tables.

**What it can use.** Each process has limits on its data segment, file size and open files, and writes no core file.
All of them together have limits on processes (inside the namespace, and counted from outside), memory, wall time,
processor time and bytes of output, checked about fifty times per second. A command that exceeds one is killed with
everything it started: SIGKILL to the first process of a PID namespace ends all others at once, even those that ignore
SIGTERM or have detached themselves. The same happens to children that a finished command leaves, and to everything if
this program is killed.

**What it does not promise.** A hole in the kernel is a hole in the fence. Memory is counted, not reserved: between
two checks (20 ms) a program can exceed its limit by what it touches in that time. What the kernel keeps for open
sockets (about 200 KiB each) is limited only by their number, ``processes`` times ``open_files``. A Unix socket in a
folder that the caller binds can be reached through it. Processor time of a process that ended without being waited
for is not counted, only its wall time. The processor's side channels are open. And the sandbox protects the machine
from the code. It does not make the code's answer true.
"""

from milo_bench.sandbox.command import Mount, SandboxCommand, SandboxEnding, SandboxLimits, SandboxOutcome
from milo_bench.sandbox.program import require_sandbox
from milo_bench.sandbox.python import python_command
from milo_bench.sandbox.run import run_sandboxed
from milo_bench.sandbox.session import SandboxEnded, SandboxSession

__all__ = [
    "Mount",
    "SandboxCommand",
    "SandboxEnded",
    "SandboxEnding",
    "SandboxLimits",
    "SandboxOutcome",
    "SandboxSession",
    "python_command",
    "require_sandbox",
    "run_sandboxed",
]
