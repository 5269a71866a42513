"""Whether a module is right as often as it is sure: python tests/benchmarks/reliability.py [--count 2000]

Asks questions about names and values of the test split in held-out phrasings, groups what Modules 0 and 2 wrote by how
sure they were, and draws figures/reliability.png: how often each group is right, beside the share that its confidence
promises. The expected calibration error (Guo et al. 2017, arXiv:1706.04599, section 2) is the mean distance between the
two.
"""

import argparse

import numpy as np

from momem_lib.course.shared.figures import lines, name_axes, page, percent_axis, show
from momem_lib.data import SynthesisConfig, load_material, questions_and_people
from momem_lib.system import Pipeline
from momem_lib.system.calibration import confidences

EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0001)  # of the groups: most outputs are very sure


def groups(pairs: list[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """(mean confidence, share that is right, how many) of each group that is not empty.

    Example:
        >>> groups([(0.4, False), (0.96, True), (0.98, True)])
        [(0.4, 0.0, 1), (0.97, 1.0, 2)]
    """
    sure, right = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    place = np.digitize(sure, EDGES)
    return [
        (round(float(sure[place == one].mean()), 4), float(right[place == one].mean()), int((place == one).sum()))
        for one in sorted(set(place.tolist()))
    ]


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
    figure, (panel,) = page(6, 4.2, "How often Modules 0 and 2 are right, by how sure they are")
    panel.plot([0, 1], [0, 1], color="#888888", lw=1, label="as right as sure")
    curves = {}
    for name, pairs in found.items():
        curves[name] = [(sure, right) for sure, right, _ in groups(pairs)]
        error = sum(abs(sure - right) * size for sure, right, size in groups(pairs)) / len(pairs)
        print(f"{name}: expected calibration error {error:.2%} of {len(pairs):,}")
        for sure, right, size in groups(pairs):
            print(f"  sure {sure:8.2%}  right {right:8.2%}  {size:6,d}")
    lines(panel, curves)
    name_axes(panel, "how sure (mean of a group)", "how often right")
    percent_axis(panel.xaxis, 0)
    percent_axis(panel.yaxis, 0)
    show(figure, "reliability")


if __name__ == "__main__":
    main()
