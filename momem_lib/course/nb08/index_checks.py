"""How the trigram index of notebook 08's exercise is judged: what it finds, and how long it looks."""

import time

CROWD = 12_000  # names that share no piece with what is searched for
SLOWER = 12  # times as long a search among all of them may take


def check_index(index_class: type) -> None:
    """08.a: an index that finds, ranks, grows and forgets, and reads only what it must."""
    index = index_class()
    for method in ("add", "remove", "search"):
        assert callable(getattr(index, method, None)), f"your class has no method {method}"
    names = ["muchiri t'challa", "amina hassan", "amina hassani", "jo smith", "anna lee"]
    if [index.add(name) for name in names] and index.search(names[0], 5) is None:
        raise NotImplementedError
    for name in names:
        assert _listed(index, name)[:1] == [name], f"{name!r} itself gives {_listed(index, name)}: the best comes first"
    for text, why in (("xyzzy", "shares no piece with anybody"), ("jo", "is too short to have pieces")):
        assert _listed(index, text) == [], f"{text!r} {why}, yet {_listed(index, text)} is given"
    found = _listed(index, "amina hasan")
    assert found[:2] == ["amina hassan", "amina hassani"], (
        f"'amina hasan' gives {found}: both share as many pieces with it, but the longer one has more that do not fit; "
        "divide by all different pieces of both"
    )
    assert len(_listed(index, "amina hassan", 1)) == 1, "search(text, most) gives at most `most` names"
    _check_changes(index)
    _check_quick(index_class)


def _check_changes(index: object) -> None:
    """Adding twice, and removing."""
    index.add("jo smith")
    assert _listed(index, "jo smith").count("jo smith") == 1, "a name that was added twice is given twice"
    index.remove("amina hassan")
    found = _listed(index, "amina hassan")
    assert "amina hassan" not in found, "a removed name is still found: take it out of the set of each of its pieces"
    assert found[:1] == ["amina hassani"], "removing one name must not touch the others that share its pieces"
    index.remove("amina hassan")  # nobody of that name any more: no error
    index.add("amina hassan")
    assert _listed(index, "amina hassan")[:1] == ["amina hassan"], "a name that was removed can be added again"


def _check_quick(index_class: type) -> None:
    """Names that share no piece with the text must not cost time."""
    seconds = []
    for crowd in (CROWD // 100, CROWD):
        index = index_class()
        for name in ("amina hassan", *(f"{number:05} {number % 977:03}" for number in range(crowd))):
            index.add(name)
        times = []
        for _ in range(9):
            start = time.perf_counter()
            index.search("amina hasan", 5)
            times.append(time.perf_counter() - start)
        seconds.append(min(times))
    assert seconds[1] < SLOWER * seconds[0], (
        f"among a hundred times as many names that share no piece with it, a search took {seconds[1] / seconds[0]:.0f} "
        "times as long: look only at the sets of the text's own pieces"
    )


def _listed(index: object, text: str, most: int = 5) -> list[str]:
    found = index.search(text, most)
    assert isinstance(found, list), f"search must give a list of names, not {type(found).__name__}"
    assert all(isinstance(name, str) for name in found), f"search must give names alone, without scores: {found}"
    return found
