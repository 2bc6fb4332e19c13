"""Kill the whole process group just before its n-th change of a file; read by every Python process of a run.

KILL_AT is n, KILL_ROOT the project's folder, KILL_COUNT a file with a byte for every change so far. With KILL_WITH=full
the change fails with "no space left on device" instead, and so do all later ones that write.
"""

import errno
import os
import signal
import sys


def _install(root: str, count: int, at: int, is_full: bool) -> None:
    changes = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def hook(event: str, args: tuple) -> None:
        if event == "open":
            path, _, flags = args
            if not isinstance(flags, int) or not flags & writing:
                return
        elif event in changes:
            path = args[0]
        else:
            return
        if not isinstance(path, str | bytes):
            return
        name = os.path.join(os.getcwd(), os.fsdecode(path))
        if not name.startswith(root) or "__pycache__" in name or "/.git/" in name:
            return
        os.write(count, b".")
        reached = os.fstat(count).st_size
        if is_full and reached >= at and event in {"open", "os.mkdir"}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if not is_full and reached == at:
            os.killpg(os.getpgrp(), signal.SIGKILL)

    sys.addaudithook(hook)


if "KILL_AT" in os.environ:
    counted = os.open(os.environ["KILL_COUNT"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    _install(os.environ["KILL_ROOT"] + os.sep, counted, int(os.environ["KILL_AT"]), os.environ["KILL_WITH"] == "full")
