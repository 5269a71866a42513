"""The command line: exit codes, sentences instead of tracebacks, files that other programs read."""

import json
import re
import shlex
import subprocess
import sys

import pytest

from momem_lib.cli import training
from momem_lib.cli.main import main, parser
from momem_lib.data.people import read_people
from momem_lib.nn.checkpoints import load_tensors
from momem_lib.project import ROOT


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


def test_help_of_every_command(capsys):
    for arguments in (
        ["--help"],
        ["ask", "--help"],
        ["remember", "--help"],
        ["forget", "--help"],
        ["data", "text", "--help"],
        ["train", "--help"],
        ["run", "--help"],
    ):
        code, out, _ = run(capsys, *arguments)
        assert code == 0 and "usage: momem" in out


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
