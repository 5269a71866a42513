"""What a notebook begins with: its parameters are checked."""

from collections.abc import Collection, Mapping

from momem_lib.project import InputError
from momem_lib.settings import check_number

PROFILES, DEVICES = ("quick", "full"), ("auto", "cpu", "cuda", "mps")  # what profile and device may be, everywhere


def check_parameters(given: Mapping[str, object], **allowed: tuple | Collection[str]) -> None:
    """Refuse parameters that cannot be used.

    Args:
        given: the parameters; a notebook passes globals(). profile and device are looked at wherever they are there.
        allowed: name -> (least, most), two whole numbers for a parameter that must be whole, two floats for one that
            may have a fraction; or name -> the texts that may be chosen; or name -> str for any text at all.

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
    common = {"profile": PROFILES, "device": DEVICES}
    for name, bounds in {**{key: value for key, value in common.items() if key in given}, **allowed}.items():
        value = given[name]
        if bounds is str or not all(isinstance(bound, int | float) for bound in bounds):
            _check_text(name, value, None if bounds is str else bounds)
        else:
            check_number(f"the parameter {name}", value, *bounds)


def _check_text(name: str, value: object, choices: Collection[str] | None) -> None:
    if not isinstance(value, str):
        raise InputError(f"the parameter {name} is {value!r}; text was expected")
    if choices is not None and value not in choices:
        shown = list(choices)[:8]
        more = f", ... ({len(choices)} in all)" if len(choices) > len(shown) else ""
        raise InputError(f"the parameter {name} is {value!r}; one of {', '.join(shown)}{more} was expected")
