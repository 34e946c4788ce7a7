"""A key is found in whatever form it is written, placeholders never, in time that grows with the text."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest

from milo_bench.core.hiding import HIDDEN, KeySearch, hidden_keys

KEY = "sk-live/4711+abcDEF-xyz"
SEARCH = KeySearch((KEY,))
FORMS: dict[str, str] = {
    "as it is": KEY,
    "JSON numbers": "".join(f"\\u{ord(char):04x}" for char in KEY),
    "JSON numbers in capitals": "".join(f"\\u{ord(char):04X}" for char in KEY),
    "one letter by its number": KEY.replace("a", "\\u0061"),
    "JSON in JSON": json.dumps("".join(f"\\u{ord(char):04x}" for char in KEY)),
    "an escaped slash": KEY.replace("/", "\\/"),
    "JavaScript": "".join(f"\\u{{{ord(char):x}}}" for char in KEY),
    "Python": "".join(f"\\x{ord(char):02x}" for char in KEY),
    "percent": quote(KEY, safe=""),
    "percent, every character": "".join(f"%{ord(char):02x}" for char in KEY),
    "percent of percent": quote(quote(KEY, safe=""), safe=""),
    "HTML numbers": "".join(f"&#{ord(char)};" for char in KEY),
    "HTML numbers in hex": "".join(f"&#x{ord(char):04X};" for char in KEY),
    "hex": KEY.encode().hex(),
    "hex in capitals": KEY.encode().hex().upper(),
    **{f"base64 after {n}": base64.b64encode(b"x" * n + KEY.encode() + b"tail").decode() for n in range(4)},
    "base64 of addresses": base64.urlsafe_b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 in an address": quote(base64.b64encode(f"Bearer {KEY}".encode()).decode(), safe=""),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_found_and_hidden_in_every_form(form: str) -> None:
    text = f"it said: {FORMS[form]} and no more"
    assert SEARCH.within(text) and SEARCH.within(text.encode())
    hidden = SEARCH.hidden(text)
    assert HIDDEN in hidden and not SEARCH.within(hidden)
    assert hidden.startswith("it said: ") and hidden.endswith(" and no more")


@pytest.mark.parametrize("text", ["", KEY[:-1], KEY.upper()[:-2], "100% of it \\n \\u00e9 &amp; &#65;", "sk-live-4712"])
def test_a_text_without_the_key_comes_back_unchanged(text: str) -> None:
    assert not SEARCH.within(text) and not SEARCH.within(text.encode())
    assert SEARCH.hidden(text) == text


@pytest.mark.parametrize("word", ["", "none", "EMPTY", "sk-none", "placeholder"])
def test_a_placeholder_is_no_key(word: str) -> None:
    search = KeySearch((word,))
    assert not search and not search.within(f"the word {word}") and search.hidden(word) == word


def test_the_beginning_of_a_key_at_the_end_of_a_text_is_seen() -> None:
    coded = base64.b64encode(KEY.encode()).decode()
    assert all(SEARCH.begins_at_end(f"x {KEY[:size]}") for size in range(5, len(KEY)))
    assert all(SEARCH.begins_at_end(f"x {coded[:size]}") for size in range(5, 20))
    assert SEARCH.begins_at_end("sk-li sk-li")
    assert not any(SEARCH.begins_at_end(text) for text in ("", "sk-l", f"{KEY[:9]} ", "it is a key"))


@pytest.mark.parametrize("piece", ["\\", "%", "%25", "\\u00", "&#", "&#x", "&#0", "sk-li", "\\\\u0025", "a"])
def test_long_texts_are_read_in_time_that_grows_with_their_length(piece: str) -> None:
    def took(length: int) -> float:
        text = piece * (length // len(piece))
        best = 10.0
        for _ in range(3):
            began = time.process_time()
            SEARCH.within(text)
            SEARCH.hidden(text)
            SEARCH.begins_at_end(text)
            best = min(best, time.process_time() - began)
        return best

    took(1_000)
    short, long = took(50_000), took(200_000)
    assert long < 0.01 or long < 8 * short


def test_settings_hide_what_is_secret_by_its_name() -> None:
    assert hidden_keys({"api_key": "x1", "top_p": 0.5}) == {"api_key": HIDDEN, "top_p": 0.5}
