"""Files read and written: byte order marks, what is no CSV, results that replace no others, runs that are alone."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from momem_lib.project import ROOT, InputError, alone, parse_json, read_text, readable, set_aside, write_lines

HOLD = """
import sys, time
from pathlib import Path
from momem_lib.project import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_byte_order_mark_counts_nowhere(tmp_path):
    (tmp_path / "two.txt").write_bytes(b"\xef\xbb\xbfname,room\n\xef\xbb\xbfJo,7\n")
    assert read_text(tmp_path / "two.txt", "the file") == "name,room\nJo,7\n"


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_json(word):
    with pytest.raises(InputError, match="is no number"):
        parse_json(f'{{"a": {word}}}', "here")


def test_what_csv_cannot_read_is_a_sentence():
    with pytest.raises(InputError, match="cannot be read"), readable("a.csv", "the list"):
        raise csv.Error("field larger than field limit")


def test_until_the_last_line_an_earlier_file_stays(tmp_path):
    def rows(stops):
        yield {"a": 1}
        if stops:
            raise KeyboardInterrupt

    assert write_lines(tmp_path / "out.jsonl", rows(False)) == [{"a": 1}]
    with pytest.raises(KeyboardInterrupt):
        write_lines(tmp_path / "out.jsonl", rows(True))
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_what_would_be_overwritten_is_set_aside(tmp_path):
    for word in ("one", "two"):
        (tmp_path / "a.txt").write_text(word, encoding="utf-8")
        set_aside(tmp_path, ["a.txt", "b.txt"])
    assert (tmp_path / "previous" / "a.txt").read_text(encoding="utf-8") == "one"
    assert (tmp_path / "previous-2" / "a.txt").read_text(encoding="utf-8") == "two"


def test_a_second_run_is_refused_until_the_first_is_gone_even_by_kill_9(tmp_path):
    place, environment = tmp_path / "out" / "model", os.environ | {"PYTHONPATH": str(ROOT)}
    first = subprocess.Popen([sys.executable, "-c", HOLD, place], stdout=subprocess.PIPE, env=environment)
    assert first.stdout.readline().strip() == b"held"
    with pytest.raises(InputError, match=r"another program is making .*model"), alone(place):
        pass
    with alone(tmp_path / "out" / "another"):  # beside it there is room
        pass
    first.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    first.communicate()
    (tmp_path / "out" / ".next-abc").mkdir()
    (tmp_path / "out" / ".model.json.123.tmp").touch()
    with alone(place, ".next-*", ".model.*.tmp"):
        assert [path.name for path in place.parent.iterdir()] == [".model.lock"]
    assert list(place.parent.iterdir()) == []


def test_a_folder_that_cannot_be_one_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="choose another folder"), alone(Path(tmp_path / "file" / "model")):
        pass


READ_ONLY = """
import os, sys
access = os.access
os.access = lambda path, mode: mode != os.W_OK and access(path, mode)  # as on a read-only disk
from momem_lib.project import GENERATED, ROOT, RUNS, TEST_PEOPLE
from momem_lib.course.shared.figures import figure_folder
assert TEST_PEOPLE.is_relative_to(ROOT)
print(GENERATED, RUNS, figure_folder(), sep="\\n")
"""


def test_from_a_checkout_that_cannot_be_written_results_go_to_the_users_cache(tmp_path):
    here = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    here.pop("MOMEM_FIGURES", None)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY], env=here, capture_output=True, encoding="utf-8", check=True
    )
    own = tmp_path / ".cache" / "momem"
    assert [Path(line) for line in done.stdout.splitlines()] == [
        own / "data" / "generated", own / "runs", own / "runs" / "figures"
    ]  # fmt: skip
