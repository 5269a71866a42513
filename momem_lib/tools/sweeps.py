"""What a sweep found: the results that notebooks print, a table of them, and a picture."""

import json
from collections.abc import Sequence
from pathlib import Path


def notebook_result(notebook) -> object:
    """What a notebook found: the JSON that its cell tagged "result" prints or shows, or None.

    Several such cells: objects are merged, otherwise the last one counts.
    """
    found: object = None
    for cell in notebook.cells:
        if cell.cell_type != "code" or "result" not in cell.metadata.get("tags", []):
            continue
        text = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
        shown = [output.data.get("text/plain", "") for output in cell.outputs if "data" in output]
        for candidate in [text, *shown]:
            try:
                value = json.loads(candidate)
            except ValueError:
                continue
            found = {**found, **value} if isinstance(found, dict) and isinstance(value, dict) else value
    return found


def numbers(result: object) -> dict[str, float]:
    """The plain numbers of a result by name; a lone number is called "result".

    Example:
        >>> numbers({"loss": 0.5, "answer": "Oslo", "ok": True}), numbers(3), numbers(None)
        ({'loss': 0.5}, {'result': 3}, {})
    """
    return {key: value for key, value in _named(result).items() if type(value) in (int, float)}


def _named(result: object) -> dict:
    return result if isinstance(result, dict) else {} if result is None else {"result": result}


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
    """A table of what the notebooks found for each value of the swept parameter.

    Args:
        name: the parameter.
        results: headless.Result of each run.
    """
    columns = list(dict.fromkeys(key for run in results for key in _named(run.result)))
    rows = [["notebook", name, *columns]]
    for run in results:
        cells = [_shown(_named(run.result), column) if run.ok else "failed" for column in columns]
        rows.append([run.notebook, str(run.value), *cells])
    return aligned(rows)


def _shown(found: dict, column: str) -> str:
    if column not in found:
        return "-"
    value = found[column]
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def draw_sweep(name: str, results: Sequence, path: str | Path) -> Path | None:
    """Draw each number that the notebooks found against the values of the swept parameter, a panel for each number.

    Returns:
        The picture's path, or None when there is no number to draw.
    """
    from matplotlib.figure import Figure  # not pyplot: drawn without a screen

    series: dict[tuple[str, str], list[tuple[object, float]]] = {}
    for run in results:
        for key, number in numbers(run.result).items():
            series.setdefault((key, run.notebook), []).append((run.value, number))
    keys = list(dict.fromkeys(key for key, _ in series))
    if not keys:
        return None
    figure = Figure(figsize=(6, 2.6 * len(keys)), layout="constrained")
    panels = figure.subplots(len(keys), squeeze=False)[:, 0]
    numeric = all(type(run.value) in (int, float) for run in results)
    for (key, notebook), points in series.items():
        points = sorted(points) if numeric else [(str(value), number) for value, number in points]
        panels[keys.index(key)].plot(*zip(*points, strict=True), marker="o", label=notebook)
    for key, panel in zip(keys, panels, strict=True):
        panel.set(xlabel=name, ylabel=key)
        panel.grid(alpha=0.3)
        panel.legend()
    figure.savefig(path, dpi=120)
    return Path(path)
