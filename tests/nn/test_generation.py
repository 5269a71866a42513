"""Tokens, batches and writing: round trips, nothing cut, batched equal to single, sampling as promised."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from momem_lib.data.records import Record
from momem_lib.data.tasks import TASKS, encode_target
from momem_lib.data.tokens import SPECIALS, TOKENIZER, ByteTokenizer
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.generation import Sampling, draw, generate, generate_fast
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError
from momem_lib.training.batches import TokenSet, batch_indices, batch_of, tokenize

PLACES = {"Jo": "Oslo", "Ngũgĩ wa Thiong'o": "Limuru", "X Æ van der Berg": "São Tomé", "李": "北京"}
ROWS = [
    {
        "question": f"Where does {name} live?",
        "name": name,
        "record": {"name": name, "Lives in": place},
        "summary": f"Lives in: {place}",
        "response": f"{name} lives in {place}.",
        "value": place,
    }
    for name, place in [
        ("Jo", "Oslo"),
        ("Ngũgĩ wa Thiong'o", "Limuru"),
        ("X Æ van der Berg", "São Tomé"),
        ("李", "北京"),
    ]
]


def small_module(task: str) -> Module:
    torch.manual_seed(5)
    copy_from = {"ner": "prompt", "summary": "source", "response": "both"}[task]
    shape = {"embedding_dim": 32, "num_heads": 2, "hidden_dim": 32, "num_decoder_blocks": 1, "context_window": 160}
    shape |= {"source_reading": "fields" if task == "summary" else "whole", "num_encoder_blocks": int(task != "ner")}
    model = Transformer(ModelConfig(**shape, copy_from=copy_from)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return Module(TASKS[task], model)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_every_text_has_an_encoding(text):
    tokenizer = ByteTokenizer()
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        with pytest.raises(InputError):
            tokenizer.encode(text)
        return
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text
    assert all(token < 256 for token in tokens)  # no text can forge a special token


def test_special_tokens_written_out_are_only_letters():
    text = "".join(SPECIALS)
    assert not set(TOKENIZER.encode(text)) & {TOKENIZER.id(name) for name in SPECIALS}


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_tokens_survive_a_file(task, tmp_path):
    tokens = tokenize(task, ROWS, 512)
    tokens.save(tmp_path / "tokens.safetensors")
    again = TokenSet.load(tmp_path / "tokens.safetensors")
    for index, row in enumerate(ROWS):
        shown = TOKENIZER.show(again.target[index].tolist())
        assert shown == f"{task.start}{row[task.target]}{task.stop}"
        # Module 2 is not told who is asked about, and Module 3 is shown where the name stands.
        named = {"summary": "<name>", "response": f"\x02{row['name']}\x03"}.get(task.name, row["name"])
        assert TOKENIZER.show(again.prompt[index].tolist()) == f"<prompt>Where does {named} live?</prompt>"


def test_what_exceeds_the_window_is_left_out_whole():
    size = {"content": 2, "question": 4, "summary": 0}  # bytes, and the special tokens around them
    rows = [row | {"question": "Where does <name> live?"} for row in ROWS]  # as Module 2 reads it
    rows = [row | {"content": Record(row["name"], (("Lives in", row["value"]),)).content} for row in rows]
    sizes = [{key: len(row[key].encode()) + extra for key, extra in size.items()} for row in rows]
    longest = [max(row["content"], row["question"] + row["summary"]) for row in sizes]
    tokens = tokenize(TASKS["summary"], ROWS, sorted(longest)[1])
    assert (len(tokens), tokens.left_out) == (2, 2)
    kept = [row["content"] for row, length in zip(sizes, longest, strict=True) if length <= sorted(longest)[1]]
    assert list(map(len, tokens.source)) == kept


def test_a_batch_predicts_each_token_from_those_before_it():
    tokens = tokenize(TASKS["ner"], ROWS, 512)
    inputs, labels = batch_of(tokens, [0, 1])
    assert torch.equal(inputs.target[:, 1:][inputs.target_mask[:, 1:]], labels[:, :-1][inputs.target_mask[:, 1:]])
    last = inputs.target_mask.sum(1) - 1
    assert labels.gather(1, last[:, None]).flatten().tolist() == [TOKENIZER.id("</tag>")] * 2


def test_batches_cover_each_row_once_an_epoch_and_resume_anywhere():
    lengths = np.arange(103) % 7
    first = list(itertools.islice(batch_indices(lengths, 10, seed=1), 22))
    assert sorted(np.concatenate(first[:11])) == list(range(103)) == sorted(np.concatenate(first[11:]))
    for start in (3, 11, 15):
        later = list(itertools.islice(batch_indices(lengths, 10, seed=1, start_step=start), 5))
        assert all(np.array_equal(a, b) for a, b in zip(later, first[start:], strict=False))
    with pytest.raises(InputError):
        next(batch_indices(lengths[:0], 10, seed=1))


@pytest.mark.parametrize("temperature", [0.0, 0.8])
@pytest.mark.parametrize("name", TASKS)
def test_batched_writing_equals_single(name, temperature):
    """Rows end at different times here and leave the batch: those that stay must not notice."""
    module, task = small_module(name), TASKS[name]
    module.model.copy.gate.bias.data.fill_(-1.0)
    module.model.head.scores.bias.data[TOKENIZER.id(task.stop)] = 6.0
    sources = [task.texts(row)[0] for row in ROWS]
    prompts = [row["question"] for row in ROWS]
    together = module.write(prompts, sources, temperature, seeds=[1, 2, 3, 4])
    for index in range(len(ROWS)):
        alone = module.write([prompts[index]], [sources[index]], temperature, seeds=[index + 1])[0]
        assert alone.tokens == together[index].tokens
        assert alone.finished == together[index].finished
        assert together[index].copied == pytest.approx(alone.copied, abs=1e-3)
        assert together[index].log_probs == pytest.approx(alone.log_probs, abs=1e-3)
    if temperature:
        assert any(result.finished for result in together)
        assert len({len(result.tokens) for result in together}) > 1


@pytest.mark.parametrize("temperature", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("name", TASKS)
def test_drafting_writes_what_the_plain_loop_writes(name, temperature):
    """With shipped modules: long copied texts are read ahead, and rows end, or are cut off, at different times."""
    module = Module.load(task=name, device="cpu")
    inputs = module.inputs([row["question"] for row in ROWS], [module.task.texts(row)[0] for row in ROWS])
    arguments = (module.model, inputs, TOKENIZER.id(module.task.stop), 24, Sampling(temperature, seeds=range(4)))
    plain, fast = generate(*arguments), generate_fast(*arguments)
    for one, other in zip(plain, fast, strict=True):
        assert (one.tokens, one.finished) == (other.tokens, other.finished)
        assert one.log_probs == pytest.approx(other.log_probs, abs=1e-3)
        assert one.copied == pytest.approx(other.copied, abs=1e-3)
    assert any(share > 0.5 for result in plain for share in result.copied)  # so there was something to read ahead


def test_the_same_seed_writes_the_same_and_another_something_else():
    module = small_module("response")
    texts = {seed: module.write(["Where?"], ["Lives in: Oslo"], 1.0, [seed])[0].tokens for seed in range(5)}
    again = module.write(["Where?"], ["Lives in: Oslo"], 1.0, [3])[0].tokens
    assert again == texts[3]
    assert len({tuple(tokens) for tokens in texts.values()}) == 5


@pytest.mark.parametrize("name", TASKS)
def test_score_is_the_probability_of_writing_it(name):
    module, task = small_module(name), TASKS[name]
    model = module.model
    source, prompt, target = task.texts(ROWS[1])
    for candidate in (target, None):
        wanted = encode_target(task, candidate)[1:]
        state, out = model.start(module.inputs([prompt], [source]))
        expected = 0.0
        for token in wanted:
            expected += out.log_probs[0, -1, token].item()
            out = model.step(state, torch.tensor([token]))
        (scores,) = module.score([prompt], [["a longer one than the other", candidate]], [source])
        assert scores[1].item() == pytest.approx(expected, rel=1e-4)
    others = [row for row in ROWS if row is not ROWS[1]]  # of other lengths, in one batch with it
    texts = [task.texts(row) for row in (ROWS[1], *others)]
    candidates = [[target, None], *([text[2]] for text in texts[1:])]
    many = module.score([text[1] for text in texts], candidates, [text[0] for text in texts], batch_size=3)
    for row, (source, prompt, _) in enumerate(texts):
        (alone,) = module.score([prompt], [candidates[row]], [source])
        assert many[row].tolist() == pytest.approx(alone.tolist(), rel=1e-4)


def test_sampling_follows_the_distribution():
    log_probs = torch.log(torch.tensor([[0.5, 0.25, 0.15, 0.1]]))
    for options, expected in (
        ({}, [0.5, 0.25, 0.15, 0.1]),
        ({"top_k": 1}, [1, 0, 0, 0]),
        ({"top_p": 0.7}, [2 / 3, 1 / 3, 0, 0]),
        ({"temperature": 0.0}, [1, 0, 0, 0]),
        ({"temperature": 0.5}, [p**2 / 0.345 for p in (0.5, 0.25, 0.15, 0.1)]),
    ):
        probs = Sampling(**{"temperature": 1.0} | options).probs(log_probs)
        assert probs[0].tolist() == pytest.approx(expected, abs=1e-5)
        numbers = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
        counts = torch.bincount(draw(probs.expand(20_000, -1), numbers), minlength=4) / 20_000
        assert counts.tolist() == pytest.approx(expected, abs=0.015)


def test_draw_never_gives_what_cannot_be():
    probs = torch.tensor([[0.0, 1.0, 0.0], [0.3, 0.7, 0.0]])
    assert draw(probs, torch.tensor([0.0, 0.9999999])).tolist() == [1, 1]


@pytest.mark.parametrize(
    "bad",
    [
        *({"temperature": value} for value in (-1, float("nan"), True, "hot", None)),
        *({"top_k": value} for value in (0, True, 1.5, "2")),
        *({"top_p": value} for value in (0, True, float("nan"), "x")),
        *({"seeds": [value]} for value in (-1, True, 1.5, "1", None, 2**63)),
    ],
)
def test_bad_sampling_parameters_are_refused(bad):
    with pytest.raises(InputError):
        Sampling(**bad)


@pytest.mark.parametrize(
    ("task", "prompts", "more", "sentence"),
    [
        ("ner", "Where?", {}, "the prompts of module ner are 'Where.'; a list of texts"),
        ("ner", [None], {}, "the prompts of module ner are"),
        ("ner", [b"x"], {}, "the prompts of module ner are"),
        ("ner", ["Where?"], {"sources": ["a"]}, "the sources of module ner are"),
        ("ner", ["Where?"], {"seeds": [1, 2]}, "a list of whole numbers, one for each prompt"),
        ("ner", ["Where?"], {"seeds": 5}, "the seeds of module ner are 5"),
        ("ner", ["Where?"], {"batch_size": 0}, "batch_size is 0; a whole number from 1"),
        ("ner", ["Where?"], {"temperature": True}, "temperature is True; a number from 0 to 100"),
        ("summary", ["Where?"], {}, r"the sources of module summary are \[None\]; a list of records"),
        ("summary", ["Where?"], {"sources": ["a"]}, "the sources of module summary are"),
        ("response", ["Where?"], {"sources": ["a", "b"]}, "a list of texts, one for each prompt"),
    ],
)
def test_what_a_module_cannot_read_is_refused_in_a_sentence(untrained_pipeline, task, prompts, more, sentence):
    with pytest.raises(InputError, match=sentence):
        untrained_pipeline.modules[task].write(prompts, **more)
