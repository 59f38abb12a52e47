"""Files of a build in a directory: reading, replacing in one step, and removing."""

import errno
import hashlib
import os
from pathlib import Path

#: The name of a temporary file, which the number of the process is put into.
TEMPORARY = ".feedsvc.{}.tmp"


def holds(path: str, body: bytes) -> bool:
    """Return whether there is a file with these bytes."""
    size, _ = file_state(path)
    return size == len(body) and os.path.isfile(path) and Path(path).read_bytes() == body


def digest(body: bytes) -> str:
    """Return the hash that a manifest has of a file."""
    return hashlib.sha256(body).hexdigest()[:16]


def file_state(path: Path | str) -> tuple[int, int]:
    """Return a file's size, and its time of last change in nanoseconds; (-1, -1) if there is none."""
    try:
        stat = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def replace_file(directory: Path, name: str, body: bytes, mtime: int | None = None) -> tuple[int, int]:
    """Write a file in one step, and return its state; see `file_state`.

    mtime: its time of last change, in nanoseconds; by default, now.
    """
    # Paths as text: Path takes as long to join them as the file takes to be written.
    path = f"{directory}/{name}"
    try:
        return _replace(str(directory), path, body, mtime)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return _replace(os.path.dirname(path), path, body, mtime)  # a disk is mounted below the directory


def _replace(folder: str, path: str, body: bytes, mtime: int | None) -> tuple[int, int]:
    """Write a file in one step, from a temporary file in a folder, and return its state."""
    temporary = f"{folder}/{TEMPORARY.format(os.getpid())}"
    try:
        # Without a file object, which takes a tenth of the time of all this.
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            left = memoryview(body)
            while left:
                left = left[os.write(file, left) :]
            if mtime is not None:
                os.utime(file, ns=(mtime, mtime))
            stat = os.fstat(file)
        finally:
            os.close(file)
        try:
            os.replace(temporary, path)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.replace(temporary, path)
        return stat.st_size, stat.st_mtime_ns
    except OSError:  # the disk may be full
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_file(directory: Path, name: str) -> None:
    """Remove a file, and the folders that become empty."""
    path = directory / name
    path.unlink()
    for parent in path.parents:
        if parent == directory or not parent.is_dir() or any(parent.iterdir()):
            break
        try:
            parent.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            break  # a disk is mounted there
