"""A synthetic delivery never overwrites files that somebody put in its place."""

from __future__ import annotations

from pathlib import Path

from evaluation.errors import DeliveryError

KEY_FILE = "demo_pseudonym.key"
"""Marks a delivery as synthetic."""


def refuse_to_overwrite(deliveries: Path) -> None:
    """Raise DeliveryError when the folder holds files that no synthetic study made: they would be lost."""
    if not deliveries.is_dir() or (deliveries / KEY_FILE).is_file():
        return
    if any(not entry.name.startswith(".") for entry in deliveries.iterdir()):
        raise DeliveryError("there are files that no synthetic study made.", where=str(deliveries),
                            fix="Move them away, or write `synthetic: null` in the study file.")
