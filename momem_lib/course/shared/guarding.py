"""The reader's code is run so that the kernel survives it: errors, endless loops, floods of print, changed globals."""

import _thread
import linecache
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, redirect_stdout

import numpy as np
import torch

MOST_PRINTED = 1000  # characters of what the reader's code prints that are shown
PATIENCE = 10  # times as long as a part may work, it may take while it waits, or while the machine does other things


class Trouble(Exception):
    """The reader's code did not get to its end; the message says why, as a sentence without its full stop."""


def guarded(work: Callable[[], object], thing: object, seconds: float = 20) -> object:
    """Do work that runs the reader's code; what it does beside its result is undone.

    Random numbers and global names are as before, of what is printed the beginning is shown, and a time limit holds
    (in the main thread; a single long operation of PyTorch is waited for).

    Raises:
        Trouble: it raised an error, wanted to exit, called itself without end, or took too long.
    """
    printed, changed = Beginning(), []
    try:
        with random_numbers_kept(), globals_kept(thing) as changed, redirect_stdout(printed), limited(seconds):
            return work()
    except AssertionError as error:
        raise Trouble(str(error).splitlines()[0] if str(error) else f"an assert failed{place_of(error)}") from None
    except RecursionError:
        raise Trouble(
            "your code calls itself without end, or too often for Python: where does it stop, and would a loop do?"
        ) from None
    except SystemExit:
        raise Trouble("your code wants to end the program (exit): let it return instead") from None
    except TimeoutError as error:
        raise Trouble(str(error)) from None
    except Exception as error:  # a mistake in the reader's own function is news for the reader, not the end of a run
        raise Trouble(f"your code raised {type(error).__name__}: {error}{place_of(error)}") from None
    finally:
        printed.show()
        if changed:
            print(f"(Your code changed {', '.join(changed)} outside itself; that is put back.)")


def place_of(error: Exception) -> str:
    """The last line of a notebook's cell that an error came through: ", in the line 'a = b / 0'"."""
    place, step = "", error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if "ipykernel_" in code.co_filename or code.co_filename.startswith("<"):
            line = linecache.getline(code.co_filename, step.tb_lineno).strip()
            place = f", in the line '{line}'" if line else place
        step = step.tb_next
    return place


class Beginning:
    """Stands in for the screen, and keeps the beginning of what is printed."""

    def __init__(self) -> None:
        self.text, self.length = "", 0

    def write(self, text: str) -> int:
        """Keep a piece, as far as there is room."""
        self.text += text[: MOST_PRINTED - len(self.text)]
        self.length += len(text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""

    def show(self) -> None:
        """Print what was kept, and say how much was not."""
        if self.text:
            print(self.text, end="" if self.text.endswith("\n") else "\n")
        if self.length > len(self.text):
            print(f"(Your code printed {self.length - len(self.text):,} characters more; they are left out.)")


@contextmanager
def random_numbers_kept():
    """Within, random numbers may be drawn; afterwards the next ones are those that would have come anyway."""
    before, before_numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(before)
            np.random.set_state(before_numpy)


@contextmanager
def globals_kept(thing: object):
    """Within, the reader's code may bind global names anew; afterwards they are as before, and a list says which."""
    functions = [thing, *(vars(thing).values() if isinstance(thing, type) else ())]
    space = next((one.__globals__ for one in functions if hasattr(one, "__globals__")), {})
    before, changed = dict(space), []
    try:
        yield changed
    finally:
        changed += sorted(name for name in {*space, *before} if space.get(name, space) is not before.get(name, space))
        for name in changed:
            space.pop(name, None)
        space.update(before)


@contextmanager
def limited(seconds: float):
    """Within, what takes longer is broken off: so much work (a busy machine is no fault of the reader's), or idling.

    Raises:
        TimeoutError: it was.
    """
    main, done, late = threading.main_thread(), threading.Event(), threading.Event()
    if threading.current_thread() is not main:
        yield
        return

    def watch() -> None:
        work, clock = time.process_time(), time.monotonic()
        while not done.wait(0.05):
            if time.process_time() - work > seconds or time.monotonic() - clock > PATIENCE * seconds:
                late.set()
                if hasattr(signal, "pthread_kill"):  # wakes the main thread where it sleeps
                    signal.pthread_kill(main.ident, signal.SIGINT)
                else:
                    _thread.interrupt_main()
                return

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background may ignore it
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        if not late.is_set():
            raise
        raise TimeoutError(f"your code was stopped after {seconds:g} seconds: does a loop never end?") from None
    finally:
        done.set()
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
