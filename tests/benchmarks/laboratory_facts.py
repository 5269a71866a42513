"""What the laboratory records of a training that was watched."""

from momem_lib.course.nb12 import Watched


def reached(done: Watched, exact: float) -> int | None:
    """The first step at which so many were right, or None.

    Example:
        >>> reached(Watched(None, points=[{"step": 10, "exact": 0.4}, {"step": 20, "exact": 0.9}]), 0.8)
        20
    """
    return next((point["step"] for point in done.points if point["exact"] >= exact), None)


def facts(done: Watched) -> dict:
    """Exam results, every fifth loss, size and time."""
    points = [{"step": point["step"], "exact": round(point["exact"], 4)} for point in done.points]
    losses = [round(loss, 4) for loss in done.losses[::5]]
    size = {"seconds": round(done.seconds, 2), "parameters": done.model.num_parameters()}
    return {"points": points, "losses": losses} | size
