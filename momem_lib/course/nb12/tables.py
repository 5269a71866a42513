"""What notebook 12 prints under its pictures: each experiment's recorded results as a small table, or as a sentence."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import mean

from momem_lib.project import RESULTS, InputError, optional_import, parse_json, read_text

pd = optional_import("pandas")

LETTERS = "abcd"
FORMATS = {"last loss": ".3f", "NaN in": ".0%", "at step": ".0f", "parameters": ",.0f", "s for the news": ".3f",
           "s of CPU time": ".1f"}  # fmt: skip


def recorded(letter: str) -> dict:
    """The results of one experiment, as its script left them in data/results.

    Raises:
        InputError: no such experiment, or no results of it.

    Example:
        >>> recorded("x")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: no experiment 'x'; one of a, b, c, d was expected
    """
    if letter not in LETTERS or len(letter) != 1:
        raise InputError(f"no experiment {letter!r}; one of {', '.join(LETTERS)} was expected")
    path = RESULTS / f"12_{letter}.json"
    return parse_json(read_text(path, "the results file"), f"the results file {path}")


def made_by(results: Mapping) -> str:
    """Who made these numbers, how, and how long it took.

    Example:
        >>> made_by({"command": "python x.py", "hardware": "a CPU", "date": "2026-01-01", "cpu_seconds": 9})
        'made by: python x.py\\non a CPU, 2026-01-01, 9 s of CPU time'
    """
    on = f"on {results['hardware']}, {results['date']}, {results['cpu_seconds']} s of CPU time"
    seeds = sorted({row["seed"] for row in results.get("runs", []) if "seed" in row})
    return f"made by: {results['command']}\n{on}" + (f", seeds {', '.join(map(str, seeds))}" if seeds else "")


def percent(values: Sequence[float]) -> str:
    """The mean of some shares, and the least and the most where they differ.

    Example:
        >>> percent([0.5]), percent([0.25, 0.75]), percent([])
        ('50 %', '50 % (25 to 75)', '')
    """
    values = [value for value in values if not pd.isna(value)]
    if not values:
        return ""
    spread = f" ({100 * min(values):.0f} to {100 * max(values):.0f})" if max(values) - min(values) >= 0.005 else ""
    return f"{100 * mean(values):.0f} %{spread}"


def grouped(runs: Iterable[Mapping], key: str) -> dict[object, list[Mapping]]:
    """Runs by one of their facts, in the order in which it first comes.

    Example:
        >>> grouped([{"way": "a", "n": 1}, {"way": "b", "n": 2}, {"way": "a", "n": 3}], "way")["a"]
        [{'way': 'a', 'n': 1}, {'way': 'a', 'n': 3}]
    """
    groups = defaultdict(list)
    for run in runs:
        groups[run[key]].append(run)
    return dict(groups)


def lines(rows: Iterable[Mapping]) -> "pd.DataFrame":
    """A line for each group of rows with the same words in them: of each column the mean over its seeds, as text.

    Columns that are no shares are written as FORMATS says; what is missing is left empty.

    Example:
        >>> runs = {"way": "a", "right": 0.5, "at step": 10}, {"way": "a", "right": 1.0, "at step": 30}
        >>> lines(runs).to_dict("index")
        {'a': {'right': '75 % (50 to 100)', 'at step': '20'}}
    """
    frame = pd.DataFrame(rows)
    words = [name for name, value in frame.iloc[0].items() if isinstance(value, str)]

    def written(column) -> str:
        form = FORMATS.get(column.name)
        return percent(column) if form is None else "" if column.isna().all() else format(column.mean(), form)

    return frame.groupby(words, sort=False).agg(written)


def in_words(rows: Iterable[Mapping]) -> str:
    """The same as sentences, for those who cannot see a picture.

    Example:
        >>> in_words([{"way": "a", "gate": "on", "right": 0.5}, {"way": "a", "gate": "off", "right": 1.0}])
        'way a, gate on: right 50 %. way a, gate off: right 100 %'
    """
    frame, sentences = lines(rows), []
    for names, line in zip(frame.index, frame.to_dict("records"), strict=True):
        names = [names] if isinstance(names, str) else names
        given = ", ".join(f"{name} {text}" for name, text in zip(frame.index.names, names, strict=True))
        sentences.append(f"{given}: {', '.join(f'{column} {text}' for column, text in line.items() if text)}")
    return ". ".join(sentences)


def masks(results: Mapping) -> Iterator[dict]:
    """(a): names found without padding, as in training, and with more; and the loss at the end of training."""
    names = [f"padded to {length}" if length else "no padding" for length in results["lengths"]]
    for run in results["runs"]:
        found = dict(zip(names, run["exact"], strict=True))
        yield {"mask": run["mask"]} | found | {"last loss": mean(run["losses"][-20:])}


def precision(results: Mapping) -> Iterator[dict]:
    """(b): the share of seeds that ended in NaN, after how many steps, and what those that did not had learned."""
    for run in results["runs"]:
        recipe, good = f"{run['optimizer']}, rate {results['rates'][run['optimizer']]:g}", run["bad"] is None
        loss = mean(run["losses"][-5:]) if good else None
        yield {"recipe": recipe, "cure": run["cure"], "NaN in": not good, "at step": run["bad"], "last loss": loss}


def closed_book(results: Mapping) -> Iterator[dict]:
    """(c): both systems: shares right, size, and the time to take in the news."""
    for run in results["runs"]:
        closed, opened = run["closed"], run["open"]
        size = {"parameters": closed["parameters"]}
        asked = {"other wording": closed["held_out"], "still the old answer": closed["old_answers"]}
        yield {"system": "closed book"} | size | {"learned": closed["learned"]} | closed["now"] | asked
        more = {"system": f"{results['more_steps']} steps more"} | size | closed["after_more"]
        yield more | {"s for the news": closed["more_seconds"]}
        size = {"parameters": opened["parameters"], "learned": opened["learned"]}
        yield {"system": "with a memory"} | size | opened["now"] | {"s for the news": opened["write_seconds"]}


def pretraining(results: Mapping) -> Iterator[dict]:
    """(d): kinds found after some steps, for each way to begin, and the CPU time that training took."""
    for run in results["runs"]:
        last = run["points"][-1]
        shares = {f"{point['step']} steps": point["met"] for point in run["points"][:-1]} | {"at the end": last["met"]}
        yield {"reading part": run["way"]} | shares | {"never met": last["new"], "s of CPU time": last["seconds"]}


TABLES = {"a": masks, "b": precision, "c": closed_book, "d": pretraining}


def table(letter: str) -> str:
    """The recorded results of one experiment as text."""
    results = recorded(letter)
    text = lines(TABLES[letter](results)).to_string()
    return "\n".join(line.rstrip() for line in text.splitlines())
