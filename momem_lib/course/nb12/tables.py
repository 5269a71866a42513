"""What notebook 12 prints under its pictures: each experiment's recorded results as a few lines of text."""

from collections.abc import Mapping, Sequence
from statistics import mean

from momem_lib.project import RESULTS, InputError, parse_json, read_text

LETTERS = "abcdefghij"
MODULES = {"ner": "Module 0", "summary": "Module 2", "response": "Module 3"}


def recorded(letter: str) -> dict:
    """The results of one experiment, as its script left them in data/results.

    Raises:
        InputError: no such experiment, or no results of it.

    Example:
        >>> recorded("x")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: no experiment 'x'; one of a, b, c, d, e, f, g, h, i, j was expected
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
    """The mean of some shares, and the least and the most where there are several and they differ.

    Example:
        >>> percent([0.5]), percent([0.25, 0.75])
        ('50 %', '50 % (25 to 75)')
    """
    spread = f" ({100 * min(values):.0f} to {100 * max(values):.0f})" if max(values) - min(values) >= 0.005 else ""
    return f"{100 * mean(values):.0f} %{spread}"


def by(runs: Sequence[Mapping], key: str) -> dict:
    """Runs by one of their facts."""
    return {value: [run for run in runs if run[key] == value] for value in dict.fromkeys(run[key] for run in runs)}


def table_a(results: Mapping) -> str:
    """Made up at the lowest and at the highest temperature, gates off and on."""
    lines = [f"small ones: {results['exam_rows']} unseen rows each, trained with seed {results['seed']}"]
    lines += [f"{'made up, of all outputs':34}" + "".join(f"{f'T={t:g}':>8}" for t in results["temperatures"])]
    for task, name in MODULES.items():
        kinds = {"shipped": results["shipped"][task]} | results["small"][task]
        for kind, rows in kinds.items():
            for gate in ("off", "on"):
                shares = "".join(f"{100 * row[gate]['made up']:>6.0f} %" for row in rows)
                lines.append(f"{f'{name}, {kind}, gate {gate}':34}{shares}")
    return "\n".join(lines)


def table_b(results: Mapping) -> str:
    """Names found without padding, as in training, and with more."""
    names = {"Transformer": "right mask", "PadToPad": "pad-to-pad mask"}
    lines = []
    for kind, runs in by(results["runs"], "mask").items():
        loss = mean(mean(run["losses"][-20:]) for run in runs)
        lines.append(f"{names[kind]}: loss at the end of training {loss:.3f}")
        for place, length in enumerate(results["lengths"]):
            words = f"padded to {length}" if length else "no padding"
            lines.append(f"    {words:14} {percent([run['exact'][place] for run in runs])}")
    return "\n".join(lines)


def table_c(results: Mapping) -> str:
    """How many seeds ended in NaN, and what those that did not had learned."""
    lines = []
    for optimizer, some in by(results["runs"], "optimizer").items():
        lines.append(f"{optimizer}, learning rate {results['rates'][optimizer]:g}")
        for cure, runs in by(some, "cure").items():
            bad = [run["bad"] for run in runs if run["bad"] is not None]
            said = f"NaN in {len(bad)} of {len(runs)} seeds" + (f", first at step {min(bad)}" if bad else "")
            good = [mean(run["losses"][-5:]) for run in runs if run["bad"] is None]
            lines.append(f"    {cure:16} {said}" + (f"; loss at the end {mean(good):.2f}" if good else ""))
    return "\n".join(lines)


def table_race(results: Mapping) -> str:
    """Steps to the mark from each start, one number a seed."""
    lines = [f"steps to {100 * results['mark']:.0f} % exactly right, at most {results['steps']}"]
    for start, runs in by(results["runs"], "start").items():
        steps = ", ".join(str(run["reached"] or "never") for run in runs)
        best = percent([max(point["exact"] for point in run["points"]) for run in runs])
        lines.append(f"    {start:42} {steps:24} best: {best}")
    return "\n".join(lines)


def table_f(results: Mapping) -> str:
    """Both systems: shares, size, time."""
    runs = results["runs"]
    lines = [f"{results['people']} people, {results['newcomers']} newcomers, {results['edited']} edited"]
    for system, name in (("closed", "closed book"), ("open", "modules with a memory")):
        some = [run[system] for run in runs]
        lines.append(f"{name}: {some[0]['parameters']:,} parameters")
        lines.append(f"    as first learned              {percent([one['learned'] for one in some])}")
        for group in ("known", "added", "edited"):
            lines.append(f"    then: {group:24}{percent([one['now'][group] for one in some])}")
    closed, opened = [run["closed"] for run in runs], [run["open"] for run in runs]
    lines.append(f"closed book, a wording it was not taught: {percent([one['held_out'] for one in closed])}")
    lines.append(
        f"closed book, after the edit, still the old answer: {percent([one['old_answers'] for one in closed])}"
    )
    shares = {group: percent([one["after_more"][group] for one in closed]) for group in ("known", "added", "edited")}
    more = ", ".join(f"{group} {share}" for group, share in shares.items())
    lines.append(f"closed book, after {results['more_steps']} more steps on the news: {more}")
    seconds = mean(one["more_seconds"] for one in closed), mean(one["write_seconds"] for one in opened)
    lines.append(f"time to take in the news: {seconds[0]:.1f} s of training, {1000 * seconds[1]:.0f} ms of writing")
    return "\n".join(lines)


def table_g(results: Mapping) -> str:
    """Names found by script and length, and tokens per name."""
    lines = []
    for kind, runs in by(results["runs"], "tokens").items():
        lines.append(f"{kind}")
        for group in runs[0]["script"]:
            tokens = mean(run["tokens_per_name"][group] for run in runs)
            lines.append(
                f"    {group:18}{percent([run['script'][group] for run in runs]):18}{tokens:5.1f} tokens a name"
            )
        for length in runs[0]["length"]:
            lines.append(f"    {length + ' letters':18}{percent([run['length'][length] for run in runs])}")
    return "\n".join(lines)


def table_h(results: Mapping) -> str:
    """Exact match on the way, and the fate of the first and the eighth letter."""
    lines = []
    for way, runs in by(results["runs"], "way").items():
        steps = [point["step"] for point in runs[0]["points"]]
        for place in sorted({len(steps) // 2 - 1, len(steps) - 1} - {-1}):
            shares = percent([run["points"][place]["exact"] for run in runs])
            lines.append(f"{way:24} after {steps[place]:>4} steps: {shares}")
    places = [place for place in (0, 3, 7, 11) if place < len(results["fates"][0]["own"])]
    for key, name in (("teacher", "reads the right letters"), ("own", "reads its own letters")):
        shares = [percent([fate[key][place] for fate in results["fates"]]) for place in places]
        lines.append(
            f"{name:24} right at place " + "; ".join(f"{p + 1}: {s}" for p, s in zip(places, shares, strict=True))
        )
    return "\n".join(lines)


def table_i(results: Mapping) -> str:
    """Exact match for each number of records and of parameters."""
    widest, most = max(results["widths"]), max(results["records"])
    lines = [f"{results['steps']} steps each"]
    for title, key, chosen in (
        ("records", "records", ("width", widest)),
        ("parameters", "parameters", ("records", most)),
    ):
        some = sorted((run for run in results["runs"] if run[chosen[0]] == chosen[1]), key=lambda run: run[key])
        for value, runs in by(some, key).items():
            unseen, known = (percent([run[name] for run in runs]) for name in ("exact", "exact_known"))
            lines.append(f"    {value:>9,} {title:12} unseen {unseen:18} known {known}")
    return "\n".join(lines)


def table_j(results: Mapping) -> str:
    """Outcomes for each module and each way, apart for questions that cannot be answered."""
    lines = [f"{'':44}{'of':>5}{'right':>8}{'other':>8}{'made up':>9}{'s each':>8}"]
    for task, some in by(results["runs"], "module").items():
        for way, runs in by(some, "way").items():
            for kind in ("answerable", "unanswerable"):
                there = [run[kind] for run in runs if kind in run]
                if there:
                    shares = [100 * mean(row[verdict] for row in there) for verdict in ("right", "other", "made up")]
                    numbers = "".join(f"{share:>6.0f} %" for share in shares[:2]) + f"{shares[2]:>7.0f} %"
                    seconds = mean(run["seconds"] for run in runs)
                    what = f"{MODULES[task]}, {way}, {kind}"
                    lines.append(f"{what:44}{there[0]['jobs']:>5}{numbers}{seconds:>8.3f}")
    return "\n".join(lines)


TABLES = {"a": table_a, "b": table_b, "c": table_c, "d": table_race, "e": table_race, "f": table_f, "g": table_g,
          "h": table_h, "i": table_i, "j": table_j}  # fmt: skip


def table(letter: str) -> str:
    """The recorded results of one experiment as text."""
    return TABLES[letter](recorded(letter))
