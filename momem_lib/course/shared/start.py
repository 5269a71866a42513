"""What a notebook begins with: its parameters are checked."""

from collections.abc import Callable, Collection, Mapping

from momem_lib.project import InputError
from momem_lib.settings import check_number

PROFILES, DEVICES = ("quick", "full"), ("auto", "cpu", "cuda", "mps")  # what profile and device may be, everywhere
HOTTEST = 5.0  # temperature that a notebook's parameter may have, and that a widget offers


def check_parameters(given: Mapping[str, object], **allowed: tuple | Collection[str] | Callable[[str], object]) -> None:
    """Refuse parameters that cannot be used.

    Args:
        given: the parameters; a notebook passes globals(). profile, device and temperature are looked at wherever they
            are there.
        allowed: name -> (least, most), two whole numbers for a parameter that must be whole, two floats for one that
            may have a fraction; or name -> the texts that may be chosen; or name -> what raises an InputError for a
            text that cannot be used (see letters).

    Raises:
        InputError: a value of another type, out of its range, or none of the choices.

    Example:
        >>> check_parameters({"temperature": 1, "steps": 20}, temperature=(0.0, 5.0), steps=(1, 1000))
        >>> check_parameters({"temperature": -1.0}, temperature=(0.0, 5.0))
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the parameter temperature is -1.0; a number from 0 to 5 was expected
        >>> check_parameters({"field": "shoe size"}, field=["location", "hobbies"])
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the parameter field is 'shoe size'; one of location, hobbies was expected
    """
    common = {"profile": PROFILES, "device": DEVICES, "temperature": (0.0, HOTTEST)}
    for name, bounds in {**{key: value for key, value in common.items() if key in given}, **allowed}.items():
        value = given[name]
        if callable(bounds) or not all(isinstance(bound, int | float) for bound in bounds):
            _check_text(name, value, bounds)
        else:
            check_number(f"the parameter {name}", value, *bounds)


def letters(least: int, most: int) -> Callable[[str], object]:
    """A check for a text of so many characters.

    Example:
        >>> check_parameters({"tag": ""}, tag=letters(1, 100))
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the parameter tag: it has 0 characters; 1 to 100 were expected
    """

    def check(text: str) -> None:
        if not least <= len(text) <= most:
            raise InputError(f"it has {len(text):,} characters; {least:,} to {most:,} were expected")

    return check


def _check_text(name: str, value: object, wanted: Collection[str] | Callable[[str], object]) -> None:
    if not isinstance(value, str):
        raise InputError(f"the parameter {name} is {value!r}; text was expected")
    if callable(wanted):
        try:
            wanted(value)
        except InputError as error:
            raise InputError(f"the parameter {name}: {error}") from None
    elif value not in wanted:
        shown = list(wanted)[:8]
        more = f", ... ({len(wanted)} in all)" if len(wanted) > len(shown) else ""
        raise InputError(f"the parameter {name} is {value!r}; one of {', '.join(shown)}{more} was expected")
