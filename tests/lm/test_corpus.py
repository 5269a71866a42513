"""Corpora: what is read, what is refused and how, and tokens on the disk."""

import ast
import hashlib
import http.client
import io
import sys
import urllib.request

import numpy as np
import pytest

from momem_lib.lm import corpus
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.project import InputError


def test_tokens_on_disk_are_those_of_encode(tmp_path):
    texts = ["Ngũgĩ wa Thiong'o. " * 50, "王小明\n" * 30]
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.txt")
        files[-1].write_text(text, encoding="utf-8")
    tokenizer = corpus.make_tokenizer(files, 300)
    tokens = corpus.write_tokens(tokenizer, files, tmp_path / "tokens.bin")
    assert isinstance(tokens, np.memmap) and tokens.dtype == np.uint16
    assert tokens.tolist() == [token for text in (texts[0], "\n\n", texts[1]) for token in tokenizer.encode(text)]
    assert tokenizer.decode(tokens.tolist()) == "\n\n".join(texts)
    assert np.array_equal(corpus.open_tokens(tmp_path / "tokens.bin"), tokens)


def test_256_tokens_are_the_bytes_alone():
    assert corpus.make_tokenizer([], 256).vocab_size == 256


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04\0\0\0", "binary"),
        (b"\x89PNG\r\n\0\0", "binary"),
        ("Größe\n".encode("latin-1"), "line 1, is not UTF-8"),
        (b"one\ntwo\n\xff\n", "line 3, is not UTF-8"),
        ("UTF-16".encode("utf-16"), "is UTF-16"),
        ("cut é".encode()[:-1], "not UTF-8"),
    ],
)
def test_bad_files_are_refused_in_a_sentence(tmp_path, data, words):
    file = tmp_path / "text.txt"
    file.write_bytes(data)
    with pytest.raises(InputError, match=words):
        corpus.check_files([file])


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("one", encoding="utf-8-sig")
    assert corpus.write_tokens(BPETokenizer(), [file], tmp_path / "tokens.bin").tolist() == list(b"one")


def test_a_letter_across_two_blocks_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "BLOCK", 3)
    file = tmp_path / "text.txt"
    file.write_text("aäöü王", encoding="utf-8")
    assert corpus.check_files([file]) == 10
    for text, message in (
        (b"one\ntwo\0", "binary"),
        (b"one\ntwo\nth\xff", "line 3, is not"),
        (b"a\n\xc3", "line 2, is not"),
    ):
        file.write_bytes(text)
        with pytest.raises(InputError, match=message):
            corpus.check_files([file])


def test_a_folder_is_read_in_order_and_texts_only(tmp_path):
    for name in ("b.txt", "a.md", "deep/c.TXT", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text", encoding="utf-8")
    assert [file.name for file in corpus.find_files(tmp_path)] == ["a.md", "b.txt", "c.TXT"]
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "d.txt").write_text("text", encoding="utf-8")
    assert len(corpus.find_files(tmp_path)) == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no text"):
        corpus.find_files(tmp_path / "empty")
    for name in ("", "nowhere.txt", "nul\0byte", "x" * 5000):
        with pytest.raises(InputError):
            corpus.find_files(name)


def test_a_long_text_is_sampled_for_the_vocabulary(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "BLOCK", 10)
    file = tmp_path / "text.txt"
    file.write_text("0123456789" * 10, encoding="utf-8")
    blocks = list(corpus.sample_blocks([file], most=50))
    assert len(blocks) == 5 and set(blocks) == {b"0123456789"}
    assert list(corpus.sample_blocks([file], most=100)) == [file]


def test_the_download_is_checked_and_says_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "CORPORA", tmp_path)
    address = "https://example.invalid/small.txt"
    monkeypatch.setitem(corpus.DOWNLOADS, "small", (address, hashlib.sha256(b"right").hexdigest()))

    def no_network(*_arguments, **_options):
        raise OSError("no network")

    def cut_off(*_arguments, **_options):
        raise http.client.IncompleteRead(b"ri")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    with pytest.raises(InputError, match=r"save it as .*small\.txt"):
        corpus.fetch("small")
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_arguments, **_options: io.BytesIO(b"a page to sign in"))
    with pytest.raises(InputError, match=r"sha256 differs\): get the right one .* save it as .*small\.txt"):
        corpus.fetch("small")
    monkeypatch.setattr(urllib.request, "urlopen", cut_off)
    with pytest.raises(InputError, match=r"save it as .*small\.txt"):
        corpus.fetch("small")
    (tmp_path / "small.txt").write_bytes(b"wrong")
    with pytest.raises(InputError, match="sha256"):
        corpus.fetch("small")
    (tmp_path / "small.txt").write_bytes(b"right")
    assert corpus.fetch("small") == tmp_path / "small.txt"
    assert corpus.find_files("small") == [tmp_path / "small.txt"]


def test_python_brings_text_along(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "CORPORA", tmp_path)
    documents = [
        "The first topic.\n====\n\n\n\nIt has words. " * 5,
        "The second topic is as long as the first one. " * 3,
    ]
    monkeypatch.setattr(corpus, "library_documents", lambda: iter([*documents, "short"]))
    train, test = corpus.offline_text()
    texts = train.read_text(encoding="utf-8"), test.read_text(encoding="utf-8")
    assert "short" not in "".join(texts) and "====" not in "".join(texts)
    before = [path.stat().st_mtime_ns for path in (train, test)]
    assert before == [path.stat().st_mtime_ns for path in corpus.offline_text()]  # made once


def test_docstrings_of_a_real_module():
    source = "class A:\n    '''Says a.'''\n    async def go(self, x=1):\n        '''Goes.'''\n    def still(self): pass"
    assert list(corpus.docstrings(ast.parse(source), "m")) == ["m.A\n\nSays a.", "m.A.go(self, x=1)\n\nGoes."]
    assert "json" in sys.stdlib_module_names


def test_split_keeps_order_and_bounds():
    train, validation = corpus.split_tokens(np.arange(10_000_000))
    assert len(validation) == 100_000 and validation[0] == len(train)
    assert [len(part) for part in corpus.split_tokens(np.arange(1000))] == [950, 50]


def test_a_tokenizer_of_another_text_reads_everything(tmp_path):
    tokenizer = BPETokenizer.train("only latin letters", 262)
    tokens = corpus.write_tokens(tokenizer, ["ĩ王🙂"], tmp_path / "tokens.bin")
    assert tokenizer.decode(tokens.tolist()) == "ĩ王🙂"
