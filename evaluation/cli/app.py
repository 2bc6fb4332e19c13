"""`evaluation app`: serve the newest published release."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from evaluation.errors import ReleaseError


def app(port: Annotated[int, typer.Option(help="Port on this machine.", min=1, max=65535)] = 8501) -> None:
    """Open the newest published release in a browser.

    Example: `evaluation app --port 8600`
    """
    if not list(Path("data/released").glob("*/current.json")):
        raise ReleaseError("nothing was published yet.", where="data/released", fix="Run `evaluation run` first.")
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port),
               "--server.address", "localhost"]
    try:
        code = subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        code = 0
    raise typer.Exit(code)
