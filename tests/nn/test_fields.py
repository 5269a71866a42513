"""Reading a record in two phases: the choice hangs on question and labels alone, and no value can stir it."""

import pytest
import torch

from momem_lib.data.records import Record
from momem_lib.data.tasks import COLON, TASKS, encode_target
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.generation import Sampling, generate, generate_fast
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer

LABELS = ("Lives in", "Job", "Blood group", "Job title (old)", "Nini?")
VALUES = (
    ("Oslo", "Cook", "0+", "none", "chai"),
    ("", "", "", "", ""),
    ("", "Cook", "", "", ""),
    ("Lives in: Job", "see Blood gro", "; Job: x", "Jo", "Job title; Job title"),
    ("王" * 40, "Job", "Lives i", "Blood group", "N"),
)


@pytest.fixture(scope="module")
def summary() -> Module:
    """A small module that learned nothing, its weights large enough that differences show."""
    torch.manual_seed(2)
    shape = {"embedding_dim": 32, "num_heads": 4, "hidden_dim": 48, "num_encoder_blocks": 2, "num_decoder_blocks": 2}
    model = Transformer(ModelConfig(**shape, ngram_rows=64, copy_from="source", source_reading="fields")).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return Module(TASKS["summary"], model)


def label_chances(summary: Module, record: Record, label: str) -> torch.Tensor:
    """All next-token log-probabilities while a label is written, up to the colon: (T, V)."""
    target = encode_target(summary.task, f"{label}:")[:-2]  # what was read before the colon is predicted
    with torch.inference_mode():
        return summary.model(summary.inputs(["Where does <name> live?"], [record], [target])).log_probs[0]


@pytest.mark.parametrize("values", VALUES[1:])
def test_no_value_stirs_the_choice(summary, values):
    plain, other = (Record(name, tuple(zip(LABELS, texts, strict=True))) for name, texts in
                    (("Jo", VALUES[0]), ("Lives in", values)))  # fmt: skip
    for label in LABELS:
        expected = label_chances(summary, plain, label)
        torch.testing.assert_close(label_chances(summary, other, label), expected, rtol=0, atol=1e-5)


def test_reading_ahead_across_the_colon_writes_what_single_steps_write(summary):
    """A draft may hold the end of a label and the beginning of a value: each step sees what it would see alone."""
    records = [Record("Jo", tuple(zip(LABELS, values, strict=True))) for values in VALUES]
    inputs = summary.inputs(["Where does <name> live?"] * len(records), records)
    sampling = Sampling(1.5, seeds=range(len(records)))
    arguments = (summary.model, inputs, TOKENIZER.id("</summary>"), 40, sampling)
    plain, fast = generate(*arguments), generate_fast(*arguments)
    assert [one.tokens for one in plain] == [one.tokens for one in fast]
    for one, other in zip(plain, fast, strict=True):
        assert one.log_probs == pytest.approx(other.log_probs, abs=1e-3)
    assert any(COLON in one.tokens for one in plain)  # so both phases were written


def test_the_choice_reads_no_value_and_not_the_order_of_the_labels(summary):
    """Whatever stands in the values, and wherever a label stands, its chance is the same, beside longer records too."""
    facts = tuple(zip(LABELS, VALUES[0], strict=True))
    other = tuple(zip(LABELS[::-1], VALUES[3], strict=True))
    records = [Record("Jo", facts), Record("Lives in: Jo", other), Record("Jo", (*facts, ("王 #", "1"), ("!", "2")))]
    with torch.inference_mode():
        plain, turned, longer = summary.model.choose(summary.inputs(["Where does <name> live?"] * 3, records))
    torch.testing.assert_close(turned[1:6].flip(0), plain[1:6], rtol=0, atol=1e-5)
    assert plain.exp().sum() == pytest.approx(1, abs=1e-5) and plain[6:].exp().sum() == 0
    assert longer.isfinite().all() and longer[6:].exp().min() > 0  # labels of signs alone can be pointed at, too


def test_a_word_is_most_like_itself(summary):
    """In a question or in a label, in small letters or capital ones, though its neighbours are others."""
    record, ngrams = Record("Jo", (("Blood group", "0+"),)), summary.model.ngrams
    inputs = summary.inputs(["what blood group"], [record])
    question, asked, _ = ngrams.words(inputs.prompt, inputs.prompt_mask)
    labels, there, facts = ngrams.words(inputs.source, inputs.source_mask, inputs.spans)
    assert asked.sum() == 4 and facts[there].tolist() == [0, 0, 1, 1]  # <prompt>, what, ...; <encoding>, Name, ...
    alike = torch.nn.functional.cosine_similarity(question[0, :, None], labels[0, None], dim=-1)
    assert alike[2:].argmax(1).tolist() == [2, 3]


def test_facts_may_stand_in_any_order():
    """What the shipped module chooses hangs on the labels, not on where they stand."""
    module, facts = Module.load(task="summary", device="cpu"), tuple(zip(LABELS[:3], VALUES[0][:3], strict=True))
    questions = ["Where does <name> live?", "What is <name>'s job?", "What is <name>'s blood group?"]
    for order in (facts, facts[::-1], facts[1:] + facts[:1]):
        written = module.write(questions, [Record("Jo", order)] * 3)
        assert [one.text for one in written] == [f"{label}: {value}" for label, value in facts]
