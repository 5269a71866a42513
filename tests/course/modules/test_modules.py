"""What notebooks 07, 09 and 10 share: rows, live training, judging, reading along, pictures, widget, benchmark."""

import json
import subprocess
import sys
from functools import lru_cache

import pytest
import torch

from momem_lib.course.modules.judging import (
    CHARACTERS,
    LENGTHS,
    NOTHING,
    characters_of,
    course_rows,
    examine,
    failure_table,
    length_group,
    shares_by,
)
from momem_lib.course.modules.live import course_config, course_data, train_live
from momem_lib.course.modules.plots import draw_groups, draw_heads, draw_run, interval
from momem_lib.course.modules.reading import (
    BROKEN,
    CONTINUED,
    example_of,
    letters_of_sample,
    prompted,
    read_along,
    sample_module,
    token_labels,
)
from momem_lib.course.modules.reading_plots import draw_example, draw_reading, draw_samples, shown_places
from momem_lib.course.modules.widget import module_widget, samples_html
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.panel import coloured, rendered
from momem_lib.course.shared.sampling import byte_model
from momem_lib.course.shared.text import record_of
from momem_lib.data.grammar import split_of
from momem_lib.data.records import LABELS, Record
from momem_lib.data.tasks import TASKS
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.copying import Mixture
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.project import RESULTS, ROOT, InputError
from momem_lib.training.batches import batch_of, tokenize
from momem_lib.training.trainer import cross_entropy

SHAPE = {"embedding_dim": 8, "num_heads": 2, "hidden_dim": 8, "num_decoder_blocks": 2}
SMALL = {"embedding_dim": 16, "hidden_dim": 16, "ngram_rows": 16, "num_datapoints": 24, "validation_rows": 2,
        "batch_size": 4}  # fmt: skip
COPIES = {"ner": "prompt", "summary": "source", "response": "both"}
EACH_TASK = pytest.mark.parametrize("task", TASKS)


def untrained(task, **changes):
    """A small module that learned nothing."""
    torch.manual_seed(0)
    encoders = {"num_encoder_blocks": 0 if task == "ner" else 1}
    encoders |= {"source_reading": "fields"} if task == "summary" else {}
    model = Transformer(ModelConfig(**SHAPE | encoders | {"copy_from": COPIES[task]} | changes)).eval()
    return Module(TASKS[task], model)


def text_of(source):
    """A source as text."""
    return source.content if isinstance(source, Record) else source


@lru_cache
def row_of(task):
    """One row that has an answer; made once, since making the first row takes a while."""
    return course_rows(task, 1, kinds=("answerable",), styles=("plain",))[0]


def texts_of(task):
    """Prompt and source of one row."""
    source, prompt, _ = TASKS[task].texts(row_of(task))
    return prompt, source


@pytest.mark.parametrize("task", ["ner", "response"])
def test_rows_are_the_same_each_time_and_of_the_split_that_was_asked_for(task):
    only = {"kinds": ("answerable",), "styles": ("plain",), "languages": ("en",)}
    rows = course_rows(task, 5, "test", seed=3, **only)
    assert rows == course_rows(task, 5, "test", seed=3, **only)
    for row in rows:
        assert (row["split"], row["kind"], row["style"], row["language"]) == ("test", "answerable", "plain", "en")
        assert row["label"] not in LABELS.values() or split_of(row["value"], "entry") == "test"
    assert rows != course_rows(task, 5, "test", seed=4, **only)


def test_rows_that_are_too_long_are_left_out(monkeypatch):
    assert all(len(example_of("summary", row).source) <= 150 for row in course_rows("summary", 5, longest=150))
    monkeypatch.setattr("momem_lib.course.modules.judging.KEPT_ROWS", 2_000)  # 400,000 take minutes
    with pytest.raises(InputError, match="hardly any row"):
        course_rows("ner", 1, longest=5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: course_rows("memory", 1), "no module 'memory'"),
        (lambda: course_config("ner", "huge"), "quick or full was expected"),
        (lambda: course_config("ner", learning_rate=1), "unknown key 'learning_rate'"),
        (lambda: course_config("ner", num_encoder_blocks=1), "num_encoder_blocks is 1; it must be 0 for ner"),
        (lambda: example_of("summary", {"question": "?", "record": None, "summary": None}), "has no part in this row"),
        (lambda: draw_groups({"nothing": {}}), "there is no row to draw"),
    ],
)
def test_what_cannot_be_done_is_told(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_the_full_profile_is_the_recipe_and_the_quick_one_small():
    quick, full = (course_config("summary", profile, steps=7, seed=5) for profile in ("quick", "full"))
    assert (quick.max_global_steps, quick.model.num_encoder_blocks, quick.seed) == (7, 1, 5)
    assert quick.model.embedding_dim <= 64
    assert full.model.embedding_dim == 128 and full.max_global_steps > 100 and full.seed == 5
    assert course_config("ner", "full", max_global_steps=3).max_global_steps == 3  # a key of the reader's own


@EACH_TASK
def test_a_live_training_measures_loss_match_and_speed_and_repeats_itself(task):
    config = course_config(task, steps=2, data_window=320, **SMALL)
    data = course_data(task, config)
    assert len(data.tokens) == 24 and {row["split"] for row in data.rows} == {"validation"}
    run, again = (train_live(config, data, "cpu", show=False) for _ in range(2))
    assert run.losses == again.losses and [step for step, _ in run.matches] == [1, 2]
    assert run.seconds > 0 and not run.module.model.training
    watched = train_live(config, data, "cpu", show=False, watch=lambda module: module is not None)
    assert watched.matches == [(1, True), (2, True)] and watched.losses == run.losses
    assert png(draw_run(run)) and "2 steps" in draw_run(run).get_label()


def test_the_full_profile_trains_on_the_dataset_of_the_recipe(monkeypatch, tmp_path):
    monkeypatch.setattr("momem_lib.training.datasets.GENERATED", tmp_path)
    config = course_config("ner", "full", max_global_steps=1, checkpoint_steps=1, **SMALL)
    data = course_data("ner", config, "full")
    assert len(data.tokens) == 24 and list(tmp_path.glob("dataset_*/train.jsonl"))
    assert [step for step, _ in train_live(config, data, "cpu", show=False).matches] == [1]


def test_loss_falls_within_a_few_steps():
    config = course_config("ner", steps=25, num_datapoints=400, validation_rows=2)
    run = train_live(config, course_data("ner", config), "cpu", show=False)
    assert sum(run.losses[-5:]) < 0.8 * sum(run.losses[:5])


def test_characters_and_lengths_have_groups():
    assert [characters_of(text) for text in ("O'Neil-Smith Jr.", "R2", "José", "Οδός", "")] == [
        "plain letters", "digits and signs", "accented letters", "other scripts", "plain letters"]  # fmt: skip
    assert {length_group(length) for length in range(1, 99)} == set(LENGTHS.values())


def test_judging_is_exact_and_groups_hold_everything():
    rows = course_rows("ner", 30, "test", nobody_share=0.6)
    judged = examine(untrained("ner"), rows)
    assert [one.row for one in judged] == rows
    assert all(one.right == (one.wrote == one.row["name"]) for one in judged)
    for key in (lambda one: one.length, lambda one: one.characters):
        groups = shares_by(judged, key)
        assert sum(count for _, count in groups.values()) == 30
    assert groups[NOTHING][1] == sum(row["name"] is None for row in rows) > 0
    assert list(groups) == [name for name in (*CHARACTERS, NOTHING) if name in groups]
    assert failure_table(judged, most=2).endswith(f"{sum(not one.right for one in judged)} of 30 wrong")
    assert png(draw_groups({"by kind": groups}))


def test_what_has_to_be_copied_depends_on_the_module():
    row = row_of("response")
    copied = {task: examine(untrained(task), [row])[0].copied for task in TASKS}
    assert copied == {"ner": row["name"], "summary": row["value"], "response": row["value"]}


def test_intervals_hold_the_share_and_shrink():
    for right, count in ((0, 5), (5, 5), (3, 7)):
        low, high = interval(right, count)
        assert 0 <= low <= right / count <= high <= 1
        assert interval(10 * right, 10 * count)[1] - interval(10 * right, 10 * count)[0] < high - low


def test_labels_of_tokens_are_one_for_each_whatever_the_bytes():
    tokens = [*TOKENIZER.encode("né 王"), 0xE7, 0x8E, 267, 0x80]
    labels = token_labels(torch.tensor(tokens))
    assert labels == ["n", "é", CONTINUED, " ", "王", CONTINUED, CONTINUED, BROKEN, BROKEN, "<none>", BROKEN]


@EACH_TASK
def test_the_loss_mask_of_an_example_is_what_training_counts(task):
    row = row_of(task)
    example = example_of(task, row)
    assert len(example.read) == len(example.labels) == len(example.counts)
    config = course_config(task, steps=1, **SMALL)
    inputs, labels = batch_of(tokenize(TASKS[task], [row], config.model.context_window), [0])
    assert [label for label, counts in zip(example.labels, example.counts, strict=True) if counts] == labels[0].tolist()
    assert inputs.target_mask.sum() == sum(example.counts)
    log_probs = torch.randn(*labels.shape, 268).log_softmax(-1)
    mean = -log_probs.gather(-1, labels[..., None]).mean()
    nothing = torch.zeros(1)
    torch.testing.assert_close(cross_entropy(Mixture(log_probs, *[nothing] * 4), labels, inputs.target_mask), mean)
    assert png(draw_example(example))


@EACH_TASK
def test_reading_along_agrees_with_writing(task):
    module, (prompt, source) = untrained(task), texts_of(task)
    (written,) = sample_module(module, prompt, source, 1.0, count=1, longest=6)
    text = "Jo é"
    reading = read_along(module, prompt, source, text)
    assert reading.wrote == [*"Jo é", CONTINUED, TASKS[task].stop]
    steps = len(reading.wrote)
    assert reading.weights.shape == (steps, len(reading.places))
    assert reading.attention.shape == (2, 2, steps, len(reading.attended))
    torch.testing.assert_close(reading.weights.sum(-1), torch.ones(steps))
    expected = len((prompt if task == "ner" else text_of(source)).encode()) + 2
    assert len(reading.attended) == expected
    assert ((reading.copied >= 0) & (reading.copied <= 1)).all() and (reading.chances > 0).all()
    assert png(draw_reading(reading)) and png(draw_reading(reading, block=0, head=1))
    assert png(draw_samples({"temperature 1": [written]}))


def test_reading_along_gives_the_copied_shares_of_generation():
    module = untrained("ner")
    (written,) = module.write(["Is Jo in?"])
    if written.finished and written.text:
        reading = read_along(module, "Is Jo in?")
        torch.testing.assert_close(reading.copied[:-1], torch.tensor(written.copied), atol=1e-4, rtol=1e-3)


def test_a_plain_head_has_no_weights_to_show():
    reading = read_along(untrained("ner", copy_from="none"), "Is Jo in?", text="Jo")
    assert reading.weights.shape == (3, 0) and reading.places == [] and not reading.copied.any()
    assert png(draw_reading(reading))


def test_long_sources_are_shown_where_the_weight_is():
    weights = torch.zeros(2, 300)
    weights[:, 40] = 1
    window = shown_places(weights.numpy())
    assert window.start <= 40 < window.stop and shown_places(weights[:, :10].numpy()) == slice(0, 10)


def test_samples_repeat_and_are_cut():
    module, (prompt, source) = untrained("response"), texts_of("response")
    one, two = (sample_module(module, prompt, source, 1.5, count=2, seed=4, longest=7) for _ in range(2))
    assert [sample.tokens for sample in one] == [sample.tokens for sample in two]
    assert all(len(sample.tokens) <= 7 for sample in one)
    (other,) = sample_module(module, prompt, source, 1.5, count=1, seed=5, longest=7)
    assert other.tokens == one[1].tokens  # number n is drawn with seed + n
    assert sum(len(letters_of_sample(sample)) for sample in one) <= 14


@EACH_TASK
def test_what_a_module_says_next_is_what_its_mixture_says(task):
    module, (prompt, source) = untrained(task), texts_of(task)
    probs = byte_model(module.model, prompted(module, prompt, source))("Jo")
    reading = read_along(module, prompt, source, "Jox")
    assert probs["x"] == pytest.approx(float(reading.chances[2]), rel=1e-3)


@EACH_TASK
def test_the_widget_draws_anew_and_tells_what_is_wrong(task):
    module, (prompt, source) = untrained(task), texts_of(task)
    widget = module_widget(module, prompt, source, temperature=1.0, count=2)
    before = widget.output.value
    assert before.count("<li>") == 2 and 'role="status"' in before and "This widget needs" in repr(widget)
    widget.temperature.value = 0.0
    assert widget.output.value != before
    widget.place.value = 3
    widget.prompt.value = "Who " * 999
    assert 'role="alert"' in widget.output.value and "shorten it" in widget.output.value
    assert 'role="alert"' in rendered(samples_html, module, prompt, source, temperature=-1)


def test_a_record_can_be_typed_into_the_widget():
    record = Record("somebody", (("Lives in", "Oslo"), ("Shoe size", "")))
    widget = module_widget(untrained("summary"), "Where?", record)
    assert record_of(f"Name: somebody\n{widget.source.value}") == record
    widget.source.value = "Job: Cook\njob: Nurse"
    assert 'role="alert"' in widget.output.value and "twice" in widget.output.value


def test_widget_escapes_what_a_module_writes():
    assert "<b>" not in coloured([("<", 0.9), ("b", 0.9), (">", 0.1), ("\x1b", 0.1)])


def test_the_benchmark_still_runs():
    command = [sys.executable, str(ROOT / "tests" / "benchmarks" / "heads.py"), "ner", "--few", "--data-window", "320"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split("  ")[0] for line in done.stdout.splitlines()] == [
        "plain head", "copy head", "+ match feature", "+ copied context"]  # fmt: skip


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*_heads.json")), ids=lambda path: path.stem)
def test_recorded_heads_name_their_command_and_can_be_drawn(path):
    results = json.loads(path.read_text(encoding="utf-8"))
    assert {"command", "date", "hardware", "seed", "steps", "questions"} <= set(results)
    assert list(results["heads"]) == ["plain head", "copy head", "+ match feature", "+ copied context"]
    assert png(draw_heads(results))
