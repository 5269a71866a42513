"""The command line: exit codes, sentences instead of tracebacks, files that other programs read."""

import argparse
import json
import re
import shlex
import subprocess
import sys

import pytest

from momem_lib.cli import training
from momem_lib.cli.main import main, parser
from momem_lib.data.people import read_people
from momem_lib.data.rows import SynthesisConfig
from momem_lib.nn.checkpoints import load_tensors, save_tensors
from momem_lib.project import CHECKPOINTS, ROOT, TEST_PEOPLE, VERSION
from momem_lib.settings import flat
from momem_lib.system import evaluation
from momem_lib.training.config import read_config


def run(capsys, *arguments) -> tuple[int, str, str]:
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_ask_prints_the_answer(capsys):
    code, out, _ = run(capsys, "ask", "Where does Muchiri T'Challa live?")
    assert code == 0 and "Wakanda" in out


def test_ask_abstains_with_a_reason_and_exit_code_0(capsys):
    code, out, _ = run(capsys, "ask", "Where does Muchiri T'Chala live?", "--trace")
    assert code == 0 and "Did you mean Muchiri T'Challa" in out and "memory" in out


def test_ask_as_json(capsys):
    code, out, _ = run(capsys, "ask", "Where does $tev0 Ca$hmoney live?", "--json", "--seed", 1, "--temperature", 0.5)
    answer = json.loads(out)
    assert code == 0 and answer["tag"] == "$tev0 Ca$hmoney" and not answer["abstained"]
    keys = {"question", "tag", "content", "summary", "response", "abstained", "reason", "trace"}
    assert set(answer) == keys and len(answer["trace"]) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", ""],
        ["ask", "x" * 10_000],
        ["ask", "Where does\x07 Jo live?"],
        ["ask", "Who is Jo?", "--people", "no-such-file.jsonl"],
        ["ask", "Who is Jo?", "--ner", "no-such-file.safetensors"],
        ["ask", "Who is Jo?", "--ner", "{corrupt}"],
        ["ask", "Who is Jo?", "--people", "{corrupt}"],
        ["ask", "Who is Jo?", "--memory", "{corrupt}"],
        ["ask", "Who is Jo?", "--temperature", "-1"],
        ["ask", "Who is Jo?", "--device", "tpu"],
        ["evaluate", "--questions", "{corrupt}", "--predictions", "{out}"],
        ["train", "ner", "--config", "{corrupt}"],
        ["train", "ner", "--tr-dataset-path", "{corrupt}", "--val-dataset-path", "{corrupt}"],
        ["train", "ner", "--tr-dataset-path", "{folder}", "--val-dataset-path", "{folder}"],
        ["train", "ner", "--load-optim"],
        ["train", "ner", "--resume", "--config", "{folder}"],
        ["calibrate", "--num-datapoints", "0"],
        ["train", "all", "--config", "{corrupt}"],
        ["train", "all", "--tr-dataset-path", "{corrupt}"],
        ["data", "vocabulary", "--dest-path", "{corrupt}"],
        ["ask", "Who is Jo?", "--people", "nul\0byte"],
        ["ask", "Who is Jo?", "--seed", "-1"],
        ["data", "text", "--lists-path", "{folder}", "--dest-path", "{out}"],
        ["data", "text", "--template-path", "{folder}", "--dest-path", "{out}"],
        ["data", "text", "--num-datapoints", "0", "--dest-path", "{out}"],
        ["data", "tokens", "--dest-path", "{out}"],
        ["run", "no-such-notebook"],
        ["run", "--sweep", "temperature"],
        ["test", "no-such-check"],
        ["nonsense"],
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(capsys, tmp_path, arguments):
    corrupt = tmp_path / "corrupt.file"
    corrupt.write_bytes(b"\xff\x00garbage" * 50)
    before = corrupt.read_bytes()
    places = {"corrupt": corrupt, "out": tmp_path / "out", "folder": tmp_path}
    code, _, err = run(capsys, *[argument.format(**places) for argument in arguments])
    assert code == 2 and err.strip() and "Traceback" not in err
    assert corrupt.read_bytes() == before


def test_from_the_vocabulary_to_a_trained_module_step_by_step(capsys, tmp_path):
    folder, config = ("--dest-path", tmp_path), tmp_path / "config.json"
    config.write_text(json.dumps(
        {"embedding_dim": 16, "num_heads": 2, "hidden_dim": 16, "num_decoder_blocks": 1, "batch_size": 4,
         "max_global_steps": 3, "validation_rows": 3, "context_window": 300, "average_decay": 0.5}
    ), encoding="utf-8")  # fmt: skip
    assert run(capsys, "data", "vocabulary", *folder)[0] == 0
    assert json.loads((tmp_path / "vocabulary.json").read_text(encoding="utf-8"))["specials"]["<none>"] == 267
    assert run(capsys, "data", "text", "--num-datapoints", 300, *folder)[0] == 0
    code, out, _ = run(capsys, "data", "tokens", *folder)
    assert code == 0 and "longer than the window" in out
    train = ("train", "summary", "--device", "cpu", "--config", config, "--val-dataset-path")
    for kind, data in (("rows", "train.jsonl"), ("tokens", "train.summary.safetensors")):
        given = (tmp_path / "validation.jsonl", "--tr-dataset-path", tmp_path / data, "--out-dir", tmp_path / kind)
        assert run(capsys, *train, *given)[0] == 0
    learned = [load_tensors(tmp_path / kind / "summary.safetensors") for kind in ("rows", "tokens")]
    assert all(value.equal(learned[1][0][name]) for name, value in learned[0][0].items())
    assert 0 < learned[0][1]["rows_left_out"] == learned[1][1]["rows_left_out"]
    for held_out, data, message in (
        ("validation.summary.safetensors", "train.jsonl", "measured on texts"),
        ("validation.jsonl", "train.ner.safetensors", "give train.summary.safetensors"),
        ("validation.jsonl", "rows/summary.safetensors", "holds no tokens"),
        ("validation.jsonl", "none.safetensors", "does not exist"),
    ):
        given = (tmp_path / held_out, "--tr-dataset-path", tmp_path / data, "--out-dir", tmp_path / "out")
        code, _, err = run(capsys, *train, *given)
        assert code == 2 and message in err
    (tmp_path / "vocabulary.json").write_text('{"type": "words"}', encoding="utf-8")
    code, _, err = run(capsys, "data", "tokens", *folder)
    assert code == 2 and "momem data vocabulary" in err


def test_train_all_trains_each_module_and_settles_the_thresholds(capsys, tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(training, "train_one", lambda options: done.append((options.module, options.resume)))
    monkeypatch.setattr(training, "calibrate", lambda options: done.append(options.out_dir) or 0)
    assert run(capsys, "train", "all", "--out-dir", tmp_path)[0] == 0
    assert done == [("ner", False), ("summary", False), ("response", False), tmp_path]
    done.clear()
    for name in ("ner.json", "summary.json", "summary.train.safetensors"):
        (tmp_path / name).touch()
    monkeypatch.setattr(training, "finished", lambda folder, module: module == "ner")
    assert run(capsys, "train", "all", "--resume", "--out-dir", tmp_path)[0] == 0  # ner is done, summary was begun
    assert done == [("summary", True), ("response", False), tmp_path]


def test_data_questions_and_evaluate(capsys, tmp_path):
    assert run(capsys, "data", "questions", "--num-datapoints", 30, "--dest-path", tmp_path)[0] == 0
    questions, people, out = tmp_path / "questions.jsonl", tmp_path / "people.jsonl", tmp_path / "out.jsonl"
    assert read_people(people)
    files = ("--questions", questions, "--people", people, "--predictions", out)
    for more in ((), ("--module", "ner"), ("--gates", "off", "--by", "kind")):
        code, table, _ = run(capsys, "evaluate", *files, *more)
        assert code == 0 and "right" in table
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        asked = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
        for line, entry in zip(lines, asked, strict=True):
            assert line["question"] == entry["question"] and isinstance(line["abstained"], bool)
            assert {"tag", "content", "summary", "response", "reason", "name", "label"} <= set(line)


def commands(reader):
    """The parsers of all commands, and of theirs."""
    for action in reader._actions:
        for command in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            yield command
            yield from commands(command)


def test_help_names_each_option_with_its_default_and_shows_an_example():
    shown = [reader for reader in commands(parser()) if reader.get_default("action")]
    assert len(shown) > 20
    for reader in shown:
        assert f"usage: {reader.prog}" in reader.format_help()
        example = reader.epilog.removeprefix("example: momem ")
        assert parser().parse_args(shlex.split(example)).action is reader.get_default("action")
        for action in reader._actions:
            if isinstance(action, argparse._SubParsersAction):
                continue
            words = reader._get_formatter()._expand_help(action)
            assert words and (action.required or action.nargs == 0 or "default" in words), (reader.prog, action.dest)


def test_defaults_that_help_shows_are_those_of_the_library():
    options, config = vars(parser().parse_args(["data", "text"])), SynthesisConfig()
    for name in ("num_datapoints", "context_window", "prob_threshold", "seed"):
        assert options[name] == getattr(config, name)


def test_version_and_a_word_for_a_number(capsys):
    assert run(capsys, "--version")[:2] == (0, f"{VERSION}\n")
    code, _, err = run(capsys, "ask", "Who?", "--temperature", "warm")
    assert code == 2 and "invalid float value: 'warm'" in err and "usage" not in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), 2, "too large for this machine's memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 2, "lower batch_size"),
        (OSError(28, "No space left on device"), 2, "No space left on device: check the path and the space"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), 2, "check the path and the space"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_what_input_or_machine_can_cause_is_a_sentence(capsys, monkeypatch, error, code, words):
    def fail(_path):
        raise error

    monkeypatch.setattr(evaluation, "read_questions", fail)
    found, _, err = run(capsys, "evaluate", "--questions", "q", "--predictions", "p")
    assert found == code and words in err and "None" not in err and len(err.splitlines()) == 1


def test_a_path_in_no_encoding_is_named_all_the_same(capsys):
    code, _, err = run(capsys, "ask", "Who?", "--people", "\udcff.csv")
    assert code == 2 and "does not exist" in err


def test_predictions_overwrite_no_input(capsys, tmp_path):
    (tmp_path / "q.jsonl").write_text('{"question": "Who?", "answer": null}\n', encoding="utf-8")
    (tmp_path / "hard.jsonl").hardlink_to(tmp_path / "q.jsonl")
    (tmp_path / "soft.jsonl").symlink_to(TEST_PEOPLE)
    asked = ("evaluate", "--questions", tmp_path / "q.jsonl", "--predictions")
    for path in (tmp_path / "q.jsonl", tmp_path / "hard.jsonl", tmp_path / "soft.jsonl", TEST_PEOPLE,
                 CHECKPOINTS / "ner.safetensors"):  # fmt: skip
        before = path.read_bytes()
        code, _, err = run(capsys, *asked, path)
        assert code == 2 and "would overwrite an input" in err and path.read_bytes() == before
    for path in (tmp_path, "/dev/null"):
        assert "is no file" in run(capsys, *asked, path)[2]


def test_data_sets_aside_what_stands_there(capsys, tmp_path):
    (tmp_path / "people.jsonl").write_text('{"name": "Jo Doe"}\n', encoding="utf-8")
    code, out, _ = run(capsys, "data", "questions", "--num-datapoints", 3, "--dest-path", tmp_path)
    assert code == 0 and "were moved to" in out and read_people(tmp_path / "previous" / "people.jsonl")
    for words in (["--kinds", "odd"], ["--styles", "plain,odd"]):
        code, _, err = run(capsys, "data", "questions", *words, "--dest-path", tmp_path)
        assert code == 2 and "'odd' is none of" in err
    assert run(capsys, "data", "tokens", "--context-window", 0, "--dest-path", tmp_path)[0] == 2


def test_resuming_with_other_settings_is_refused_before_a_dataset_is_made(capsys, tmp_path, monkeypatch):
    state, config = tmp_path / "ner.train.safetensors", read_config("ner")
    save_tensors(state, {}, {"training": flat(config) | {"batch_size": 7}})
    code, _, err = run(capsys, "train", "ner", "--resume", "--out-dir", tmp_path)
    assert code == 2 and "batch_size differ" in err


@pytest.mark.parametrize("page", ["README.md", "data/checkpoints/README.md", "data/lists/README.md"])
def test_commands_that_a_page_shows_are_understood(page):
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^ {4}(?:\.venv/bin/)?momem (.+)$", text, re.MULTILINE)
    assert lines
    for line in lines:
        assert parser().parse_args(shlex.split(line, comments=True)), line


def test_help_answers_at_once_since_it_loads_nothing_that_takes_time():
    heavy = {"torch", "numpy", "matplotlib", "pandas", "sqlite3", "tokenizers", "IPython", "nbformat", "papermill"}
    asked = "import sys; from momem_lib.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    program = asked + f"print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "usage: momem" in shown and shown.splitlines()[-1] == "[]"


def test_what_a_model_writes_cannot_steer_the_terminal(capsys, monkeypatch):
    pieces = ["\x1b[2J", "\x9b31m", "\r\n", "\u202eabc\t\x07", "né 王"]
    monkeypatch.setattr("momem_lib.lm.model.LanguageModel.stream", lambda *_, **__: iter(pieces))
    code, out, _ = run(capsys, "lm", "generate", CHECKPOINTS, "Jo\x1b]0;x\x07 ")
    assert code == 0
    assert out == "Jo\\u001b]0;x\\u0007 \\u001b[2J\\u009b31m\n\\u202eabc\t\\u0007né 王\n"
    hot = ["ask", "Where does Muchiri T'Challa live?", "--gates", "off", "--temperature", "100", "--seed", "0"]
    code, out, _ = run(capsys, *hot, "--trace")
    assert code == 0 and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", out)
    assert "response" in json.loads(run(capsys, *hot, "--json")[1])
