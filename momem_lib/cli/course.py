"""momem run, lab, html, normalise, format and test: the notebooks and the project's own checks."""

import argparse
from pathlib import Path

from momem_lib.cli.options import DEVICES, add_command
from momem_lib.project import RUNS, InputError


def add(parsers) -> None:
    """Add the six commands and their options."""
    parser = add_command(parsers, "run", run, "run notebooks headless", "00 -p temperature 0.7")
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="number, name or path (default: all)")
    for option, words in (("--profile", ("quick", "full")), ("--device", DEVICES)):
        parser.add_argument(option, choices=words, help="for those that declare it (default: the notebook's own)")
    given = "another value of a parameter, as often as needed (default: the notebook's own)"
    parser.add_argument("-p", dest="parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
                        help=given)  # fmt: skip
    swept = "one run for each value of a parameter (default: one run)"
    parser.add_argument("--sweep", nargs="+", metavar="NAME VALUE", help=swept)
    parser.add_argument("--out-dir", type=Path, default=RUNS, metavar="DIR", help="folder for the executed copies")
    parser = add_command(parsers, "lab", lab, "open your own copies of the notebooks in JupyterLab", "03")
    parser.add_argument("notebook", nargs="?", default="00", help="number or name (default: 00)")
    parser.add_argument("--fresh", action="store_true", help="copy it anew; your old copy is kept beside it")
    parser = add_command(parsers, "html", html, "notebooks as web pages", "--out-dir pages")
    parser.add_argument("--out-dir", type=Path, default=RUNS.parent / "html", metavar="DIR", help="folder to write to")
    parser = add_command(parsers, "normalise", normalise, "make notebooks ready to commit", "03 --check")
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="number, name or path (default: all)")
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if something would be")
    add_command(parsers, "format", format_code, "bring code and notebooks into the common style")
    parser = add_command(parsers, "test", check, "run every check", "style library")
    names = "style, format, normalised, library, notebooks (default: all); or browser, only when it is named"
    parser.add_argument("steps", nargs="*", metavar="CHECK", help=names)


def run(options: argparse.Namespace) -> int:
    """Run notebooks without a browser."""
    from momem_lib.tools.headless import run_and_report

    sweep = (options.sweep[0], options.sweep[1:]) if options.sweep else None
    names = [name for name, _ in options.parameter]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"-p gives {', '.join(twice)} more than once; use --sweep for several values")
    offered = {"parameters": dict(options.parameter), "profile": options.profile, "device": options.device}
    return run_and_report(options.notebooks, sweep, options.out_dir, **offered)


def check(options: argparse.Namespace) -> int:
    """Run the project's checks."""
    from momem_lib.tools.checks import EXTRA, STEPS, run_checks

    known = [*STEPS, *EXTRA]
    unknown = [name for name in options.steps if name not in known]
    if unknown:
        raise InputError(f"no check is called {', '.join(unknown)}; there are {', '.join(known)}")
    return run_checks(options.steps)


def lab(options: argparse.Namespace) -> int:
    """Open JupyterLab at your own copy of a notebook: my_notebooks/ is made once, and never written over."""
    from momem_lib.tools.notebooks import open_lab

    return open_lab(options.notebook, options.fresh)


def html(options: argparse.Namespace) -> None:
    """Write the notebooks as web pages."""
    from momem_lib.tools.notebooks import export_html

    pages = export_html(options.out_dir)
    print(f"{len(pages)} pages: {Path(options.out_dir) / 'index.html'}")


def format_code(options: argparse.Namespace) -> int:
    """Bring code and notebooks into the common style."""
    from momem_lib.tools.checks import format_code as lay_out

    return lay_out()


def normalise(options: argparse.Namespace) -> int:
    """Make notebooks ready to commit, or check that they are."""
    from momem_lib.tools.notebooks import normalise_notebooks, resolve_notebooks

    changed = normalise_notebooks(resolve_notebooks(options.notebooks), options.check)
    for path in changed:
        print(f"{'not normalised' if options.check else 'normalised'}: {path.name}")
    return 1 if options.check and changed else 0
