"""Byte-pair encoding: naive, fast and Hugging Face learn the same; everything round-trips; files agree."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from momem_lib.data.tokens import SPECIALS, ByteTokenizer
from momem_lib.lm.bpe import MOST_CACHED, VISIBLE, BPETokenizer
from momem_lib.lm.bpe_training import train_fast, train_naive
from momem_lib.lm.chunks import CHUNK, PATTERN, chunk_lists, count_chunks, split_chunks
from momem_lib.project import ROOT, TEST_PEOPLE, InputError

TEXT = "\n\n".join((TEST_PEOPLE, ROOT / "CONTRIBUTING.md")[n].read_text(encoding="utf-8") for n in (0, 1))
NASTY = (
    "",
    " ",
    "\n\n \n  x",
    "don't T'Challa's “Where”—no… $tev0 Ca$hmoney ;)",
    "12345 3.14 1,000",
    "王小明，你好。 你好！ नमस्ते ليلى Títílayọ̀ é e\u0301 ｱﾊﾟｰﾄ ½ ª",
    "😀👩‍👩‍👧 → ½ ✓\u200b\u200d\u2028\ufeff",
    "\x00\x07\x7f\x85\xa0\x1c\r\n\t\v\f",
    "a" * 100 + " " * 70 + "\n" * 70 + "." * 70 + "7" * 10,
    "<pad><|end|>",
)
# Few letters make overlaps, repeats and ties likely; some others stand for each kind of character.
ODD = st.text(st.sampled_from("aaabbc  \n\r\t.'1é王。\u2028\x1c\x85😀-[&"), max_size=120)


@pytest.fixture(scope="module")
def tokenizer():
    """A tokenizer that learned from this repo's own text."""
    return BPETokenizer(BPETokenizer.train(TEXT, 598).merges, ["<|end|>", "<pad>"])


@pytest.fixture(scope="module")
def judge(tokenizer):
    """The same tokenizer as Hugging Face reads it."""
    return tokenizers.Tokenizer.from_str(tokenizer.to_json())


def judged_merges(texts, vocab_size):
    """What Hugging Face learns from the same texts in the same chunks, as pairs of bytes."""
    judge = tokenizers.Tokenizer.from_str(BPETokenizer().to_json())
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False)
    judge.train_from_iterator(texts, trainer)
    byte_of = {letter: byte for byte, letter in VISIBLE.items()}
    found = [pair if isinstance(pair, list) else pair.split() for pair in json.loads(judge.to_str())["model"]["merges"]]
    return [tuple(bytes(byte_of[letter] for letter in part) for part in pair) for pair in found]


def as_bytes(merges):
    """Our merges as pairs of bytes."""
    pieces = BPETokenizer(merges).pieces
    return [(pieces[left], pieces[right]) for left, right in merges]


def test_naive_fast_and_hugging_face_learn_the_same():
    text = TEXT[:20_000]
    fast = train_fast(count_chunks(text), 300)
    assert len(fast) == 300
    assert fast == train_naive(text, 300)
    assert as_bytes(fast) == judged_merges([text], 556)


def test_fast_learns_what_hugging_face_learns_until_nothing_is_left():
    text = TEXT[:3_000]
    merges = train_fast(count_chunks(text), 100_000)
    assert as_bytes(merges) == judged_merges([text], 100_000)
    tokenizer = BPETokenizer(merges)
    assert all(len(tokenizer.encode(chunk)) == 1 for chunk in split_chunks(text))


@settings(max_examples=150, deadline=None)
@given(st.lists(ODD, min_size=1, max_size=4))
def test_any_text_teaches_all_three_the_same(texts):
    counts = count_chunks(texts)
    fast = train_fast(counts, 40)
    assert as_bytes(fast) == judged_merges(texts, 296)
    assert train_fast(count_chunks(texts[0]), 40) == train_naive(texts[0], 40)
    assert len(set(BPETokenizer(fast).pieces)) == 256 + len(fast)


def test_ties_go_to_the_lower_pair_in_gpt2s_order():
    # Each pair once: bytes with a printable character come before the space, whatever their numbers.
    assert train_naive(" ab", 1) == [tuple(b"ab")]
    assert train_naive("ba ab", 2)[0] == tuple(b"ab")
    assert train_fast(count_chunks("ba ab"), 2) == train_naive("ba ab", 2)


@given(ODD, st.integers(1, 40))
def test_chunks_are_the_same_wherever_blocks_end(text, block):
    expected = split_chunks(text)
    assert "".join(expected) == text
    for source in (text, text.encode()):
        assert [chunk for chunks in chunk_lists(source, block) for chunk in chunks] == expected


@given(st.text(max_size=80) | ODD)
def test_chunks_are_those_of_hugging_face(text):
    splitter = tokenizers.pre_tokenizers.Split(tokenizers.Regex(PATTERN), "isolated")
    assert split_chunks(text) == [chunk for chunk, _ in splitter.pre_tokenize_str(text)]


def test_no_chunk_is_long():
    for letter in "aé .\n7王\t😀":
        assert max(map(len, CHUNK.findall(letter * 500))) <= 64


@given(data=st.binary(max_size=200))
def test_any_bytes_come_back(tokenizer, data):
    assert tokenizer.decode_bytes(tokenizer.encode(data)) == data


@given(text=st.text(max_size=100) | ODD)
def test_any_text_comes_back_and_is_cut_as_hugging_face_cuts_it(tokenizer, judge, text):
    judge.encode_special_tokens = True  # names of special tokens in a text are plain text, as with us
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text and tokenizer.encode(text.encode()) == ids
    assert judge.encode(text).ids == ids
    assert judge.decode(ids) == text


@pytest.mark.parametrize("text", [*NASTY, TEXT], ids=lambda text: repr(text[:10]))
def test_nasty_texts(tokenizer, judge, text):
    judge.encode_special_tokens = True
    ids = tokenizer.encode(text)
    assert judge.encode(text).ids == ids
    assert tokenizer.decode(ids) == text == judge.decode(ids)


def test_a_text_cannot_forge_special_tokens(tokenizer):
    text = "<pad>a <|end|>"
    assert tokenizer.decode([*tokenizer.encode(text), tokenizer.id("<pad>")]) == text
    assert max(tokenizer.encode(text)) < 256 + len(tokenizer.merges)


def test_numbers_are_bytes_then_merges_then_special_tokens(tokenizer, judge):
    assert [tokenizer.token_bytes(byte) for byte in range(256)] == [bytes([byte]) for byte in range(256)]
    assert len(tokenizer.merges) == 600 - 256 - 2 and tokenizer.vocab_size == 600
    assert (tokenizer.id("<|end|>"), tokenizer.id("<pad>")) == (598, 599)
    assert (judge.token_to_id("<|end|>"), judge.token_to_id("<pad>")) == (598, 599)
    assert judge.get_vocab_size() == 600


def test_without_merges_it_is_the_byte_tokenizer():
    ours, bytes_only = BPETokenizer(specials=SPECIALS), ByteTokenizer()
    assert ours.vocab_size == bytes_only.vocab_size
    for name in SPECIALS:
        assert ours.id(name) == bytes_only.id(name)
    for text in (*NASTY, TEXT[:500]):
        ids = [*bytes_only.encode(text), ours.id("<pad>")]
        assert ours.encode(text) == ids[:-1]
        assert ours.decode(ids) == bytes_only.decode(ids)


def test_saved_and_loaded_it_is_the_same(tokenizer, tmp_path):
    path = tokenizer.save(tmp_path / "tokenizer.json")
    loaded = BPETokenizer.load(path)
    assert (loaded.merges, loaded.specials) == (tokenizer.merges, tokenizer.specials)
    assert loaded.encode(TEXT) == tokenizer.encode(TEXT)
    assert path.read_bytes() == loaded.save(tmp_path / "again.json").read_bytes()
    assert tokenizers.Tokenizer.from_file(str(path)).get_vocab_size() == tokenizer.vocab_size


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "", "is not valid JSON"),
        (lambda text: text[:-20], "is not valid JSON"),
        (lambda text: "[]", "does not look like one of this course"),
        (lambda text: '{"type": "bytes"}', "does not look like one of this course"),
        (lambda text: text.replace('"h e"', '"h"'), "does not look like one of this course"),
        (lambda text: text.replace('"h e"', '"h xyz"'), "does not look like one of this course"),
        (lambda text: text.replace('"a": 97', '"a": 98'), "does not look like|was made by another program"),
        (lambda text: text.replace('"ignore_merges": false', '"ignore_merges": true'), "was made by another program"),
        (lambda text: text.replace("{1,32}", "{1,33}"), "was made by another program"),
    ],
)
def test_broken_files_get_a_sentence(tmp_path, change, message):
    text = BPETokenizer.train("he he he", 258).to_json()
    assert '"h e"' in text and text != change(text)
    (tmp_path / "tokenizer.json").write_text(change(text), encoding="utf-8")
    with pytest.raises(InputError, match=f"the tokenizer.*{message}"):
        BPETokenizer.load(tmp_path / "tokenizer.json")


def test_bad_input_gets_a_sentence(tokenizer, tmp_path):
    for call, message in (
        (lambda: tokenizer.encode("a\ud800"), "character 2 is half of a surrogate pair"),
        (lambda: tokenizer.decode([600]), "there is no token 600: numbers from 0 to 599"),
        (lambda: tokenizer.decode([-1]), "there is no token -1"),
        (lambda: BPETokenizer.train("text", 255), "a vocabulary of 255 tokens cannot be: 256 to 65,536"),
        (lambda: BPETokenizer.train("text", 65_537), "a vocabulary of 65537 tokens cannot be"),
        (lambda: BPETokenizer(specials=["<a>", "<a>"]), "special tokens need names"),
        (lambda: BPETokenizer([(97, 257)]), "merge 0 uses a token that does not exist yet"),
        (lambda: BPETokenizer([(97, 98), (97, 98)]), "two merges make the same token"),
        (lambda: BPETokenizer.load(tmp_path / "none.json"), "the tokenizer .* does not exist"),
        (lambda: BPETokenizer.train(tmp_path / "none.txt", 300), "the text file .* does not exist"),
        (lambda: list(tokenizer.encode_stream(tmp_path)), "the text file .* is a folder"),
    ):
        with pytest.raises(InputError, match=message):
            call()
    with pytest.raises(ValueError):
        tokenizer.id("<none>")


def test_files_are_encoded_in_pieces_of_small_numbers(tokenizer, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode() + b"\xff\xc3")
    for block in (100, 5_000, 1 << 20):
        pieces = list(tokenizer.encode_stream(path, block))
        assert {piece.dtype for piece in pieces} == {np.dtype(np.uint16)}
        assert np.concatenate(pieces).tolist() == tokenizer.encode(path.read_bytes())
    assert list(tokenizer.encode_stream("")) == []


def test_a_path_is_not_taken_for_a_text(tokenizer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("to be or not to be", encoding="utf-8")
    for source in ("text.txt", ["some text", "text.txt"]):
        with pytest.raises(InputError, match=r"name of a file: give Path\('text.txt'\)"):
            BPETokenizer.train(source, 300)
    assert BPETokenizer.train(Path("text.txt"), 260).vocab_size == 260 and tokenizer.encode("text.txt")


def test_numbers_that_are_no_token_get_a_sentence(tokenizer):
    for kind, most in ((ByteTokenizer(), 267), (tokenizer, tokenizer.vocab_size - 1)):
        for wrong in (-1, most + 1):
            with pytest.raises(InputError, match=f"there is no token {wrong}: numbers from 0 to {most}"):
                kind.decode([104, wrong])
    with pytest.raises(InputError, match="there is no token 300"):
        ByteTokenizer().show([104, 256, 256, 300])
    assert ByteTokenizer().show([104, 256, 256, 105]) == "h<pad><pad>i"


def test_counting_and_encoding_a_file_takes_little_memory(tokenizer, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text(TEXT * 60, encoding="utf-8")
    tracemalloc.start()
    counts = count_chunks(path, block=1 << 15)
    tokens = sum(len(piece) for piece in tokenizer.encode_stream(path, block=1 << 15))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6 < 50 * min(counts.total(), tokens), f"{peak / 1e6:.0f} MB"  # a list of all would take more


def test_files_and_texts_teach_the_same(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode())
    expected = BPETokenizer.train(TEXT, 320).merges
    assert BPETokenizer.train(path, 320).merges == BPETokenizer.train(TEXT.encode(), 320).merges == expected
    assert count_chunks([path, TEXT], block=1000) == count_chunks([TEXT, TEXT])


def test_rare_chunks_are_forgotten_when_there_are_too_many():
    counts = count_chunks(
        " the" * 50 + "".join(f" w{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(600)), most=100
    )
    assert counts[" the"] >= 49 and len(counts) <= 100


def test_cache_is_bounded(tokenizer, monkeypatch):
    monkeypatch.setattr("momem_lib.lm.bpe.MOST_CACHED", 10)
    small = BPETokenizer(tokenizer.merges)
    assert small.encode(TEXT[:5000]) == tokenizer.encode(TEXT[:5000])
    assert small._tokens_of_chunk.cache_info().currsize == 10 < MOST_CACHED


def test_first_merges_make_the_tokenizer_of_that_time(tokenizer):
    assert tokenizer.first(20).merges == BPETokenizer.train(TEXT, 276).merges
    assert tokenizer.first(0).encode("née") == list("née".encode())
    assert tokenizer.first(10**6).merges == tokenizer.merges
