"""Whole contents in, files that are on the disk whole or not at all out; the one place that writes them.

What grows line by line is not written here: run logs (``store.log``) and the verdicts of a run under way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from milo_bench.core.errors import PrerequisiteError, UsageError

PRIVATE: Final = 0o600  # what is written may quote a buyer's cases: for its owner's eyes only
PUBLIC: Final = 0o644  # what goes into a repository
PERMISSION_HINT: Final = "check free space, the folder and its permissions."
_WAITING: Final = 16  # files that wait for the disk at once
_NO_DISK: Final = (errno.EINVAL, errno.EROFS, errno.ENOTSUP)  # a file system that cannot confirm
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would else wait for somebody who writes to it
_BLOCK_BYTES = 1 << 20
_MOST_OF_DEVICE: Final = 4 << 20  # what a person types into a terminal has an end before
MOST_BYTES: Final = 256 << 20  # of a file that is read in one piece


@contextlib.contextmanager
def write_errors(path: Path, hint: str = PERMISSION_HINT) -> Iterator[None]:
    """Where the system refuses to write within the block: the one PrerequisiteError for it, with ``hint``."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        message = f"Cannot write {path}: {reason}."
        raise PrerequisiteError(message, hint=hint) from None


def write_file(path: Path, content: str | bytes, *, hint: str = PERMISSION_HINT, mode: int = PRIVATE) -> Path:
    """Write ``content`` to ``path``, whole or not at all; what was there before is replaced in one step.

    Parents are made. A file that is there keeps its mode, a new one gets ``mode``. A device or a pipe
    is written to directly, a link is followed. Raises PrerequisiteError with ``hint``.
    """
    with writing(path, hint=hint, mode=mode) as file:
        file.write(_bytes(content))
    return path


def write_new_file(
    path: Path, content: str | bytes, *, taken: str, hint: str = PERMISSION_HINT, mode: int = PRIVATE
) -> Path:
    """As ``write_file``, for a file that is never written over.

    Raises UsageError with the hint ``taken`` if there is something at ``path``, else PrerequisiteError.
    """
    with write_errors(path, hint), _part_beside(path, mode) as (part, file):
        with file:
            file.write(_bytes(content))
            _confirm(file)
        try:
            os.link(part, path)
        except FileExistsError:
            raise _taken(path, taken) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # A file system without links: two writers at one moment could not be told apart there.
            if os.path.lexists(path):
                raise _taken(path, taken) from None
            part.replace(path)
    return path


def require_new_file(path: Path, *, taken: str, hint: str = PERMISSION_HINT) -> None:
    """Make sure that ``path`` can be written as a new file: to be called before the work whose result it gets.

    Parents are made. Raises UsageError with the hint ``taken`` if there is something, else PrerequisiteError.
    """
    if os.path.lexists(path):
        raise _taken(path, taken)
    with write_errors(path, hint), _part_beside(path, PRIVATE) as (_, file):
        file.close()


def require_writable(path: Path, *, hint: str = PERMISSION_HINT) -> None:
    """Make sure that a file or a folder can be written at ``path``: to be called before the work whose result it gets.

    Parents are made. Nothing that is there changes. Raises PrerequisiteError.
    """
    there = _stat(path)
    if there is not None and not stat.S_ISREG(there.st_mode) and not stat.S_ISDIR(there.st_mode):
        return  # a pipe or a device
    place = path / path.name if there is not None and stat.S_ISDIR(there.st_mode) else path.resolve()
    with write_errors(path, hint), _part_beside(place, PRIVATE) as (_, file):
        file.close()


@contextlib.contextmanager
def writing(path: Path, *, hint: str = PERMISSION_HINT, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``path`` once the block ends without an error.

    For what is written piece by piece; everything else is as in ``write_file``.
    """
    with write_errors(path, hint):
        there = _stat(path)
        if there is not None and not stat.S_ISREG(there.st_mode):
            with _stream_to(path) as file:
                yield file
            return
        place = path.resolve()
        mode = mode if there is None else stat.S_IMODE(there.st_mode)
        with _part_beside(place, mode) as (part, file):
            with file:
                yield file
                _confirm(file)
            part.replace(place)
        _confirm_folder(place.parent)


def _stream_to(path: Path) -> BinaryIO:
    """A pipe, a terminal or a device to write to. Raises OSError for a pipe that nothing reads: it would wait."""
    try:
        descriptor = os.open(path, os.O_WRONLY | _NO_WAIT | getattr(os, "O_BINARY", 0))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise OSError("it is a socket, or a pipe that nothing reads from") from None
    if _NO_WAIT:
        os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


@contextlib.contextmanager
def writing_by_name(path: Path, *, hint: str = PERMISSION_HINT, mode: int = PRIVATE) -> Iterator[Path]:
    """As ``writing``, for a library that opens its file itself: the name that it shall write to."""
    with write_errors(path, hint), _part_beside(path.resolve(), mode) as (part, file):
        file.close()
        yield part
        part.chmod(mode)
        _confirm_file(part)
        part.replace(path.resolve())


@contextlib.contextmanager
def making_folder(out: Path, *, taken: str, hint: str = PERMISSION_HINT, mode: int = PRIVATE) -> Iterator[Path]:
    """A folder to fill, which becomes ``out`` in one step once the block ends without an error.

    An empty folder may be there. Raises UsageError with the hint ``taken`` if ``out`` is anything else,
    PrerequisiteError if it cannot be written.
    """
    if _stat(out) is not None and not _is_empty_folder(out):
        raise _taken(out, taken)
    with write_errors(out, hint):
        _make_folder(out.parent)
        with _folder_beside(out.resolve()) as scratch:
            yield scratch
            scratch.chmod(0o755 if mode == PUBLIC else 0o700)
            try:
                scratch.rename(out.resolve())  # an empty folder gives way
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise _taken(out, taken) from None
                raise


def write_new_folder(
    out: Path, files: Mapping[str, str | bytes], *, taken: str, hint: str = PERMISSION_HINT, mode: int = PRIVATE
) -> Path:
    """Write ``files`` (paths inside the folder to contents) as the folder ``out``: all of them or none.

    They are written beside it and moved into place in one step, as in ``making_folder``.
    """
    with making_folder(out, taken=taken, hint=hint, mode=mode) as scratch:
        _fill(scratch, files, mode)
    return out


def write_folder(
    out: Path,
    files: Mapping[str, str | bytes],
    *,
    stale: str = "",
    hint: str = PERMISSION_HINT,
    mode: int = PRIVATE,
) -> list[Path]:
    """Write ``files`` into the folder ``out``, which may be there and in use; the paths written, in order.

    All of them are written aside first, so a full disk changes nothing; then each takes the place of its
    older self, and other files that the pattern ``stale`` (below ``out``) names are removed. Every file
    besides stays. The folder itself is never replaced: a terminal or a file server may be in it.
    Raises PrerequisiteError.
    """
    if _stat(out) is None:
        write_new_folder(out, files, taken="name another folder.", hint=hint, mode=mode)
        return [out / name for name in files]
    with write_errors(out, hint):
        with _folder_beside(out / "new") as scratch:
            _fill(scratch, files, mode)
            for name in files:
                place = out / name
                _make_folder(place.parent)
                there = _stat(place)
                if there is not None:
                    (scratch / name).chmod(stat.S_IMODE(there.st_mode))
                (scratch / name).replace(place)
        if stale:
            for old in {*out.glob(stale)} - {out / name for name in files}:
                old.unlink()
    return [out / name for name in files]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def _bytes(content: str | bytes) -> bytes:
    # A model may write half a surrogate pair; UTF-8 has no place for it.
    return content.encode("utf-8", "replace") if isinstance(content, str) else content


def _taken(path: Path, hint: str) -> UsageError:
    return UsageError(f"{path} already exists.", hint=hint)


@contextlib.contextmanager
def _part_beside(path: Path, mode: int) -> Iterator[tuple[Path, BinaryIO]]:
    """An open file in the folder of ``path``, removed at the end unless it was moved away."""
    _make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        else:  # Windows, before Python 3.13
            part.chmod(mode)
        with os.fdopen(descriptor, "wb") as file:
            yield part, file
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fill(folder: Path, files: Mapping[str, str | bytes], mode: int) -> None:
    for name, content in files.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"{name!r} is not a path inside a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(content))
        path.chmod(mode)
    from concurrent.futures import ThreadPoolExecutor  # late: most commands write no folder

    # After all of them were written, and side by side, so that the disk is waited for a few times and not for each.
    with ThreadPoolExecutor(_WAITING) as waiting:
        for _ in waiting.map(_confirm_file, [folder / name for name in files]):
            pass


def _confirm_file(path: Path) -> None:
    with path.open("rb+") as file:
        _confirm(file)


def _confirm(file: BinaryIO) -> None:
    """Wait until the disk has it, so that a power cut leaves the old file or the new one."""
    file.flush()
    _confirm_descriptor(file.fileno())


def _confirm_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            _confirm_descriptor(descriptor)
        finally:
            os.close(descriptor)


def _confirm_descriptor(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_DISK:
            raise


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and next(path.iterdir(), None) is None


def is_regular(path: Path) -> bool:
    """Whether ``path`` is a file that can be read twice; False for a pipe or a device. Raises OSError."""
    return stat.S_ISREG(path.stat().st_mode)


def stamp_of(path: Path) -> tuple[int, int, int]:
    """Time, size and number of a file; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def require_regular(path: Path) -> None:
    """For a library that opens its file itself, and would wait for a pipe. Raises OSError."""
    if stat.S_ISDIR(path.stat().st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not is_regular(path):
        raise OSError(errno.EINVAL, "it is a pipe or a device", str(path))


def read_whole(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of a file that somebody named. Raises OSError, also for one that is larger or has no end."""
    found = read_at_most(path, most)
    if len(found) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB", str(path))
    return found


def read_at_most(path: Path, most: int) -> bytes:
    """The bytes of ``path``, at most ``most`` + 1 of them: more than ``most`` says that there is more.

    A pipe that something writes to (``<(command)`` of a shell) is read to its end. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        found = bytearray()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            try:
                found += os.read(descriptor, 1)
            except BlockingIOError:
                pass  # a writer is there and has not written yet
            else:
                if not found:
                    raise OSError(errno.ENODATA, "nothing writes to this pipe", str(path))
        if _NO_WAIT:
            os.set_blocking(descriptor, True)
        while len(found) <= most and (block := file.read(min(_BLOCK_BYTES, most + 1 - len(found)))):
            found += block
            if len(found) > _MOST_OF_DEVICE and stat.S_ISCHR(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is a device without an end", str(path))
        return bytes(found)
