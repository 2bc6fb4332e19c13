"""Pseudonyms: a keyed hash of scope, id type and canonical id. The key is never written anywhere but its id is."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Literal, TypeAlias

from evaluation.errors import DeliveryError

VARIABLE = "EVALUATION_PSEUDONYM_KEY"
FILE_VARIABLE = "EVALUATION_PSEUDONYM_KEY_FILE"
SHORTEST_KEY = 32
VERSION = "v1"
PSEUDONYM = re.compile(r"[0-9a-f]{32}")
KEY_ID = re.compile(r"[0-9a-f]{12}")

IdType: TypeAlias = Literal["local_id", "state_id"]
"""Whether an id was given by the district, or by its state and is the same in all districts of the state."""


def pseudonyms(key: bytes, scope: str, id_type: str) -> Callable[[str], str]:
    """Return the function canonical id -> 32 hex digits (128 bits of HMAC-SHA256); every distinct id is hashed once.

    `scope` is the district that gave the ids, or the state where the whole state shares them.
    """
    prefix = f"{VERSION}|{scope}|{id_type}|".encode()
    start = hmac.new(key, prefix, hashlib.sha256)

    @cache
    def pseudonym(canonical_id: str) -> str:
        keyed = start.copy()
        keyed.update(canonical_id.encode())
        return keyed.hexdigest()[:32]

    return pseudonym


def student_pseudonyms(key: bytes, district_id: str, state: str, id_type: IdType) -> Callable[[str], str]:
    """Return the pseudonyms of a district's students; those of a state's ids are the same in all its districts."""
    return pseudonyms(key, state, "state_id") if id_type == "state_id" else pseudonyms(key, district_id, "student_id")


def state_of(district_id: str) -> str:
    """Return the state that a district's id begins with, as in `ia-9001`.

    Raises
    ------
    DeliveryError
        It begins with none.
    """
    if re.match(r"[a-z]{2}-", district_id) is None:
        raise DeliveryError("a district's id begins with its state, as in `ia-9001`.",
                            where="mapping.yaml, key district_id",
                            fix="Give it, and the folder, the id in the study file.")
    return district_id[:2]


def key_id(key: bytes) -> str:
    """Return 12 hex digits that name a key and do not help to find it: they go into reports instead of it."""
    return hmac.new(key, f"{VERSION}|key id".encode(), hashlib.sha256).hexdigest()[:12]


def key_of(text: str, where: str) -> bytes:
    """Return the key in a key file's text: its last line that is not empty; lines above it are remarks (`#`).

    Raises
    ------
    DeliveryError
        It has fewer than 32 characters. The message never holds it.
    """
    lines = text.strip().splitlines()
    given = lines[-1].strip() if lines else ""
    if len(given) < SHORTEST_KEY:
        raise DeliveryError("the key to make pseudonyms with is too short.", where=where,
                            fix=f"Use at least {SHORTEST_KEY} characters; make one with `evaluation key new`.")
    return given.encode()


def chosen_key(environment: Mapping[str, str], demo: str | None, read: Callable[[str], str]) -> bytes:
    """Return a synthetic study's demonstration key, else the key of the environment or of the file it names.

    The demonstration key goes first, so that a synthetic study gives the same bytes on every machine.

    Parameters
    ----------
    read : callable
        From the path of a key file to its text (`key_file.read_key_file`).

    Raises
    ------
    DeliveryError
        There is no key, there are two, or it is too short. The message never holds it.
    """
    if demo is not None:
        return key_of(demo, "the study's demonstration key")
    direct, path = environment.get(VARIABLE), environment.get(FILE_VARIABLE)
    if direct is not None and path is not None:
        raise DeliveryError("the key to make pseudonyms with is given twice.",
                            where=f"environment variables {VARIABLE} and {FILE_VARIABLE}", fix="Set one of them.")
    if path is not None:
        return key_of(read(path), f"the file that {FILE_VARIABLE} names")
    if direct is not None:
        return key_of(direct, f"environment variable {VARIABLE}")
    raise DeliveryError("there is no key to make pseudonyms with.",
                        where=f"environment variable {FILE_VARIABLE} or {VARIABLE}",
                        fix="Make one with `evaluation key new FILE`, once; use the same every year.")
