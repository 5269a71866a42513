"""What a sweep found: the results that notebooks print, a table of them, and a picture."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def notebook_result(notebook) -> dict[str, object]:
    """What a notebook found: the JSON that its cells tagged "result" print or show, merged; no object: "result"."""
    found: dict[str, object] = {}
    for cell in notebook.cells:
        if cell.cell_type != "code" or "result" not in cell.metadata.get("tags", []):
            continue
        text = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
        for candidate in [text, *(output.data.get("text/plain", "") for output in cell.outputs if "data" in output)]:
            with suppress(ValueError):
                value = json.loads(candidate)
                found |= value if isinstance(value, dict) else {"result": value}
    return found


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as a table, its columns as wide as what stands in them.

    Example:
        >>> print(aligned([("step", "ok"), ("style", "yes")]))
        step   ok
        style  yes
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def sweep_table(name: str, results: Sequence) -> str:
    """A table of what the notebooks found (a headless.Result of each run) for each value of the swept parameter."""
    columns = list(dict.fromkeys(key for run in results for key in run.result))
    rows = [["notebook", name, *columns]]
    for run in results:
        cells = ["failed" if run.error else _shown(run.result, column) for column in columns]
        rows.append([run.notebook, str(run.value), *cells])
    return aligned(rows)


def _shown(found: dict, column: str) -> str:
    value = found.get(column)
    if isinstance(value, float):
        return f"{value:.4g}"
    return json.dumps(value, ensure_ascii=False) if column in found else "-"


def draw_sweep(name: str, results: Sequence, path: str | Path) -> Path | None:
    """Draw each number that the notebooks found against the values of the swept parameter, a panel for each number.

    Returns:
        The picture's path, or None when there is no number to draw.
    """
    from matplotlib.figure import Figure  # not pyplot: drawn without a screen

    series: dict[str, dict[str, list]] = {}  # what was found, notebook, points
    for run in results:
        for key, number in run.result.items():
            if type(number) in (int, float):  # no text, and no truth value
                series.setdefault(key, {}).setdefault(run.notebook, []).append((run.value, number))
    if not series:
        return None
    figure = Figure(figsize=(6, 2.6 * len(series)), layout="constrained")
    numeric = all(type(run.value) in (int, float) for run in results)
    for panel, (key, lines) in zip(figure.subplots(len(series), squeeze=False)[:, 0], series.items(), strict=True):
        for notebook, points in lines.items():
            points = sorted(points) if numeric else [(str(value), number) for value, number in points]
            panel.plot(*zip(*points, strict=True), marker="o", label=notebook)
        panel.set(xlabel=name, ylabel=key)
        panel.grid(alpha=0.3)
        panel.legend()
    figure.savefig(path, dpi=120)
    return Path(path)
