"""People files: tables of records as JSON lines, CSV or TSV, with any keys or columns."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from momem_lib.data.records import Record, label_of, record_from
from momem_lib.project import InputError, read_lines, read_text, write_lines

TAB = "\t"
SEPARATORS = (TAB, "|", ";", ",")  # where two fit equally well, the one that text holds more seldom
LOOKED_AT = 50  # rows by which a separator is chosen
_BREAK = re.compile(r"\s*[\n\r\t\v\f\x85\u2028\u2029]\s*")


def read_people(path: str | Path) -> list[Record]:
    """Read a people file: JSON lines, or a table with a header row (CSV, TSV), UTF-8.

    A table's separator may be , ; | or a tab; line breaks and tabs within a cell become spaces, an empty cell is a fact
    with an empty value, and empty rows and columns are left out.

    Raises:
        InputError: a file that is missing, unreadable, empty or not UTF-8, or a bad line, with its number.
    """
    what = "the people file"
    jsonl = Path(path).suffix.lower() in (".jsonl", ".ndjson", ".json")
    text = "" if jsonl else read_text(path, what)
    jsonl = jsonl or text.lstrip()[:1] in ("{", "[")
    rows = read_lines(path, what) if jsonl else read_table(text, f"{what} {path}")
    records = [record_from(row, where) for row, where in rows]
    if not records:
        raise InputError(f"the people file {path} holds nobody: JSON lines, or a header and rows, were expected")
    return records


def read_table(text: str, what: str) -> Iterator[tuple[dict[str, str], str]]:
    """The rows of a table, each by its header, with the place to call it by in a message ("staff.csv, line 3").

    Raises:
        InputError: headers that are alike, a row of another length than the header, or quotes without an end.

    Example:
        >>> list(read_table("Name;Room\\nJo;1,5\\n", "staff.csv"))
        [({'Name': 'Jo', 'Room': '1,5'}, 'staff.csv, line 2')]
    """
    separator = separator_of(text)
    (header, _), *rows = list(_rows(text, separator, what)) or [([], "")]
    for row, where in rows:
        if len(row) != len(header):
            hint = f"put quotes around a cell that holds {'a tab' if separator == TAB else repr(separator)}"
            raise InputError(f"{where}, has {len(row)} cells, and the header has {len(header)}: {hint}")
    columns = enumerate(zip(header, *(row for row, _ in rows), strict=True))
    titles = {place: header[place] or f"Column {place + 1}" for place, cells in columns if any(cells)}
    first: dict[str, int] = {}
    for place, title in titles.items():
        if (other := first.setdefault(label_of(title).casefold(), place)) != place:
            raise InputError(
                f"{what}: columns {other + 1} and {place + 1} are both called {title!r}: rename one of them"
            )
    yield from (({title: row[place] for place, title in titles.items()}, where) for row, where in rows)


def _rows(text: str, separator: str, what: str) -> Iterator[tuple[list[str], str]]:
    """The rows that are not empty, header first, each with its place; cells on one line, without space around them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            where, line = f"{what}, line {line}", reader.line_num + 1
            row = [_BREAK.sub(" ", cell.strip()) for cell in row]
            if any(row) and not (line == 2 and row[0].lower().startswith("sep=")):  # Excel's own note
                yield row, where
    except csv.Error as error:
        raise InputError(f"{what}, line {line}: a quoted cell does not end as it should ({error})") from None


def separator_of(text: str) -> str:
    """The sign between cells: the one by which most of the first rows have as many cells as the first of them.

    Example:
        >>> separator_of("Name;Height\\nJo;1,5\\nAl;1,6\\n"), separator_of("Name\\tRoom, floor\\nJo\\t3, 1\\n")
        (';', '\\t')
    """

    def fits(separator: str) -> tuple[int, int]:
        try:
            rows = csv.reader(io.StringIO(text), delimiter=separator)
            sizes = [len(row) for row in islice(filter(any, rows), LOOKED_AT)]
        except csv.Error:
            return 0, 0
        return (sizes.count(sizes[0]), sizes[0]) if sizes and sizes[0] > 1 else (0, 0)

    if said := re.match(r'"?sep=([,;\t|])"?\n', text, re.IGNORECASE):
        return said[1]
    return max(SEPARATORS, key=fits)


def write_people(path: str | Path, records: Iterable[Record]) -> None:
    """Write records as UTF-8 JSON lines, letters of every script as they are."""
    write_lines(path, (record.to_dict() for record in records))
