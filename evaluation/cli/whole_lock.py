"""dvc.lock is replaced whole: DVC itself writes into the old file, and a kill would leave a part of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PART = Path(".dvc/tmp/dvc.lock.part")


@contextmanager
def replaced_whole() -> Iterator[None]:
    """Let DVC, while this lasts, change a copy of its file and then put that in the file's place in one step."""
    from dvc import dvcfile

    modify = dvcfile.modify_yaml

    @contextmanager
    def modified(path: str, fs: Any = None) -> Iterator[dict[str, Any]]:
        part = Path(path).parent / _PART
        part.unlink(missing_ok=True)
        if Path(path).exists():
            shutil.copy(path, part)
        with modify(str(part), fs=fs) as content:
            yield content
        os.replace(part, path)

    dvcfile.modify_yaml = modified
    try:
        yield
    finally:
        dvcfile.modify_yaml = modify
