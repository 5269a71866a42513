"""Experiment (g) of notebook 12: exact match against the number of records and the number of parameters."""

from collections.abc import Sequence

from momem_lib.course.nb12 import right_share, short_rows, small_config, train_watched

RECORDS = (16, 64, 256, 2048)
WIDTHS = (8, 16, 32, 64)  # numbers per token


def scale_run(records: int, width: int, steps: int, seed: int, exam: Sequence[dict]) -> dict:
    """One small Module 0: so many records, so wide, so many steps whatever the number of records."""
    heads = 4 if width >= 16 else 2
    changes = {"embedding_dim": width, "hidden_dim": 2 * width, "num_heads": heads, "batch_size": 16}
    config = small_config("ner", max_global_steps=steps, seed=seed, **changes)
    rows = short_rows(records, seed=seed)
    known = rows[: len(exam)]
    done = train_watched("ner", config, rows, exam, every=steps)
    seen = round(right_share(done.model, "ner", known), 4)
    facts = {"records": records, "width": width, "seed": seed, "parameters": done.model.num_parameters()}
    return facts | {"exact": round(done.points[-1]["exact"], 4), "exact_known": seen}


def scaling_experiment(
    steps: int = 120, seeds: Sequence[int] = (0, 1), records: Sequence[int] = RECORDS, widths: Sequence[int] = WIDTHS,
    exam_rows: int = 48,
) -> dict:  # fmt: skip
    """(g): records at full width, widths with all records."""
    exam = short_rows(exam_rows, "test", seed=1)
    settings = {(number, max(widths)) for number in records} | {(max(records), width) for width in widths}
    runs = [scale_run(*setting, steps, seed, exam) for seed in seeds for setting in sorted(settings)]
    return {"steps": steps, "records": list(records), "widths": list(widths), "runs": runs}
