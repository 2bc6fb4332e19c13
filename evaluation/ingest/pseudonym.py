"""Pseudonyms: a keyed hash of district, id type and canonical id. The key is never written anywhere."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import cache

from evaluation.errors import DeliveryError

VARIABLE = "EVALUATION_PSEUDONYM_KEY"
SHORTEST_KEY = 32
VERSION = "v1"


def pseudonyms(key: bytes, district_id: str, id_type: str) -> Callable[[str], str]:
    """Return the function canonical id -> 32 hex digits (128 bits of HMAC-SHA256); every distinct id is hashed once."""
    prefix = f"{VERSION}|{district_id}|{id_type}|".encode()
    start = hmac.new(key, prefix, hashlib.sha256)

    @cache
    def pseudonym(canonical_id: str) -> str:
        keyed = start.copy()
        keyed.update(canonical_id.encode())
        return keyed.hexdigest()[:32]

    return pseudonym


def chosen_key(environment: Mapping[str, str], demo: str | None) -> bytes:
    """Return a synthetic study's demonstration key (last line of its file), else the key of the environment.

    The demonstration key goes first, so that a synthetic study gives the same bytes on every machine.

    Raises
    ------
    DeliveryError
        There is no key, or it is shorter than 32 characters. The message never holds it.
    """
    given = environment.get(VARIABLE)
    if demo is not None:
        lines = demo.strip().splitlines()
        given = lines[-1].strip() if lines else ""
    if given is None:
        raise DeliveryError("there is no key to make pseudonyms with.", where=f"environment variable {VARIABLE}",
                            fix="Set it to the district's secret of at least 32 characters, the same every year.")
    if len(given) < SHORTEST_KEY:
        raise DeliveryError("the key to make pseudonyms with is too short.", where=f"environment variable {VARIABLE}",
                            fix="Use at least 32 characters; make one with `openssl rand -hex 32`.")
    return given.encode()
