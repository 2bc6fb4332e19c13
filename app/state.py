"""Filters and the page's address: stable codes always written, unknown ones told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

_WRITTEN = "address"
_CHOSEN = "chosen"


def start() -> None:
    """Begin a run: nothing is in the address yet."""
    st.session_state[_WRITTEN] = {}
    st.session_state.setdefault(_CHOSEN, {})


def finish() -> None:
    """Write the address of what is shown."""
    st.query_params.from_dict(st.session_state[_WRITTEN])


def write(name: str, code: str) -> None:
    """Put a code in the address."""
    st.session_state[_WRITTEN][name] = code
    st.session_state[_CHOSEN][name] = code


def wanted(name: str) -> str | None:
    """Return what the address asks for, else what was chosen on another page."""
    asked = st.query_params.get(name)
    return asked if asked is not None else st.session_state[_CHOSEN].get(name)


def choose(name: str, label: str, options: Mapping[str, str]) -> str:
    """Offer `options` (code: label) and return the chosen code; an unknown code in the address warns.

    Options may change between runs: a choice that is no longer offered falls back to the first.
    """
    key, codes = f"filter_{name}", list(options)
    if key not in st.session_state:
        asked = wanted(name)
        if asked is not None and asked not in options and asked == st.query_params.get(name):
            _warn(name, asked, options[codes[0]])
        st.session_state[key] = asked if asked in options else codes[0]
    elif st.session_state[key] not in options:
        st.session_state[key] = codes[0]
    code = str(st.selectbox(label, codes, format_func=lambda c: options.get(c, c), key=key))
    write(name, code)
    return code


def choose_many(name: str, label: str, options: Mapping[str, str], *, most: int) -> Sequence[str]:
    """Offer `options` and return up to `most` chosen codes, in the order of `options`."""
    key = f"filter_{name}"
    if key not in st.session_state:
        asked = [code for code in (wanted(name) or "").split(",") if code]
        for code in asked:
            if code not in options:
                _warn(name, code, "the others")
        st.session_state[key] = [code for code in asked if code in options][:most]
    else:
        st.session_state[key] = [code for code in st.session_state[key] if code in options]
    found = st.multiselect(label, list(options), format_func=lambda c: options.get(c, c), key=key, max_selections=most)
    codes = [code for code in options if code in found]
    write(name, ",".join(codes))
    return codes


def _warn(name: str, code: str, instead: str) -> None:
    st.warning(f"The link asks for {name} “{code}”, which this release does not have. Shown instead: {instead}.")
