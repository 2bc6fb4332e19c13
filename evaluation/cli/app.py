"""`evaluation app`: serve the newest published release."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from evaluation.errors import ReleaseError


def app(port: Annotated[int, typer.Option(help="Port on this machine.", min=1, max=65535)] = 8501) -> None:
    """Open the newest published release in a browser.

    Reads data/released, which `evaluation run` or `evaluation pull` fills, and no student's row. It serves this machine
    alone, until it is stopped with Ctrl-C, and shows a newer release once there is one.

    Example: `evaluation app --port 8600`
    """
    if not list(Path("data/released").glob("*/current.json")):
        raise ReleaseError("nothing was published yet.", where="data/released", fix="Run `evaluation run` first.")
    if not _is_free(port):
        raise ReleaseError(f"port {port} is taken, perhaps by another app.", where="evaluation app",
                           fix=f"Close that one, or say `evaluation app --port {port + 1}`.")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port),
                              "--server.address", "localhost"])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", port))
        except OSError:
            return False
    return True
