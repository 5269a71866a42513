"""momem remember, forget, and what ask makes of --people and --memory; the modules play no part in this."""

from types import SimpleNamespace

import pytest

from momem_lib.cli.main import main
from momem_lib.project import DATA, TEST_PEOPLE
from momem_lib.system.memory import Memory
from momem_lib.system.pipeline import Pipeline

STAFF = "Name;Room;Blood group\nAna Ruiz;12;0+\nJo Doe;3;\n"


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command in a folder with staff.csv; answers are what the memory says of the question."""

    def load(ner, summary, response, memory, device):
        memory = Memory(memory)
        ask = lambda question, *_: (found := memory.look_up(question)).record or found.reason  # noqa: E731
        return SimpleNamespace(memory=memory, ask=ask)

    def command(*arguments) -> tuple[int, str, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    monkeypatch.setattr(Pipeline, "load", load)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "staff.csv").write_text(STAFF, encoding="utf-8")
    return command


def test_a_table_is_remembered_asked_and_forgotten(run):
    code, out, _ = run("remember", "staff.csv", "--memory", "memory.sqlite")
    assert code == 0 and "2 of staff.csv remembered; memory.sqlite knows 2 now" in out and "Room, Blood group" in out
    assert "'0+'" in run("ask", "Ana Ruiz", "--memory", "memory.sqlite")[1]
    assert (
        "I know nobody" in run("ask", "Muchiri T'Challa", "--memory", "memory.sqlite")[1]
    )  # the shipped stay out of it
    code, out, _ = run("forget", "ANA RUIZ", "--memory", "memory.sqlite")
    assert code == 0 and out == "forgotten: Ana Ruiz; memory.sqlite knows 1 now.\n"
    code, _, err = run("forget", "Jo Do", "--memory", "memory.sqlite")
    assert code == 2 and "Did you mean Jo Doe?" in err
    assert run("forget", "Jo Doe", "--memory", "memory.sqlite")[0] == 0
    code, _, err = run("ask", "Jo Doe", "--memory", "memory.sqlite")
    assert code == 2 and "is empty: type  momem remember FILE --memory memory.sqlite" in err


def test_what_the_file_says_now_is_what_counts(run, tmp_path):
    for room in ("12", "14", "14"):
        (tmp_path / "staff.csv").write_text(STAFF.replace("12", room), encoding="utf-8")
        for command in ("remember", "staff.csv"), ("ask", "Ana Ruiz", "--people", "staff.csv"):
            assert run(*command, "--memory", "memory.sqlite")[0] == 0
            assert f"('Room', '{room}')" in run("ask", "Ana Ruiz", "--memory", "memory.sqlite")[1]
    (tmp_path / "staff.csv").write_text("name,room\nAna Ruiz,1\nAna Ruiz,2\n", encoding="utf-8")
    assert run("remember", "staff.csv", "--memory", "memory.sqlite")[1].startswith("2 of staff.csv remembered")
    assert "Ana Ruiz (1) and Ana Ruiz (2)" in run("ask", "Ana Ruiz", "--memory", "memory.sqlite")[1]
    out = run("forget", "Ana Ruiz", "--memory", "memory.sqlite")[1]
    assert out == "forgotten: Ana Ruiz (1), Ana Ruiz (2); memory.sqlite knows 1 now.\n"


def test_without_a_memory_nothing_is_kept(run, tmp_path):
    assert "('Room', '12')" in run("ask", "Ana Ruiz", "--people", "staff.csv")[1]
    assert "Wakanda" in run("ask", "Muchiri T'Challa")[1]
    assert "Lab 3" in run("ask", "Ana Ruiz", "--people", DATA / "staff.csv")[1]
    assert "Norway" in run("ask", "Ulvesund", "--people", DATA / "towns.csv")[1]
    assert [path.name for path in tmp_path.iterdir()] == ["staff.csv"]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["remember"], "required: FILE, --memory"),
        (["remember", "staff.csv"], "required: --memory"),
        (["remember", "no.csv", "--memory", "memory.sqlite"], "no.csv does not exist"),
        (["remember", "bad.csv", "--memory", "memory.sqlite"], "line 3, has 3 cells"),
        (["remember", "staff.csv", "--memory", "staff.csv"], "staff.csv is not a SQLite file"),
        (["remember", "staff.csv", "--memory", "no/memory.sqlite"], "in a folder that exists"),
        (["remember", "staff.csv", "--memory", "."], "must be a file"),
        (["remember", "staff.csv", "--memory", ":memory:"], "is gone when the command ends"),
        (["forget", "Jo Doe"], "required: --memory"),
        (["forget", "--memory", "memory.sqlite"], "required: NAME"),
        (["forget", "Jo Doe", "--memory", "memory.sqlite"], "memory.sqlite does not exist: check the path"),
        (["forget", "Jo Doe", "--memory", "staff.csv"], "staff.csv is not a SQLite file"),
        (["ask", "Jo Doe", "--memory", "memory.sqlite"], "momem remember FILE --memory memory.sqlite"),
        (["ask", "Jo Doe", "--people", "bad.csv", "--memory", "memory.sqlite"], "line 3, has 3 cells"),
        (["ask", "Jo Doe", "--people", "staff.csv", "--memory", "staff.csv"], "is not a SQLite file"),
        (
            ["evaluate", "--questions", "q.jsonl", "--predictions", "x.sqlite", "--memory", "x.sqlite"],
            "overwrite an input",
        ),
    ],
)
def test_misuse_gets_a_sentence_and_changes_nothing(run, tmp_path, arguments, sentence):
    (tmp_path / "bad.csv").write_text("Name,Room\nJo,1\nAl,1,2\n", encoding="utf-8")
    (tmp_path / "q.jsonl").write_text('{"question": "Who?", "answer": null}\n', encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    code, out, err = run(*arguments)
    assert code == 2 and not out and sentence in err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_asking_writes_nothing_that_is_known_and_makes_no_memory(run, tmp_path):
    run("remember", "staff.csv", "--memory", "memory.sqlite")
    file = tmp_path / "memory.sqlite"
    before = file.read_bytes()
    with Memory("memory.sqlite") as other, other._writing():  # whom nobody has to wait for
        assert "'0+'" in run("ask", "Ana Ruiz", "--memory", "memory.sqlite")[1]
        assert "'0+'" in run("ask", "Ana Ruiz", "--memory", "memory.sqlite", "--people", "staff.csv")[1]
    file.chmod(0o444)
    assert "'0+'" in run("ask", "Ana Ruiz", "--memory", "memory.sqlite", "--people", "staff.csv")[1]
    assert file.read_bytes() == before
    assert run("ask", "Ana Ruiz", "--memory", "mistyped.sqlite")[0] == 2 and not (tmp_path / "mistyped.sqlite").exists()


def test_a_run_over_the_shipped_people_twice_is_one_change_each(run):
    for _ in range(2):
        assert run("remember", TEST_PEOPLE, "--memory", "memory.sqlite")[1].startswith("34 of ")
    with Memory("memory.sqlite") as memory:
        assert len(memory) == 34
