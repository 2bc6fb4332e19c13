import json
import os
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"


@pytest.fixture(scope="session")
def reference() -> Path:
    if not REFERENCE.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"reference numbers are not at {REFERENCE}")
    return REFERENCE / "data"


@pytest.fixture(scope="session")
def cases(reference: Path) -> dict[str, dict]:
    return {case["id"]: case for case in json.loads((reference.parent / "did_cases.json").read_text())}
