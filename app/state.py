"""Filters and the page's address: stable codes always written, unknown ones told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

_WRITTEN = "address"
_CHOSEN = "chosen"
_LEFT = "address_left"
_PAGE = "page_left"
_STEPPED = "stepped"


def start(page: str) -> None:
    """Begin a run; an address that is not the one left behind (back or forward) wins over the filters."""
    asked = st.query_params.to_dict()
    moved = asked != st.session_state.get(_LEFT, asked)
    st.session_state[_STEPPED] = moved and page == st.session_state.get(_PAGE)
    st.session_state[_LEFT], st.session_state[_PAGE] = asked, page  # a run may be cut off before it finishes
    if moved:
        for key in [str(key) for key in st.session_state if str(key).startswith("filter_")]:
            del st.session_state[key]
    st.session_state[_WRITTEN] = {}
    st.session_state.setdefault(_CHOSEN, {})


def finish() -> None:
    """Write the address of what is shown, if it changed.

    Each writing is a step of the browser's history: after a step back the address stays, or back would lead nowhere.
    """
    address = st.session_state[_WRITTEN]
    if st.query_params.to_dict() != address and not st.session_state[_STEPPED]:
        st.query_params.from_dict(address)
    st.session_state[_LEFT] = st.query_params.to_dict()


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
        if len(asked) > most:
            st.warning(f"The link asks for {len(asked)} {name}; at most {most} are shown.")
        st.session_state[key] = [code for code in asked if code in options][:most]
    else:
        st.session_state[key] = [code for code in st.session_state[key] if code in options]
    found = st.multiselect(label, list(options), format_func=lambda c: options.get(c, c), key=key, max_selections=most)
    codes = [code for code in options if code in found]
    write(name, ",".join(codes))
    return codes


def _warn(name: str, code: str, instead: str) -> None:
    st.warning(f"The link asks for {name} “{code}”, which this release does not have. Shown instead: {instead}.")
