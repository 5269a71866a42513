"""What notebook 07 gives the reader beside the parts: a head by hand, an optimizer, and batches for the finder."""

from dataclasses import replace
from itertools import islice

import pytest
import torch

from momem_lib.course.modules.live import course_config, course_data, train_live
from momem_lib.course.nb07 import parts
from momem_lib.course.nb07.finder import (
    Descent,
    SpanFinder,
    pointed,
    pointed_runs,
    prompt_inputs,
    span_batches,
    with_head,
)
from momem_lib.nn.copying import match_lengths
from momem_lib.nn.transformer import Transformer
from momem_lib.training.batches import batch_stream

CONFIG = course_config("ner", steps=3, num_datapoints=24, validation_rows=2, batch_size=4)


@pytest.fixture(scope="module")
def data():
    return course_data("ner", CONFIG)


def loss_of(model, batch):
    inputs, labels = batch
    return parts.masked_loss(model(inputs).log_probs, labels, inputs.target_mask)


def test_the_loop_with_its_parts_is_the_librarys_trainer(data):
    torch.manual_seed(CONFIG.seed)
    model = with_head(Transformer(CONFIG.model), parts.next_token)
    batches = batch_stream(data.tokens, CONFIG.batch_size, CONFIG.seed)
    losses = parts.train(model, Descent(model, CONFIG), batches, loss_of, 3)
    assert losses == pytest.approx(train_live(CONFIG, data, "cpu", show=False).losses, rel=1e-4)


def test_a_head_by_hand_is_what_the_model_says_and_learns_from(data):
    model = Transformer(CONFIG.model)
    inputs, labels = next(batch_stream(data.tokens, 4, seed=0))
    before = model(inputs).log_probs
    torch.testing.assert_close(with_head(model, parts.next_token)(inputs).log_probs, before, atol=1e-4, rtol=1e-4)
    with_head(model, lambda weights, gate, generated, source: generated)
    loss_of(model, (inputs, labels)).backward()
    assert model.head.scores.weight.grad.abs().sum() > 0 and model.copy.query.weight.grad.abs().sum() > 0


def test_a_finder_sees_the_rows_of_the_writer_and_learns_where_their_names_are(data):
    finders = span_batches(data.tokens, parts.span_of, 4, 7, "cpu")
    writers = batch_stream(data.tokens, 4, 7)
    for (inputs, first, last), (theirs, labels) in islice(zip(finders, writers, strict=False), 6):
        assert torch.equal(inputs.prompt, theirs.prompt) and inputs.target.shape == (len(labels), 1)
        for prompt, begin, end, label in zip(inputs.prompt, first, last, labels, strict=True):
            name = label[label < 256]
            assert torch.equal(prompt[begin : end + 1], name) if len(name) else begin == end == 0


def test_a_finder_learns_and_points_at_text(data):
    torch.manual_seed(0)
    finder = SpanFinder(replace(CONFIG.model, copy_from="none"))
    batches = span_batches(data.tokens, parts.span_of, 4, 0, "cpu")
    before = [weight.clone() for weight in finder.parameters()]

    def span_loss(model, batch):
        return -sum(table.log_softmax(-1).gather(-1, place[:, None]).mean()
                    for table, place in zip(model(batch[0]), batch[1:], strict=True))  # fmt: skip

    parts.train(finder, Descent(finder, CONFIG), batches, span_loss, 3)
    moved = [not torch.equal(*pair) for pair in zip(before, finder.parameters(), strict=True)]
    assert all(moved[-4:]) and moved[0]  # both ends, and the body below them

    class Ends(SpanFinder):
        def forward(self, inputs):
            places = torch.arange(inputs.prompt.shape[1]).expand(inputs.prompt.shape).float()
            return -(places - 5).abs(), -(places - 8).abs()

    assert pointed(Ends(CONFIG.model), ["Oui Zoë!", "Is Jo Doe in?"], parts.best_pair) == ["Zoë", "o Do"]
    assert pointed_runs(Ends(CONFIG.model), ["Oui Zoë!", "Is Jo Doe in?"], parts.span_of) == ["Zoë", "Jo Doe"]
    assert pointed(Ends(CONFIG.model), ["Hi!"], lambda first, last: (0, len(first) - 5)) == [None]


def test_the_readers_match_lengths_are_the_librarys():
    torch.manual_seed(0)
    written, source = ("".join("ab"[int(bit)] for bit in torch.randint(2, (n,))) for n in (7, 12))
    tokens = (torch.tensor([list(text.encode())]) for text in (written, source))
    assert torch.equal(parts.match_lengths(written, source), match_lengths(*tokens)[0])


def test_what_may_come_next_leads_to_runs_of_whole_words_alone():
    question, found, open_ends = "Is Jo in, Jon?", set(), [""]
    while open_ends:
        written = open_ends.pop()
        for following in parts.allowed(question, written):
            if following in ("</tag>", "<none>"):
                found.add(written)
            else:
                open_ends.append(written + following)
    words = question.split()
    runs = {" ".join(words[begin:end]) for begin in range(4) for end in range(begin + 1, 5)}
    assert found == runs | {""}


def test_inputs_of_questions_end_with_the_start_of_a_tag():
    inputs = prompt_inputs([[257, 74, 258]])
    assert inputs.target.tolist() == [[259]] and inputs.prompt_mask.all()
