"""Whether a module is right as often as it is sure: python tests/benchmarks/reliability.py [--count 2000]

Asks questions about names and values of the test split in held-out phrasings, groups what Modules 0 and 2 wrote by how
sure they were, and draws figures/reliability.png: how often each group is right, beside the share that its confidence
promises. The expected calibration error (Guo et al. 2017, arXiv:1706.04599, section 2) is the mean distance between the
two.
"""

import argparse

from momem_lib.course.nb11 import draw_doubt
from momem_lib.course.nb11.parts import reliability, risk_coverage
from momem_lib.course.shared import show
from momem_lib.data import SynthesisConfig, load_material, questions_and_people
from momem_lib.system import Pipeline
from momem_lib.system.calibration import confidences

EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)  # of the groups: most outputs are very sure


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000, help="questions")
    count = parser.parse_args().count
    pipeline = Pipeline.load()
    config = SynthesisConfig(seed=2031, noise_share=0.0)
    questions, records = questions_and_people(load_material(), config, "test", count, "held-out")
    pipeline.remember(records)
    found = dict(zip(("Module 0", "Module 2"), confidences(pipeline, questions, records).values(), strict=True))
    for name, pairs in found.items():
        groups = reliability(pairs, EDGES)
        error = sum(abs(sure - right) * size for sure, right, size in groups) / len(pairs)
        print(f"{name}: expected calibration error {error:.2%} of {len(pairs):,}")
        for sure, right, size in groups:
            print(f"  sure {sure:8.2%}  right {right:8.2%}  {size:6,d}")
    show(draw_doubt(groups, risk_coverage(pairs)), "reliability")  # of Module 2, the last


if __name__ == "__main__":
    main()
