"""Attempts at exercises: the checkers of notebook NN stand in exercises_NN.py, the solutions folded in the notebook."""

from collections.abc import Callable


def attempt(check: Callable, *answers: object) -> bool:
    """Check an answer, say how it went, and return whether it is right; the notebook goes on either way.

    Example:
        >>> from momem_lib.course.nb00.exercises import check_own_record
        >>> attempt(check_own_record, None)
        Not yet: your record is None: replace it by a dict, {"fname": "...", ...}.
        False
    """
    try:
        check(*answers)
    except AssertionError as error:
        print(f"Not yet: {str(error).splitlines()[0]}.")  # pytest adds lines of its own
        return False
    except Exception as error:  # a mistake in the reader's own function is news for the reader, not the end of a run
        print(f"Not yet: your code raised {type(error).__name__}: {error}.")
        return False
    print("Right!")
    return True
