"""Data synthesis: datasets as JSONL files, deterministic byte for byte, and questions for the evaluation."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import orjson
from tqdm.auto import tqdm

from momem_lib.data.grammar import SPLITS
from momem_lib.data.records import Record, label_of, record_from
from momem_lib.data.rows import KINDS, Material, SynthesisConfig, load_material, row_stream
from momem_lib.data.styles import STYLES
from momem_lib.project import InputError, alone, read_lines, readable, set_aside

SMALLEST_SPLIT = 200  # rows of validation and of test, at least
PATIENCE = 30  # rows left out per answerable one that fits, before we say that the window is too small
NEEDED = {"question", "kind", "name", "record", "summary", "response", "value"}  # keys of a row that training reads


def fits(row: dict, context_window: int) -> bool:
    """Whether content, and question with response, have at most context_window bytes (UTF-8)."""
    content, talk = row["content"] or "", row["question"] + (row["response"] or "")
    if 4 * max(len(content), len(talk)) <= context_window:
        return True  # no character has more than 4 bytes
    return len(content.encode()) <= context_window and len(talk.encode()) <= context_window


def write_dataset(
    config: SynthesisConfig,
    dest_path: str | Path,
    material: Material | None = None,
    progress: bool = True,
    wait: bool = False,
) -> dict:
    """Write train.jsonl, validation.jsonl, test.jsonl and dataset.json (config, counts, SHA-256 of each file).

    Another dataset that stands there is moved to the folder "previous"; the same one is left as it is.

    Args:
        config: how many rows, and of what kinds.
        dest_path: the folder; made if it is not there.
        material: lists and grammars; None for those that ship.
        progress: whether to show bars.
        wait: whether to wait where another program makes a dataset there, instead of refusing.

    Returns:
        what dataset.json holds. "left_out" counts the rows that were longer than the window: they are never cut.

    Raises:
        InputError: bad lists or templates, or a window that leaves out nearly everything.
    """
    material, folder, splits = material or load_material(), Path(dest_path), {}
    files = ["dataset.json", *(f"{split}.jsonl" for split in SPLITS)]
    # Made aside and moved into place when whole: what stood there before stays until then.
    with (
        alone(folder / "dataset", ".making-*", wait=wait),
        tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as making,
    ):
        if (card := _made(folder, config, material)) is not None:
            return card
        for split in SPLITS:
            count = config.num_datapoints if split == "train" else max(SMALLEST_SPLIT, config.num_datapoints // 10)
            splits[split] = _write_split(material, config, split, count, Path(making) / f"{split}.jsonl", progress)
        card = {
            "config": asdict(config),
            "material": material.digest,
            "counts": {split: facts["rows"] for split, facts in splits.items()},
            "left_out": sum(facts["left_out"] for facts in splits.values()),
            "splits": splits,
        }
        (Path(making) / files[0]).write_bytes(orjson.dumps(card, option=orjson.OPT_INDENT_2) + b"\n")
        set_aside(folder, files, tqdm.write)
        for name in reversed(files):  # dataset.json comes last: where it stands, the dataset is whole
            (Path(making) / name).rename(folder / name)
    return card


def _made(folder: Path, config: SynthesisConfig, material: Material) -> dict | None:
    """The card of the dataset in a folder, if it is just this one and its files are whole."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        card = orjson.loads((folder / "dataset.json").read_bytes())
        wanted = orjson.loads(orjson.dumps([asdict(config), material.digest]))
        whole = all(file_hash(folder / f"{split}.jsonl") == card["splits"][split]["sha256"] for split in SPLITS)
        return card if whole and [card["config"], card["material"]] == wanted else None
    return None


def file_hash(path: Path) -> str:
    """The sha256 of a file, as hexadecimal digits."""
    with readable(path, "the dataset"), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_split(
    material: Material, config: SynthesisConfig, split: str, count: int, path: Path, progress: bool
) -> dict:
    """Write one file, and count its kinds and what was left out."""
    kinds, left_out = Counter(), 0
    with path.open("wb") as file, tqdm(total=count, desc=split, unit="row", mininterval=1, disable=not progress) as bar:
        rows = row_stream(material, config, split)
        while kinds.total() < count:
            row = next(rows)
            if fits(row, config.context_window):
                file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
                kinds[row["kind"]] += 1
                bar.update()
                continue
            left_out += 1
            if left_out > PATIENCE * (kinds["answerable"] + 10):
                raise InputError(
                    f"nearly every row is longer than the context window of {config.context_window} bytes: "
                    "choose a larger one (512, for instance)"
                )
    counted = {kind: kinds[kind] for kind in KINDS}
    return {"rows": count, "left_out": left_out, "kinds": counted, "sha256": file_hash(path)}


def iter_rows(path: str | Path) -> Iterator[dict]:
    """Read a dataset file (JSONL) row by row.

    Raises:
        InputError: a missing or empty file, or a line that is no row, with its number.
    """
    where = None
    for row, where in read_lines(path, "the dataset"):
        check_row(row, where)
        yield row
    if where is None:
        raise InputError(f"the dataset {path} is empty")


def check_row(row: object, where: str) -> None:
    """Refuse what is no row of a dataset."""
    if not isinstance(row, dict) or not isinstance(row.get("question"), str) or not row.keys() >= NEEDED:
        raise InputError(f"{where}, is no row of `momem data text`: it needs the keys {', '.join(sorted(NEEDED))}")
    wrong = [key for key in NEEDED - {"record"} if not isinstance(row[key], str | None)]
    wrong += ["value"] if row["response"] is not None and row["value"] is None else []
    if row["record"] is not None:
        record_from(row["record"], where)
    if wrong:
        raise InputError(f"{where}: {', '.join(sorted(wrong))} must be text (or null where there is none)")


def read_rows(path: str | Path) -> list[dict]:
    """Read a dataset file (JSONL) whole; errors are those of iter_rows."""
    return list(iter_rows(path))


def questions_and_people(
    material: Material,
    config: SynthesisConfig,
    split: str,
    count: int,
    phrasings: str | None = None,
    language: str | None = None,
    styles: tuple[str, ...] | None = None,
    kinds: tuple[str, ...] | None = None,
) -> tuple[list[dict], list[Record]]:
    """Draw questions for `momem evaluate` and the records that they are about.

    Args:
        material, config, split, phrasings: as in row_stream.
        count: how many questions.
        language, styles, kinds: only these ("en"; of STYLES; of KINDS); None for all.

    Returns:
        questions with question, name, label, answer (None: abstain), shown (the name as the question has it), language,
        kind, style, phrasing; and records whose names differ (whatever their case). A stranger's is not among them.
    """
    if language is not None:
        config = replace(config, languages=(language,))
    for chosen, known in ((styles or (), STYLES), (kinds or (), KINDS)):
        if unknown := set(chosen) - set(known):
            raise InputError(f"{min(unknown)!r} is none of {', '.join(known)}")
    questions, records, taken = [], [], set()
    for number, row in enumerate(row_stream(material, config, split, phrasings)):
        if len(questions) >= count:
            return questions, records
        if number > 1000 * (len(questions) + 10):
            raise InputError(f"hardly any row is of the kinds {kinds} and the styles {styles}: ask for others")
        wanted = (not styles or row["style"] in styles) and (not kinds or row["kind"] in kinds)
        if not wanted or not fits(row, config.context_window) or _doubtful(row, taken):
            continue
        name = row["name"]
        if bearer := row["record"] or row["bearer"]:
            records.append(record_from(bearer))
            taken.add(records[-1].name.casefold())
            name = records[-1].name if row["record"] else name
        if row["kind"] == "stranger":
            taken.add(name.casefold())
        questions.append({
            "question": row["question"], "name": name, "label": row["label"] and label_of(row["label"]),
            "answer": row["value"] or None, "shown": row["name"],
            **{key: row[key] for key in ("language", "kind", "style", "phrasing")},
        })  # fmt: skip


def _doubtful(row: dict, taken: set[str]) -> bool:
    """Whether a row's verdict hangs on other rows (a name that stands there already) or on another value's wording."""
    if row["kind"] == "nobody":
        return False
    names = {row["name"].casefold(), ((row["record"] or row["bearer"] or row)["name"]).casefold()}
    if names & taken:
        return True
    others = record_from(row["record"]).others(row["label"]) if row["response"] else ()
    return any(other and other in row["response"] for other in others)
