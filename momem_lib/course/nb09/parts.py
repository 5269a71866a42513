"""What the reader of notebook 09 writes: the library's versions, small inputs, and typical mistakes."""

from collections.abc import Callable, Mapping, Sequence
from math import exp

import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.course.shared.judging import Part
from momem_lib.data.records import LABELS, Person, Record
from momem_lib.data.tasks import COLON, spans_of
from momem_lib.nn import fields

NONE = "<none>"
START = "Name: "  # a record begins with it
MARKS = tuple(f"; {label}: " for label in LABELS.values())  # what stands before each value but the name


# The library's versions


def record_mask(spans: Tensor) -> Tensor:
    """Who may look at whom in one record: (S,) -> (S, S)."""
    return fields.record_mask(spans[None], spans[None] >= 0)[0, 0]


def visible(spans: Tensor, written: Tensor) -> Tensor:
    """What of one record each step of writing sees: (S,) and (T,) -> (T, S)."""
    return fields.visible(spans[None], spans[None] >= 0, fields.phase_after(written[None]))[0]


def label_fit(question: Tensor, label: Tensor) -> Tensor:
    """How well a label's pieces (L, D) are found among a question's (P, D): a scalar."""
    return (label @ question.T).amax(dim=1).mean()


def deciding(label: str, labels: Sequence[str]) -> list[int]:
    """The places in a label at which another label, the same up to there, goes on differently."""

    def ways(place: int) -> int:
        return len({other[place : place + 1] for other in labels if other[:place] == label[:place]})

    return [place for place in range(len(label)) if ways(place) > 1]


def choice_loss(choice: Tensor, facts: Tensor) -> Tensor:
    """The mean surprise at the right fact: (B, facts) log-probabilities and (B,) numbers -> a scalar."""
    return F.nll_loss(choice, facts)


def separated(recipe: Mapping, others: Mapping) -> list[dict]:
    """For each of the other settings the recipe with this one alone changed."""
    return [dict(recipe) | {key: value} for key, value in others.items()]


def confusion(wanted: Sequence[str], chosen: Sequence[str], names: Sequence[str]) -> list[list[int]]:
    """How often each name (row) was wanted while each name (column) was chosen."""
    pairs = list(zip(wanted, chosen, strict=True))
    return [[pairs.count((row, column)) for column in names] for row in names]


def choose(scores: Mapping[str, float], threshold: float) -> str:
    """The best of a few candidates, if its share among them is large enough; else NONE."""
    best = max(scores, key=scores.get)
    share = 1 / sum(exp(score - scores[best]) for score in scores.values())
    return best if share >= threshold else NONE


def readings(text: str) -> list[list[str]]:
    """Every way to read the text of a record of the six classic facts, by putting each mark wherever it stands.

    Example:
        >>> len(readings(JO.content)), readings(JO.content)[0][:3]
        (1, ['Jo Doe', 'Nurse', 'Oslo'])
    """
    found = [[text.removeprefix(START).removesuffix(";")]]  # one text so far: all of it
    for mark in MARKS:
        found = [
            [*one[:-1], one[-1][:place], one[-1][place + len(mark) :]]
            for one in found
            for place in range(len(one[-1]))
            if one[-1].startswith(mark, place)
        ]
    return found


# How some parts are called


def number(version: Callable, *case: object) -> float | None:
    """A number, whether it comes as a tensor or not."""
    found = version(*case)
    return None if found is None else float(found)


def as_list(version: Callable, *case: object) -> list | None:
    """A list, whether it comes as one or not."""
    found = version(*case)
    return None if found is None else list(found)


def loss_and_slope(version: Callable, choice: Tensor, facts: Tensor) -> tuple | None:
    """A loss, and its slope with respect to the scores behind the log-probabilities."""
    scores = choice.clone().requires_grad_()
    loss = version(scores.log_softmax(-1), facts)
    if loss is None:
        return None
    if not isinstance(loss, Tensor):
        return loss  # told what was expected by the judge
    assert loss.requires_grad, "nothing can be learned from this number: no .item(), no .detach(), PyTorch alone"
    return (loss, torch.autograd.grad(loss, scores)[0]) if loss.dim() == 0 else loss


def counts(version: Callable, *case: object) -> list | None:
    """A table as lists, whatever it comes as; whole numbers as such."""
    found = version(*case)
    if found is None:
        return None
    rows = found.tolist() if hasattr(found, "tolist") else [list(row) for row in found]
    return [[int(one) if float(one).is_integer() else one for one in row] for row in rows]


def in_order(version: Callable, text: str) -> list | None:
    """All readings, in whatever order they come."""
    found = version(text)
    return None if found is None else sorted(map(list, found))


def undivided(version: Callable, *case: object) -> object:
    """What a choice gives, or words where it divides by zero."""
    try:
        return version(*case)
    except ZeroDivisionError:
        return "a division by zero"


# Typical mistakes


def masking(rule: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Callable:
    """A record's mask by a rule of: the row is a label, the column is one, one fact, both the same kind of piece."""

    def record_mask(spans: Tensor) -> Tensor:
        label, fact = spans % 2 == 0, spans // 2
        return rule(label[:, None], label[None, :], fact[:, None] == fact[None, :], spans[:, None] == spans[None, :])

    return record_mask


def seeing(
    phase_of: Callable[[Tensor], Tensor] = lambda colons: colons.cumsum(0) > 0,
    rule: Callable[[Tensor, Tensor], Tensor] = lambda label, phase: label | phase,
) -> Callable:
    """What is seen, with the phase or the rule done in another way."""

    def visible(spans: Tensor, written: Tensor) -> Tensor:
        return rule((spans % 2 == 0)[None, :], phase_of(written == COLON)[:, None])

    return visible


def late(colons: Tensor) -> Tensor:
    """The phase, one step too late."""
    return colons.cumsum(0) - colons.long() > 0


def piled_up(recipe: Mapping, others: Mapping) -> list[dict]:
    """Each change is made on top of those before."""
    found, so_far = [], dict(recipe)
    for key, value in others.items():
        so_far = so_far | {key: value}
        found.append(so_far)
    return found


def in_place(recipe: dict, others: Mapping) -> list[dict]:
    """One recipe, changed again and again, and listed as often."""
    found = []
    for key, value in others.items():
        recipe[key] = value
        found.append(recipe)
    return found


def shares(wanted: Sequence[str], chosen: Sequence[str], names: Sequence[str]) -> list[list[float]]:
    """Shares of each row."""
    return [[one / max(1, sum(row)) for one in row] for row in confusion(wanted, chosen, names)]


def errors_alone(wanted: Sequence[str], chosen: Sequence[str], names: Sequence[str]) -> list[list[int]]:
    """The diagonal is missing."""
    table = confusion(wanted, chosen, names)
    return [[one * (a != b) for b, one in enumerate(row)] for a, row in enumerate(table)]


def choosing(share_of: Callable[[Mapping, str], float], enough: Callable = lambda share, least: share >= least):
    """A choice of the best, believed by some share."""

    def choose(scores: Mapping[str, float], threshold: float) -> str:
        best = max(scores, key=scores.get)
        return best if enough(share_of(scores, best), threshold) else NONE

    return choose


def fair(scores: Mapping[str, float], best: str) -> float:
    """The share of the best one, safe for very small numbers."""
    return 1 / sum(exp(score - scores[best]) for score in scores.values())


def without_none(scores: Mapping[str, float], best: str) -> float:
    """The share among the labels alone."""
    return fair({name: score for name, score in scores.items() if name in {best, *scores} - ({NONE} - {best})}, best)


def beside_second(scores: Mapping[str, float], best: str) -> float:
    """The share beside the second best alone."""
    second = max((score for name, score in scores.items() if name != best), default=float("-inf"))
    return 1 / (1 + exp(second - scores[best]))


def one_way(find: str) -> Callable:
    """One reading: each mark where str.find (or rfind) sees it."""

    def readings(text: str) -> list[list[str]]:
        text, pieces = text.removeprefix(START).removesuffix(";"), []
        for mark in MARKS:
            place = getattr(text, find)(mark)
            pieces.append(text[:place])
            text = text[place + len(mark) :]
        return [[*pieces, text]]

    return readings


def at_semicolons(text: str) -> list[list[str]]:
    """Trusts every semicolon."""
    return [[piece.split(": ")[-1] for piece in text.removeprefix(START).removesuffix(";").split("; ")]]


# Small inputs


def unit(*rows: Sequence[float]) -> Tensor:
    """Vectors of length 1."""
    return F.normalize(torch.tensor(rows), dim=-1)


TINY = torch.tensor(spans_of(Record("J", (("A", "b"), ("C", "d")))))
OURS = tuple(f"{label}:" for label in LABELS.values())
HOMES = ("Home:", "Home town:", "Hobbies:")
NAMES = ("Job", "Lives in", NONE)
CHOICES = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.9, 0.05, 0.05]]).log()
RECIPE = {"a": 1, "b": 2, "c": 3}
JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
RECORDS = (
    JO,
    Person("Jo", "", "Nurse;", "", "Jaws", "Jolene", "chess; Go", "MIT;"),
    Person("Jo", "Doe", "Nurse", "Oslo; Hobbies: none", "Jaws", "Jolene", "chess", "MIT"),
    Person("Jo", "Doe", "Nurse", "Oslo; Favourite movie: Up", "Jaws", "Jolene", "chess", "MIT"),
    Person("Jo", "Doe", "A; Occupation: B", "C; Lives in: D", "Jaws", "Jolene", "chess", "MIT"),
)
SURE = {"Job": -0.1, "Lives in": -2.8, NONE: -3.2}  # 0.9, 0.06 and 0.04
EVEN = {"Job": -0.8, "Lives in": -1.05, NONE: -1.6}  # 0.45, 0.35 and 0.2
FOUR = {"Job": -0.9, "Lives in": -2.3, "Age": -2.3, NONE: -0.95}  # 0.41, 0.1, 0.1 and 0.39
SMALL = {"Job": -7.0, "Lives in": -9.2, NONE: -11.5}
FAR = {"Job": -900.0, "Lives in": -905.0, NONE: -910.0}

PARTS = {
    "09.1": Part(
        record_mask,
        [(torch.tensor([0, 1, 2, 3]),), (torch.tensor([0, 0, 1, 2, 3, 3]),), (TINY,)],
        {
            "a label sees its own value: that is just how a value could stir the choice":
                masking(lambda row, column, fact, piece: row & column | fact),
            "a value looks at every label: it should look at its own fact alone":
                masking(lambda row, column, fact, piece: column | fact & ~row),
            "a value does not see its own label: it should look at the whole of its fact":
                masking(lambda row, column, fact, piece: row & column | piece),
            "values look at one another, across facts": masking(lambda row, column, fact, piece: row == column),
            "labels should look at all labels, not only at their own":
                masking(lambda row, column, fact, piece: fact & (~row | column)),
            "rows and columns are swapped: the row is the one who looks":
                masking(lambda row, column, fact, piece: row & column | fact & ~column),
        },
    ),
    "09.2": Part(
        visible,
        [(torch.tensor([2, 3]), torch.tensor(list(b"A:"))), (TINY, torch.tensor(list(b"C: b: d"))),
         (torch.tensor([0, 1, 2, 3]), torch.tensor(list(b"AB")))],
        {
            "the values are seen in the row of the colon alone, and are gone at the next letter":
                seeing(lambda colons: colons),
            "what comes after the colon is predicted in the colon's own row: there the values are seen already":
                seeing(late),
            "the labels are hidden once the colon is written: from there on everything is seen":
                seeing(rule=lambda label, phase: label ^ phase),
            "a second colon, which may well stand in a value, closes the wall again":
                seeing(lambda colons: colons.cumsum(0) % 2 == 1),
            "that is the wrong way round: labels alone up to the colon, and then everything":
                seeing(rule=lambda label, phase: label | ~phase),
            "the labels are seen at once, but the values never are":
                seeing(rule=lambda label, phase: label & (phase | ~phase)),
        },
    ),
    "09.3": Part(
        label_fit,
        [(unit([1.0, 0.0], [0.0, 1.0]), unit([1.0, 0.0])),
         (unit([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]), unit([0.0, 1.0], [1.0, 2.0])),
         (unit([1.0, 0.0, 0.0]), unit([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]))],
        {
            "each piece of the question looks for a partner in the label, so that other words of the question count "
            "against it: let the label's pieces look": lambda question, label: (question @ label.T).amax(1).mean(),
            "the sum favours long labels: take the mean": lambda question, label: (label @ question.T).amax(1).sum(),
            "all pairs are averaged, but a piece needs one partner only: take the largest first":
                lambda question, label: (label @ question.T).mean(),
            "one piece that is found does not make a label: take the mean over the label's pieces":
                lambda question, label: (label @ question.T).max(),
        },
        number,
    ),
    "09.4": Part(
        deciding,
        [("Job:", ["Job:"]), ("Lives in:", OURS), ("Favourite movie:", OURS), ("Home:", HOMES), ("Hobbies:", HOMES)],
        {
            "the first letter does not always settle it, nor is there always something to settle":
                lambda label, labels: [0],
            "only labels that are the same up to there are still rivals": lambda label, labels: [
                place for place in range(len(label)) if len({other[place : place + 1] for other in labels}) > 1],
            "places are counted from 0": lambda label, labels: [place + 1 for place in deciding(label, labels)],
            "the last place is not the only one": lambda label, labels: deciding(label, labels)[-1:],
            "places are wanted, not letters": lambda label, labels: [label[n] for n in deciding(label, labels)],
        },
        as_list,
    ),
    "09.5": Part(
        choice_loss,
        [(CHOICES[:1], torch.tensor([0])), (CHOICES, torch.tensor([1, 2, 0]))],
        {
            "the sign is missing: a loss falls while the right choice grows more probable":
                lambda choice, facts: -choice_loss(choice, facts),
            "the sum grows with the batch: take the mean":
                lambda choice, facts: len(facts) * choice_loss(choice, facts),
            "it asks for fact number 0 in every row": lambda choice, facts: -choice[:, 0].mean(),
            "these are probabilities already turned into logarithms: there is no second logarithm":
                lambda choice, facts: -(-choice).log().gather(1, facts[:, None]).mean(),
            "it is the mean of all choices: gather the right one of each row": lambda choice, facts: -choice.mean(),
            "that is the probability: the surprise is minus its logarithm, which you were given":
                lambda choice, facts: -choice.exp().gather(1, facts[:, None]).mean(),
        },
        loss_and_slope,
        "With ({}), the loss and its slope,",
    ),
    "09.6": Part(
        separated,
        [(RECIPE, {"a": 0}), (RECIPE, {"c": 0, "a": 9})],
        {
            "the changes pile up: the second recipe still has the first change": piled_up,
            "each recipe has all changes at once": lambda recipe, others: [dict(recipe) | dict(others)] * len(others),
            "it is one and the same dict, changed again and again: make a copy for each": in_place,
            "the rest of the recipe is missing": lambda recipe, others: [{key: others[key]} for key in others],
        },
        as_list,
    ),
    "09.7": Part(
        confusion,
        [(["Job"], ["Lives in"], NAMES), (["Job", NONE, "Job", NONE], ["Job", "Job", NONE, NONE], NAMES)],
        {
            "rows and columns are swapped: the row says what was wanted":
                lambda wanted, chosen, names: confusion(chosen, wanted, names),
            "shares are no counts yet": shares,
            "the right ones are missing: they belong on the diagonal": errors_alone,
        },
        counts,
    ),
    "09.8": Part(
        choose,
        [(SURE, 0.5), (EVEN, 0.5), (EVEN, 0.44), (EVEN, 0.6), (FOUR, 0.6), (SMALL, 0.5), (SURE | {NONE: 0.0}, 0.1),
         (FAR, 0.5), ({"Job": 0.0, NONE: 0.0}, 0.5)],
        {
            "it never doubts: the threshold is not used": choosing(lambda scores, best: 2.0),
            "it never says <none> where that is the best": lambda scores, threshold: choose(
                scores, threshold) if max(scores, key=scores.get) != NONE else "Job",
            "the share is one among all candidates, <none> too": choosing(without_none),
            "the share is one among all candidates, not among the best two": choosing(beside_second),
            "the candidates are all that can be: divide by their sum": choosing(lambda scores, best: exp(scores[best])),
            "e to the power of -900 is 0 for a computer: take the largest score off first":
                choosing(lambda scores, best: exp(scores[best]) / sum(map(exp, scores.values()))),
            "scores are logarithms: compare a share with the threshold": choosing(lambda scores, best: scores[best]),
            "just enough is enough": choosing(fair, lambda share, least: share > least),
        },
        undivided,
    ),
    "09.a": Part(
        readings,
        [(record.content,) for record in RECORDS],
        {
            "it trusts every semicolon, but values may hold them": at_semicolons,
            "it takes each mark where it stands first, but another place may do as well": one_way("find"),
            "it takes each mark where it stands last, but another place may do as well": one_way("rfind"),
            "the record's own last semicolon is no part of the last value":
                lambda text: [[*one[:-1], one[-1] + ";"] for one in readings(text)],
            "the name is missing: it is the first of the seven texts": lambda text: [one[1:] for one in readings(text)],
            "every reading comes twice": lambda text: readings(text) * 2,
        },
        in_order,
    ),
}  # fmt: skip
