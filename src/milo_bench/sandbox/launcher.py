"""A user, limits and folders in, bwrap in this process's place out, root given up; a program of its own.

Run as ``python -I -S launcher.py USER LIMITS REPORT PASSED_ON COUNT NAME SOURCE … bwrap …``: LIMITS is
``KIND=BOUND,…`` by the kernel's numbers, REPORT and PASSED_ON are descriptors, and COUNT pairs of a name and a
source follow; a name that begins with COPIED is of a folder to be written to. Two things have to happen between
our caller and bwrap, and only a process in between can do them:

Once root is given up, the way to a folder may be closed: an interpreter below ``/root`` cannot be bound by nobody.
So root first makes a mount namespace of its own, in which ``/tmp`` holds each source under its short name. What is
to be written to is copied there and given to the new user, who could not change root's files even in an overlay.

A limit on processes has to be set once the user namespace exists, by a process of the same user: root itself may
lack the right (containers withhold CAP_SYS_RESOURCE). So a child waits for bwrap's report, sets the limits and
passes the report on.
"""

import os
import stat
import sys

# Here and not where it is used: by then root is given up, and this interpreter's own modules may be out of reach.
try:  # noqa: SIM105  to import contextlib takes as long as all that is imported here
    import resource
except ImportError:  # Windows has neither it nor a sandbox
    pass

STAGE = "/tmp"  # noqa: S108  covered by a tmpfs that nobody else sees
COPIED = "copied-"
_NEW_MOUNTS = 0x20000
_RECURSIVE, _PRIVATE, _BIND = 0x4000, 1 << 18, 0x1000


def main() -> None:
    user, limits, report, passed_on, count = sys.argv[1:6]
    rest = sys.argv[6:]
    named, words = rest[: 2 * int(count)], rest[2 * int(count) :]
    if os.geteuid() == 0:
        stage(dict(zip(named[::2], named[1::2], strict=True)), int(user))
        give_up_root(int(user))
    if os.fork() == 0:
        try:
            set_limits(limits, int(report), int(passed_on))
        finally:
            os._exit(0)
    os.close(int(report))
    os.close(int(passed_on))
    os.execve(words[0], words, {})  # noqa: S606  the words are our caller's


def stage(sources: dict[str, str], user: int) -> None:
    """Make a mount namespace where STAGE holds every source under its name, and nothing else."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)

    def call(done: int, what: str) -> None:
        if done != 0:
            sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")

    def mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
        words = (word.encode() for word in (source, target, kind))
        call(libc.mount(*words, ctypes.c_ulong(flags), options.encode()), f"cannot mount {source}")

    call(libc.unshare(_NEW_MOUNTS), "cannot make a mount namespace")
    mount("none", "/", "", _RECURSIVE | _PRIVATE, "")
    # Opened before STAGE is covered: a source may lie in it.
    opened = {name: os.open(source, os.O_PATH) for name, source in sources.items()}
    mount("tmpfs", STAGE, "tmpfs", 0, "mode=0755")
    for name, descriptor in opened.items():
        source, target = f"/proc/self/fd/{descriptor}", f"{STAGE}/{name}"
        if name.startswith(COPIED):
            copy(f"{source}/", target, user)
            continue
        os.makedirs(target if os.path.isdir(source) else os.path.dirname(target), exist_ok=True)
        if not os.path.isdir(source):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o444))
        mount(source, target, "", _BIND | _RECURSIVE, "")
    for descriptor in opened.values():
        os.close(descriptor)


def copy(source: str, target: str, user: int) -> None:
    """Copy folders, files and links, as ``user``'s own; nothing is followed, and sockets and devices are left out."""
    os.mkdir(target, 0o755)
    with os.scandir(source) as entries:
        for entry in entries:
            place, kind = os.path.join(target, entry.name), entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(kind):
                copy(entry.path, place, user)
            elif stat.S_ISLNK(kind):
                os.symlink(os.readlink(entry.path), place)
                os.chown(place, user, user, follow_symlinks=False)
            elif stat.S_ISREG(kind):
                copy_file(entry.path, place, user)
    os.chown(target, user, user)


def copy_file(source: str, target: str, user: int) -> None:
    """Copy one file with its times and who may run it. Written here: to import shutil takes as long as to copy."""
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    found = os.fstat(reading)
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    while os.sendfile(writing, reading, None, 1 << 30):
        pass
    os.fchmod(writing, found.st_mode & 0o777)
    os.fchown(writing, user, user)
    os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
    os.close(reading)
    os.close(writing)


def give_up_root(user: int) -> None:
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError as error:
        sys.exit(f"cannot drop root: {error.strerror}")


def set_limits(limits: str, report: int, passed_on: int) -> None:
    """Limit the first process of the sandbox, which waits, then hand its number on."""
    for stream in (0, 1, 2):  # whoever holds one of them keeps the sandbox's end from being seen
        os.close(stream)
    said = b""
    while piece := os.read(report, 4096):
        said += piece
        if b"}" in said:
            break
    pid = said.partition(b'"child-pid":')[2].partition(b",")[0].strip(b" \n}")
    if pid.isdigit():
        for limit in limits.split(","):
            kind, _, bound = limit.partition("=")
            _, hard = resource.prlimit(int(pid), int(kind))
            least = int(bound) if hard == resource.RLIM_INFINITY else min(int(bound), hard)
            resource.prlimit(int(pid), int(kind), (least, least))
        os.write(passed_on, pid)


if __name__ == "__main__":
    main()
