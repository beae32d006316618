"""Trust: from the cache nothing is loaded but what this user built and nobody has changed since.

The name of a library there ends with an HMAC-SHA-256 (RFC 2104) of the rest of its name and of its bytes, under a
random key in the same folder that only this user can read. Owner, mode and signature are those of an open descriptor,
and through it the library is loaded, so that nothing can take its place in between.
"""

import atexit
import contextlib
import errno
import functools
import hmac
import logging
import os
import shutil
import stat
import tempfile
from pathlib import Path

KEY = "key"
KEY_SIZE = 32  # bytes
WRITABLE, ACCESSIBLE = 0o022, 0o077  # by the group or by others


class NotTrustedError(ValueError):
    """Somebody else could have made, or changed, what is in the cache. Its text says why."""


def private_folder(cache: Path) -> Path:
    """Return the cache, made if it is missing; if somebody else could write there, a new folder for this process.

    Raises: OSError if it is missing and cannot be made.
    """
    _make_private(cache)
    problem = _problem_of_folders(cache)
    return _folder_of_this_process(cache, problem) if problem else cache


def signed(beginning: Path, data: bytes, key: bytes) -> Path:
    """Return the file of a library: how its name begins, and the signature of that and of the data."""
    return beginning.with_name(f"{beginning.name}-{_signature(beginning.name, data, key)}.so")


def read_trusted(file: Path) -> bytes | None:
    """Return what a library in the cache holds. One that cannot be trusted is removed, with a line in the log: None."""
    try:
        descriptor, data = _open_signed(file)
    except FileNotFoundError:  # another process has removed it
        return None
    except NotTrustedError as error:
        _remove(file, str(error))
        return None
    os.close(descriptor)
    return data


def path_to_load(file: Path) -> str:
    """Return a path that leads to these bytes of a library, as they were checked, whatever happens to its name.

    The descriptor stays open: a loader takes two libraries of one path for the same.
    Raises: RuntimeError if somebody has changed it since it was found.
    """
    try:
        descriptor, _ = _open_signed(file)
    except NotTrustedError as error:
        raise RuntimeError(f"{file} was changed while it was loaded: {error}. Load it again") from error
    held = f"/proc/self/fd/{descriptor}"
    if os.path.exists(held):
        return held
    os.close(descriptor)  # a system without /proc: what is checked of the folder must do
    return str(file)


def key_for(cache: Path, folder: Path) -> bytes:
    """Return the key of the cache; a new one, made in the working folder, if there is none that can be trusted."""
    key = _read_key(cache)
    if key:
        return key
    new = folder / KEY
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(os.urandom(KEY_SIZE))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(new, cache / KEY)  # unlike a renamed file, it never replaces the key of another process
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        os.replace(new, cache / KEY)
    return _read_key(cache) or new.read_bytes()


def _read_key(cache: Path) -> bytes | None:
    try:
        descriptor, key = _read_own(cache / KEY, ACCESSIBLE)
    except FileNotFoundError:
        return None
    except NotTrustedError as error:
        _remove(cache / KEY, str(error))
        return None
    os.close(descriptor)
    if len(key) == KEY_SIZE:
        return key
    _remove(cache / KEY, "it has another size than a key")
    return None


def _open_signed(file: Path) -> tuple[int, bytes]:
    """Return a descriptor of a library and all its bytes. Raises: NotTrustedError; FileNotFoundError."""
    descriptor, data = _read_own(file, WRITABLE)
    beginning, _, signature = file.stem.rpartition("-")
    key = _read_key(file.parent)
    if key and hmac.compare_digest(signature.encode(), _signature(beginning, data, key).encode()):
        return descriptor, data
    os.close(descriptor)
    raise NotTrustedError("it is not what this user built under this name")


def _read_own(file: Path, forbidden: int) -> tuple[int, bytes]:
    """Return a descriptor of a file of this user and all its bytes. Raises: NotTrustedError; FileNotFoundError."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would wait for its writer
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotTrustedError("it is a link") from error
        raise
    state = os.fstat(descriptor)
    problem = _problem(state, forbidden) if stat.S_ISREG(state.st_mode) else "it is not a file"
    if problem:
        os.close(descriptor)
        raise NotTrustedError(problem)
    with os.fdopen(descriptor, "rb", closefd=False) as opened:
        return descriptor, opened.read()


def _problem(state: os.stat_result, forbidden: int) -> str:
    """Return why a file or a folder of this state cannot be trusted, or ""."""
    if state.st_uid != os.geteuid():
        return f"it belongs to user {state.st_uid}, not to {os.geteuid()}"
    if state.st_mode & forbidden:
        return f"others have rights to it: its mode is {stat.S_IMODE(state.st_mode):04o}"
    return ""


def _problem_of_folders(cache: Path) -> str:
    """Return why somebody else could put files into the cache, or another folder in its place; or ""."""
    problem = _problem(os.stat(cache), WRITABLE)
    if problem:
        return problem
    masters = {os.geteuid(), 0, os.stat(cache.anchor).st_uid}  # in a container, root may have another number
    for folder in cache.parents:
        state = os.stat(folder)
        if state.st_uid not in masters:
            return f"{folder} above it belongs to user {state.st_uid}"
        if state.st_mode & stat.S_IWOTH and not state.st_mode & stat.S_ISVTX:
            return f"everybody may write to {folder} above it"
    return ""


def _signature(beginning: str, data: bytes, key: bytes) -> str:
    return hmac.digest(key, os.fsencode(beginning) + b"\0" + data, "sha256").hex()


def _make_private(folder: Path) -> None:
    """Make a folder and those above it, each for this user alone: libraries in them are executed."""
    if not folder.exists():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _remove(file: Path, problem: str) -> None:
    logging.getLogger("dnn").warning("%s is not used but removed: %s", file, problem)
    with contextlib.suppress(OSError):  # of a folder that is read-only, or of a folder of this name
        file.unlink()


@functools.cache  # a warning and a folder for each cache, in a process
def _folder_of_this_process(cache: Path, problem: str) -> Path:
    text = "%s is not used for libraries: %s. They are compiled for this process alone; give load another cache=…"
    logging.getLogger("dnn").warning(text, cache, problem)
    folder = Path(tempfile.mkdtemp(prefix="dnn-ops-")).resolve()
    atexit.register(_remove_folder, folder, os.getpid())
    return folder


def _remove_folder(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # and not a child that was forked
        shutil.rmtree(folder, ignore_errors=True)
