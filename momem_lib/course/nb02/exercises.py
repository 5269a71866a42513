"""Checks of notebook 02's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from momem_lib.lm.bpe import BPETokenizer

LEARNED = "Where does Wanjikũ live? Who knows where Wanjikũ lives? Wanjikũ knows. Does the king know Wanjikũ?"


@lru_cache(maxsize=1)
def small() -> BPETokenizer:
    """A tokenizer with a few merges, learned from LEARNED."""
    return BPETokenizer.train(LEARNED, 286)


def check_stream(stream: Callable[[BPETokenizer, Iterable[int]], Iterator[str]]) -> None:
    """02.a: text as it arrives, token by token, without ever showing half a character."""
    text, read, shown = "né 王!", [], []

    def arriving(ids: Iterable[int]) -> Iterator[int]:
        for token in ids:
            ready = bytes(read).decode("utf-8", errors="ignore")  # without the half character at its end
            assert len("".join(shown)) >= len(ready), (
                f"when the next token was asked for, {ready!r} had arrived, and only {''.join(shown)!r} was shown: "
                "yield each piece as soon as it is whole"
            )
            read.append(token)
            yield token

    pieces = stream(BPETokenizer(), arriving(text.encode("utf-8")))
    if pieces is None or pieces is ...:
        raise NotImplementedError
    assert not isinstance(pieces, str), "use yield: a stream of pieces was expected"
    for piece in pieces:
        shown.append(piece)
    assert shown, "nothing came out"
    whole = "".join(shown)
    assert "\N{REPLACEMENT CHARACTER}" not in whole, (
        f"{text!r} came out as {whole!r}: a token may hold half a character, so keep its bytes until the rest arrives"
    )
    assert whole == text, f"{text!r} came out as {whole!r}: some characters have two bytes or more"
    whole = "".join(stream(small(), small().encode(LEARNED)))
    assert whole == LEARNED, f"with merges, {LEARNED!r} came out as {whole!r}"
    broken = [*b"n", "é".encode()[0]]
    whole = "".join(stream(BPETokenizer(), broken))
    assert whole == BPETokenizer().decode(broken), (
        f"a text that ends in half a character came out as {whole!r}: at the end, show what is left as decode does"
    )


def check_encode_around(encode_around: Callable[[BPETokenizer, str, str], list[int]]) -> None:
    """02.b: a name gets the tokens that it has alone, wherever it stands; the text stays the same."""
    tokenizer = small()
    for text, name, why in (
        ("Where does Wanjikũ live?", "Wanjikũ", "the space before the name must not become part of its token"),
        ("Does Wanjikũ know where Wanjikũ lives?", "Wanjikũ", "the name stands there twice"),
        ("Who is (the king)?", "(the king)", "signs in a name are plain text"),
        ("Who knows?", "Wanjikũ", "the name is not in the text at all"),
        ("Wanjikũ", "Wanjikũ", "there is nothing around the name"),
    ):
        ids = encode_around(tokenizer, text, name)
        if ids is None or ids is ...:
            raise NotImplementedError
        assert isinstance(ids, list), f"a list of token numbers was expected, not {type(ids).__name__}"
        said = tokenizer.decode(ids)
        assert said == text, f"{text!r} came back as {said!r}: no character may get lost or be added"
        own, times = tokenizer.encode(name), text.count(name)
        found = sum(ids[place : place + len(own)] == own for place in range(len(ids)))
        assert found == times, f"in {text!r} the name's own tokens stand {found} times, not {times}: {why}"
        most = len(tokenizer.encode(text)) + (len(own) + 2) * times
        assert len(ids) <= most, f"{text!r} became {len(ids)} tokens: encode the rest of the text as usual"


def check_fewest(fewest: Callable[[BPETokenizer, bytes], list[int]]) -> None:
    """02.c: the shortest sequence of tokens that decodes to some bytes."""
    a, b, c, d, e = b"abcde"
    ladder = BPETokenizer([(a, b), (256, c), (b, c), (258, d), (259, e)])  # ab, abc, bc, bcd, bcde
    for tokenizer, data, best, why in (
        (BPETokenizer(), b"abc", 3, "without merges, each byte is a token"),
        (ladder, b"", 0, "no bytes, no tokens"),
        (ladder, b"abc", 1, "one token holds it all"),
        (ladder, b"abcde", 2, "'a' and 'bcde'; the longest token first leads astray"),
        (ladder, b"abcdeabc", 3, "'a', 'bcde', 'abc'"),
        (small(), b"the king knows", len(small().encode("the king knows")), "encode needs no more"),
        (ladder, b"xyz" * 40 + b"abcde" * 40, 200, "long texts too: remember the best for each beginning"),
    ):
        ids = fewest(tokenizer, data)
        if ids is None or ids is ...:
            raise NotImplementedError
        said = tokenizer.decode_bytes(ids)
        assert said == data, f"{data[:30]!r} came back as {said[:30]!r}"
        assert len(ids) <= best, f"{data[:30]!r} became {len(ids)} tokens; {best} are enough: {why}"
