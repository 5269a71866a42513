"""The course's notebooks as files: finding them, making them ready to commit, opening them, and web pages of them."""

import itertools
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from momem_lib.project import MINE, NOTEBOOKS, ROOT, InputError, optional_import, read_text, write_atomically

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # holds a random id, another one at each run
BAR = "%|"  # stands in the text of each progress bar
KEPT_CELL_METADATA = ("tags", "jupyter")  # the rest is timing and the state of somebody's browser
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
INDEX = """# MoMeM, from scratch

A question goes in, an answer comes out, and every part between is built in these notebooks. The pages show what they
printed and drew when they were last run.

"""


def find_notebooks(folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks of a folder in the order of the course (by name)."""
    return sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))


def resolve_notebooks(names: Sequence[str | Path] = (), folder: Path = NOTEBOOKS) -> list[Path]:
    """Find notebooks by number ("00"), by name ("00_start_here") or by path; no names mean all of them.

    Raises:
        InputError: a name that fits no notebook, or several.
    """
    known = find_notebooks(folder)
    return list(dict.fromkeys(_resolve(str(name), known, folder) for name in names)) if names else known


def _resolve(name: str, known: list[Path], folder: Path) -> Path:
    if name.endswith(".ipynb") and Path(name).is_file():
        return Path(name).resolve()
    stem = Path(name).name.removesuffix(".ipynb")
    fits = [path for path in known if path.stem == stem] or [p for p in known if p.stem.startswith(f"{stem}_")]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise InputError(f"{name!r} fits several notebooks, {', '.join(p.stem for p in fits)}: type one of these names")
    there = f"there are {', '.join(path.stem for path in known)}" if known else f"there is none yet in {folder}"
    raise InputError(f"no notebook is called {name!r}: {there}")


def read_notebook(path: str | Path):
    """Read a notebook as nbformat's structure.

    Raises:
        InputError: missing file, or no notebook.
    """
    nbformat = optional_import("nbformat")
    text = read_text(path, "the notebook")
    try:
        return nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat raises many types for a file that is no notebook
        raise InputError(f"{path} is not a notebook ({type(error).__name__}): check the file") from None


def executed_in_order(notebook) -> bool:
    """Whether every code cell was run, from the top to the bottom (cells without code aside)."""
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    return None not in counts and all(a < b for a, b in itertools.pairwise(counts))


def normalised(notebook) -> str:
    """The text of a notebook without all that differs from run to run and from machine to machine.

    Widget views, progress bars, stderr, timings and browser state go; cell ids become "cell-001", "cell-002", ...; the
    counts of a notebook that was run from top to bottom become 1, 2, ... (others stay, so that the tests can object).
    """
    nbformat = optional_import("nbformat")
    one_stream = optional_import("nbconvert").preprocessors.CoalesceStreamsPreprocessor()
    counts = itertools.count(1) if executed_in_order(notebook) else None
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:03d}"
        cell.metadata = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        if cell.cell_type != "code":
            continue
        cell.outputs = _stable_outputs(cell.outputs)
        one_stream.preprocess_cell(cell, {}, number)  # how many pieces a print arrives in is a matter of timing
        if counts and cell.source.strip():
            cell.execution_count = next(counts)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def _stable_outputs(outputs: list) -> list:
    for output in outputs:
        if "data" in output:
            if output.data.pop(WIDGET_VIEW, None) and BAR in output.data.get("text/plain", ""):
                output.data.clear()  # a progress bar, stuck at its beginning
            output.metadata = {key: value for key, value in output.metadata.items() if key in output.data}
    return [output for output in outputs if output.get("name") != "stderr" and output.get("data") != {}]


def normalise_notebooks(paths: Iterable[str | Path], check: bool = False) -> list[Path]:
    """Make notebooks ready to commit; running it twice changes nothing more.

    Args:
        paths: the notebooks.
        check: write nothing, only find out.

    Returns:
        The notebooks that were changed, or would be.

    Raises:
        InputError: a file that cannot be read as a notebook.
    """
    different = []
    for path in map(Path, paths):
        text = normalised(read_notebook(path))
        if text.encode() != path.read_bytes():
            different.append(path)
            if not check:
                path.write_bytes(text.encode())  # bytes: no line ends of one system
    return different


def export_html(out_dir: str | Path = ROOT / "html", notebooks: Sequence[Path] | None = None) -> list[Path]:
    """Write each notebook, outputs included, as a web page, the glossary too, and an index of them all.

    Links between the pages lead on, and pictures are inside them: the folder can be sent to somebody.

    Returns:
        The pages, the index first.

    Raises:
        InputError: nbconvert is missing, or a notebook cannot be read.
    """
    exporter = optional_import("nbconvert").HTMLExporter(embed_images=True)
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)

    def write(name: str, title: str, notebook, folder: Path) -> Path:
        for cell in notebook.cells:  # nbconvert puts only pictures that lie below its folder into a page
            cell.source = cell.source.replace('src="../figures/', 'src="figures/')
        resources = {"metadata": {"name": title, "path": str(folder)}}
        page = exporter.from_notebook_node(notebook, resources=resources)[0]
        page = re.sub(r'(href="(?![a-z]+:)[^"#/]*)\.(ipynb|md)(["#])', r"\1.html\3", page)
        (out_dir / f"{name}.html").write_text(page, encoding="utf-8")
        return out_dir / f"{name}.html"

    pages, links = [], []
    for path in [*find_notebooks(), *sorted(NOTEBOOKS.glob("*.md"))] if notebooks is None else notebooks:
        notebook = _page(path.read_text(encoding="utf-8")) if path.suffix == ".md" else read_notebook(path)
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        title = re.findall(r"^#+\s+(.+)$", f"{text}\n# {path.stem}", re.MULTILINE)[0].strip().replace("`", "")
        pages.append(write(path.stem, title, notebook, path.parent.parent))
        links.append(f"- [{title}]({path.stem}.html)")
    index = _page(INDEX + "\n".join(links))
    return [write("index", "MoMeM", index, out_dir), *pages]


def _page(markdown: str):
    """A notebook that holds this text alone."""
    v4 = optional_import("nbformat").v4
    return v4.new_notebook(cells=[v4.new_markdown_cell(markdown)])


def cleared(path: Path) -> str:
    """A notebook as its reader begins with it: nothing printed, so that predictions have no answers under them."""
    nbformat = optional_import("nbformat")
    notebook = read_notebook(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cell.source = cell.source.replace("](glossary.md", "](../notebooks/glossary.md")
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def own_copy(path: Path, fresh: bool = False, folder: Path = MINE) -> Path:
    """The reader's own copy of a notebook, made where there is none, and never written over.

    Args:
        fresh: make a new one; the one that is there is kept beside it, as NAME.before-1.ipynb, and so on.

    Raises:
        InputError: the notebook cannot be read.
    """
    own = folder / path.name
    if fresh and own.exists():
        names = (folder / f"{path.stem}.before-{number}.ipynb" for number in itertools.count(1))
        own.rename(next(name for name in names if not name.exists()))
    if not own.exists():
        text = cleared(path)
        write_atomically(own, lambda place: place.write_text(text, encoding="utf-8", newline="\n"))
    return own


def open_lab(name: str = "00", fresh: bool = False) -> int:
    """Open JupyterLab at the reader's copy of a notebook and wait until it is closed; the exit code of JupyterLab.

    Args:
        fresh: see own_copy; for this notebook alone. The others are copied where they are missing.
    """
    optional_import("jupyterlab")
    # As the default address the notebook also stands in the link that JupyterLab prints where no browser opens.
    start = "/lab"
    if find_notebooks():
        chosen = resolve_notebooks([name])[0]
        own = {path: own_copy(path, fresh and path == chosen) for path in find_notebooks()}.get(chosen, chosen)
        start += f"/tree/{own.relative_to(ROOT).as_posix()}"
    try:
        return subprocess.call([sys.executable, "-m", "jupyterlab", f"--LabApp.default_url={start}"], cwd=ROOT)
    except KeyboardInterrupt:  # the usual way to close it
        return 0
