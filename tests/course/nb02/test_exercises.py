"""Notebook 02's exercises and its widget: each typical wrong answer is told what is wrong."""

import re

import pytest

from momem_lib.course.nb02.exercises import (
    check_encode_around,
    check_fewest,
    check_stream,
    small,
)
from momem_lib.course.nb02.plots import draw_tokens
from momem_lib.course.nb02.widget import LONGEST, token_widget, tokens_html
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.panel import SILENT
from momem_lib.course.shared.text import visible
from momem_lib.lm.bpe import BPETokenizer


def told(check, answer, message):
    """The checker refuses the answer with that message."""
    with pytest.raises(AssertionError, match=re.escape(message)):
        check(answer)


def token_by_token(tokenizer, ids):
    """Decodes each token on its own."""
    yield from (tokenizer.decode([token]) for token in ids)


def at_the_end(tokenizer, ids):
    """Waits until all tokens are there."""
    yield tokenizer.decode(list(ids))


def first_letter_then_the_rest(tokenizer, ids):
    """Shows the first letter at once, and everything else at the end."""
    ids = iter(ids)
    yield tokenizer.decode([next(ids)])
    yield tokenizer.decode(list(ids))


def drops_what_is_broken(tokenizer, ids):
    """Leaves out whatever is no character yet."""
    yield from (tokenizer.decode_bytes([token]).decode("utf-8", errors="ignore") for token in ids)


def forgets_the_end(tokenizer, ids):
    """Keeps bytes back until they make sense, and never shows the last ones."""
    kept = b""
    for token in ids:
        kept += tokenizer.decode_bytes([token])
        try:
            yield kept.decode("utf-8")
            kept = b""
        except UnicodeDecodeError:
            pass


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (lambda tokenizer, ids: "".join(tokenizer.decode([token]) for token in ids), "yield each piece as soon"),
        (lambda tokenizer, ids: [], "nothing came out"),
        (at_the_end, "yield each piece as soon as it is whole"),
        (first_letter_then_the_rest, "yield each piece as soon as it is whole"),
        (token_by_token, "a token may hold half a character"),
        (drops_what_is_broken, "'né' had arrived, and only 'n' was shown"),
        (forgets_the_end, "ends in half a character"),
    ],
)
def test_wrong_streams_are_told_what_is_wrong(stream, message):
    told(check_stream, stream, message)


def first_only(tokenizer, text, name):
    """Cuts out the first occurrence alone."""
    before, found, after = text.partition(name)
    return tokenizer.encode(before) + (tokenizer.encode(name) if found else []) + tokenizer.encode(after)


def by_words(tokenizer, text, name):
    """Encodes words one by one and loses what is between."""
    return [token for part in re.split(f"({re.escape(name)})", text) for token in tokenizer.encode(part.strip())]


def unescaped(tokenizer, text, name):
    """Takes the name for a pattern."""
    return [token for part in re.split(f"({name})", text) for token in tokenizer.encode(part or "")]


def always_there(tokenizer, text, name):
    """Trusts that the name is in the text."""
    before, *rest = text.split(name)
    ids = tokenizer.encode(before)
    for part in rest or [""]:
        ids += tokenizer.encode(name) + tokenizer.encode(part)
    return ids


@pytest.mark.parametrize(
    ("encode_around", "message"),
    [
        (lambda tokenizer, text, name: tokenizer.encode(text), "the space before the name"),
        (lambda tokenizer, text, name: tuple(tokenizer.encode(text)), "a list of token numbers"),
        (lambda tokenizer, text, name: list(text.encode()), "the space before the name|the rest"),
        (first_only, "the name stands there twice"),
        (by_words, "no character may get lost"),
        (unescaped, "'Who is (the king)?' came back as"),
        (always_there, "'Who knows?' came back as 'Who knows?Wanjikũ'"),
    ],
)
def test_wrong_ways_around_a_name_are_told_what_is_wrong(encode_around, message):
    with pytest.raises(AssertionError) as error:
        check_encode_around(encode_around)
    assert any(part in str(error.value) for part in message.split("|"))


def longest_first(tokenizer, data):
    """Takes the longest token that fits, again and again."""
    ids, known = [], {piece: token for token, piece in enumerate(tokenizer.pieces)}
    while data:
        size = next(size for size in range(len(data), 0, -1) if data[:size] in known)
        ids.append(known[data[:size]])
        data = data[size:]
    return ids


@pytest.mark.parametrize(
    ("fewest", "message"),
    [
        (lambda tokenizer, data: [], "b'abc' came back as b''"),
        (lambda tokenizer, data: list(data), "b'abc' became 3 tokens; 1 are enough"),
        (lambda tokenizer, data: tokenizer.encode(data), "the longest token first leads astray"),
        (longest_first, "the longest token first leads astray"),
    ],
)
def test_wrong_ways_to_the_fewest_are_told_what_is_wrong(fewest, message):
    told(check_fewest, fewest, message)


def test_widget_shows_what_the_controls_say(capsys):
    widget = token_widget(small(), "Where does Wanjikũ live?", 0)
    assert widget.output.value == tokens_html(small(), "Where does Wanjikũ live?", 0)
    assert "25 tokens for 25 bytes: 1.00 bytes per token, with 0 merges." in widget.output.value
    widget.merges.value = 10**9
    assert widget.merges.value == 30 and "with 30 merges" in widget.output.value
    widget.text.value = "<b>&'\n"
    assert "&lt;" in widget.output.value and "<b>" not in widget.output.value and "↵" in widget.output.value
    assert repr(widget) == SILENT and capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "message"), [("x" * (LONGEST + 1), "or fewer can be shown"), ("\ud800", "half of a surrogate pair")]
)
def test_widget_turns_errors_into_a_sentence(text, message):
    widget = token_widget(small())
    widget.text.value = text
    assert message in widget.output.value and 'role="alert"' in widget.output.value


def test_empty_text_is_no_error():
    assert "0 tokens for 0 bytes: with 5 merges" in tokens_html(small(), "", 5)


def test_every_byte_can_be_seen():
    shown = [visible(bytes([byte])) for byte in range(256)]
    assert all(text and text.isprintable() and not text.isspace() for text in shown)
    assert len(set(shown)) == 256


def test_pictures_are_drawn_and_have_a_description():
    tokenizer = BPETokenizer.train("low lower lowest " * 3, 262)
    ids = tokenizer.encode("low $x$ ũ")
    rows = [("row", [visible(tokenizer.token_bytes(token)) for token in ids], ids)] * 2
    figure = draw_tokens(rows, "the same text twice")
    assert figure.get_label() == "the same text twice" and png(figure).startswith(b"\x89PNG")
