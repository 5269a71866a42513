"""A cold answer: what a process loads that answers one question, and what it leaves alone."""

import json
import subprocess
import sys

from momem_lib.project import ROOT

# What no answer needs, and each of which costs a part of a second or more.
UNNEEDED = ("matplotlib", "pandas", "tokenizers", "ipywidgets", "IPython", "PIL", "sympy", "torch._dynamo",
            "torch._inductor", "momem_lib.course", "momem_lib.training", "momem_lib.system.calibration")  # fmt: skip
SCRIPT = """
import json, sys
opened = []
sys.addaudithook(lambda event, about: opened.append(str(about[0])) if event == "open" else None)
from momem_lib.cli.main import main
assert main(["ask", "Where does Muchiri T'Challa live?"]) == 0
print(json.dumps({"modules": list(sys.modules), "opened": opened}))
"""


def test_an_answer_loads_no_plots_no_compiler_and_reads_no_grammar():
    run = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    said, facts = run.stdout.splitlines()
    loaded = json.loads(facts)
    assert "Wakanda" in said
    assert not set(UNNEEDED) & set(loaded["modules"])
    data = {path.replace("\\\\", "/").partition("/data/")[2].partition("/")[0] for path in loaded["opened"]}
    assert "templates" not in data and "lists" not in data
