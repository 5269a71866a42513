"""What is special about Module 3: one fact, many wordings, and heat that must change the words and not the fact."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from momem_lib.data.records import FIELDS, Person
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.copying import Mixture
from momem_lib.nn.generation import Generated, Sampling, draw, uniforms
from momem_lib.nn.module import Module
from momem_lib.project import InputError
from momem_lib.system import choices as constrained
from momem_lib.system.answer import Answer
from momem_lib.system.gates import Gates, response_gate
from momem_lib.system.memory import Memory
from momem_lib.system.pipeline import Pipeline


@dataclass(frozen=True)
class Fact:
    """What Module 3 is given, and what its answer must hold.

    Example:
        >>> jo = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
        >>> fact = Fact("Where does Jo Doe live?", "Jo Doe", "location", jo)
        >>> fact.summary, fact.value
        ('Lives in: Oslo', 'Oslo')
    """

    question: str
    name: str  # as the question writes it
    field: str  # which of the six facts
    person: Person

    @property
    def summary(self) -> str:
        """What Module 2 hands over: label and value."""
        return self.person.summary(self.field)

    @property
    def value(self) -> str:
        """The fact itself."""
        return getattr(self.person, self.field)

    def objection(self, text: str | None, memory: Memory) -> str | None:
        """What the response gate says against a text, or None."""
        return response_gate(text, self.person, self.field, self.name, memory)


QUESTIONS = {
    "occupation": "What is {name}'s job?",
    "location": "Where does {name} live?",
    "movie": "What is {name}'s favourite movie?",
    "music": "Which music does {name} like best?",
    "hobbies": "What are {name}'s hobbies?",
    "university": "Where did {name} study?",
}


def facts_about(person: Person) -> list[Fact]:
    """All facts of one person, each with a plain question for it, in the order of the record."""
    return [Fact(QUESTIONS[field].format(name=person.name), person.name, field, person) for field in FIELDS]


def wording_of(text: str | None, name: str, value: str) -> str:
    """A response with slots where name and value stood; what holds no value keeps its own words.

    The longer of the two is taken out first, because one may be part of the other.

    Example:
        >>> wording_of("Jo lives in Oslo.", "Jo", "Oslo"), wording_of("Jo Oslo: Oslo", "Jo Oslo", "Oslo")
        ('{name} lives in {value}.', '{name}: {value}')
    """
    text = text or ""
    for piece, slot in sorted(((name, "{name}"), (value, "{value}")), key=lambda pair: -len(pair[0])):
        text = text.replace(piece, slot) if piece else text
    return text


def wording_floor(rows: Sequence[dict], choices: Callable[[dict], int]) -> float:
    """The least mean loss of any honest module, in nats per token: all that cannot be known is which wording comes.

    Args:
        rows: with a response. choices: how many wordings the response of a row was drawn from, all alike.

    Raises:
        InputError: no row.

    Example:
        >>> round(wording_floor([{"response": "Jo lives in Oslo."}], lambda row: 9), 3)  # ln 9 over 18 tokens
        0.122
    """
    if not rows:
        raise InputError("there is no row to average over")
    tokens = sum(len(TOKENIZER.encode(row["response"])) + 1 for row in rows)  # the stop token counts too
    return sum(math.log(choices(row)) for row in rows) / tokens


def known_wordings(fact: Fact) -> list[str]:
    """The responses that the templates know for a fact, English first."""
    return constrained.known_wordings(fact.name, fact.field, fact.value)


@dataclass
class Said:
    """One answer of Module 3 and what the response gate made of it."""

    written: Generated
    objection: str | None  # of the gate; None: it passed
    final: str | None  # what the pipeline says in the end: the same, or its second try, or nothing


def say(
    pipeline: Pipeline, fact: Fact, temperature: float, seeds: Sequence[int], later: str | None = None
) -> list[Said]:
    """Let Module 3 put one fact into words, once for each seed, and put each text through the response gate.

    Args:
        pipeline: its memory must hold the person. later: what second_try said, if it is known already.
    """
    count = len(seeds)
    said, response = [], pipeline.modules["response"]
    for written in response.write([fact.question] * count, [fact.summary] * count, temperature, seeds):
        objection = fact.objection(written.text, pipeline.memory)
        if objection and later is None:
            later = second_try(pipeline, fact)
        said.append(Said(written, objection, later if objection else written.text))
    return said


def second_try(pipeline: Pipeline, fact: Fact) -> str | None:
    """What the pipeline says when a hot answer was refused: greedy, then under constraints; None: silence."""
    answer = Answer(fact.question, tag=fact.name, person=fact.person, summary=fact.summary, field=fact.field)
    pipeline.respond([answer], Gates())
    return answer.text


def heat_row(pipeline: Pipeline, facts: Sequence[Fact], temperature: float, seeds: Sequence[int]) -> dict:
    """What one temperature does, on average over some facts: wordings, and whether name and value survive.

    Returns:
        temperature; distinct: wordings per fact that the gate lets through, by Module 3 itself; answers: distinct
        wordings that the pipeline says in the end; kept: share of Module 3's texts that hold the fact; passed: share
        that its gate lets through; right: share of final answers that hold the fact; silent: share without an answer.
    """
    rows = []
    for fact in facts:
        said = say(pipeline, fact, temperature, seeds)
        good = {wording_of(one.written.text, fact.name, fact.value) for one in said if one.objection is None}
        final = {wording_of(one.final, fact.name, fact.value) for one in said if one.final is not None}
        counts = {
            "distinct": len(good),
            "answers": len(final),
            "kept": sum(fact.value in (one.written.text or "") for one in said) / len(said),
            "passed": sum(one.objection is None for one in said) / len(said),
            "right": sum(fact.value in (one.final or "") for one in said) / len(said),
            "silent": sum(one.final is None for one in said) / len(said),
        }
        rows.append(counts)
    means = {key: round(sum(row[key] for row in rows) / len(rows), 4) for key in rows[0]}
    return {"temperature": temperature, **means}


Recipe = Callable[[Tensor, Tensor, float, float], Tensor]  # generated (V,), copied (V,), gate, temperature -> (V,)


def plain_heat(generated: Tensor, copied: Tensor, gate: float, temperature: float) -> Tensor:
    """What the library's sampler does: mix the two ways to the next token, then heat the mixture as a whole.

    Args:
        generated, copied: (V,) probabilities of each token by either way. gate: probability of copying.

    Example:
        >>> probs = plain_heat(torch.tensor([0.9, 0.1]), torch.tensor([0.0, 1.0]), gate=0.5, temperature=1.0)
        >>> [round(p, 2) for p in probs.tolist()]
        [0.45, 0.55]
    """
    mixture = (1 - gate) * generated + gate * copied
    return Sampling(temperature).probs(torch.log(mixture + 1e-12)[None])[0]


@torch.inference_mode()
def write_by(response: Module, fact: Fact, recipe: Recipe, temperature: float, seed: int = 0, most: int = 200) -> str:
    """Write one response token by token, drawing each from what a recipe makes of the head's two halves.

    Raises:
        InputError: a model without a copy head: it has one half only.
    """
    model = response.model
    if model.copy is None:
        raise InputError("this model has no copy head: there is nothing to copy, and no gate to read")
    state, out = model.start(response.inputs([fact.question], [fact.summary]))
    tokens: list[int] = []
    stop = TOKENIZER.id(response.task.stop)
    for number in uniforms([seed], most)[0]:
        probs = recipe(*halves(out), temperature)
        token = int(draw(probs[None].cpu(), number[None]))
        if token == stop:
            break
        tokens.append(token)
        out = model.step(state, torch.tensor([token], device=model.device))
    return TOKENIZER.decode(tokens)


def halves(out: Mixture) -> tuple[Tensor, Tensor, float]:
    """The two halves of a copy head's last step: generated (V,), copied (V,), and the gate between them, 0 to 1."""
    generated = out.generated[0, -1].exp()  # (V,)
    copied = torch.zeros_like(generated).scatter_add(0, out.source[0], out.copy_weights[0, -1])  # (V,)
    return generated, copied, float(out.copy_gate[0, -1])
