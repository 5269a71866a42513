"""Checkers of notebook 00's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable

from momem_lib.data.records import Person, Record, record_from
from momem_lib.project import InputError

JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess; tea", "MIT")


def check_own_record(record: object) -> None:
    """00.1: a record about oneself, as the people file has it, with three facts or more, one in a new field."""
    assert record is not None, 'your record is None: replace it by a dict, {"name": "...", ...}'
    assert isinstance(record, dict), f"a dict was expected, in curly brackets, not {type(record).__name__}"
    try:
        mine = record_from(record, "your record")
    except InputError as error:
        raise AssertionError(str(error)) from None
    empty = [label for label, value in mine.facts if not value]
    assert not empty, f"nothing stands in {', '.join(empty)}: the memory can only tell what it was told"
    assert len(mine.facts) >= 3, f"your record has {len(mine.facts)} of the three facts or more that were asked for"
    assert set(mine.labels) - set(JO.labels), "all your fields are among the usual six: add one that nobody thought of"


def check_summary_gate(gate: Callable[[Record, str | None], str | None]) -> None:
    """00.2: a gate that lets a summary through when it is a fact of the record, letter by letter."""
    for label in JO.labels:
        said = gate(JO, JO.summary(label))
        assert said is not True, "your gate returned True: return None to let pass, and a sentence to stop"
        assert said is None, f"it stops {JO.summary(label)!r}, which is in the record, and says {said!r}"
    for summary, why in (
        ("Lives in: Rome", "the record says Oslo"),
        (None, "None means that Module 2 found nothing"),
        ("Lives in: Osl", "it is cut off: being part of the content is not enough"),
        ("Hobbies: chess", "the hobbies are 'chess; tea': a value may hold a semicolon"),
        ("Occupation: Oslo", "the value belongs to another field"),
        ("", "it is empty"),
        ("Name: Jo Doe", "the name is no fact that anybody asks for"),
    ):
        said = gate(JO, summary)
        assert said is not None, f"it lets {summary!r} pass, but {why}"
        assert isinstance(said, str) and said, f"it stops {summary!r} with {said!r}: return a sentence that says why"


def check_same_name(same: Callable[[str, str], bool]) -> None:
    """00.3: two spellings of one name are the same, two names are not."""
    for one, other, why in (
        ("Jo Doe", "Jo Doe", "a name is the same as itself"),
        ("Jo Doe", "jo DOE", "small and capital letters do not matter"),
        ("Jo Doe", "  Jo \t Doe ", "white space around and between words does not matter"),
        ("Jo Doe", "Jo\u00a0Doe", "a no-break space (U+00A0) is a space too"),
        ("T'Challa", "T’Challa", "a typographic apostrophe (U+2019) is an apostrophe"),
        ("Ben-David", "Ben‑David", "a no-break hyphen (U+2011) is a hyphen"),
        ("Zoë", "Zoe\u0308", "ë can be one character or two (look for unicodedata.normalize)"),
        ("Strauß", "STRAUSS", "ß is written SS in capitals (look for str.casefold)"),
    ):
        assert same(one, other) is True, f"{one!r} and {other!r} should be the same: {why}"
    for one, other, why in (
        ("Jo Doe", "Joe Doe", "these are two people"),
        ("Zoë", "Zoe", "an accent makes another name; a near miss is asked about, never answered"),
        ("$tev0", "tev0", "a sign is part of the name"),
        ("Ann Lee", "Annlee", "the space between two names counts"),
        ("T'Challa", "TChalla", "an apostrophe counts"),
        ("王小明", "王小红", "letters of every script count"),
    ):
        assert same(one, other) is False, f"{one!r} and {other!r} should be two names: {why}"
