"""A widget for one fact in many wordings: turn the heat, see what is said, and what the response gate says to it."""

import html
from collections import Counter
from collections.abc import Sequence

from momem_lib.course.nb10.facts import Fact, Said, say, wording_of
from momem_lib.course.shared.asking import answer_html, asking_panel
from momem_lib.course.shared.panel import Panel, card_html, number_box, slider
from momem_lib.course.shared.start import HOTTEST
from momem_lib.course.shared.text import printable, safe
from momem_lib.system.pipeline import Pipeline


def tally(said: Sequence[Said]) -> list[tuple[Said, int]]:
    """What was said, each text once with how often it came: what passes the gate first, the most frequent first."""
    counts = Counter(one.written.text for one in said)
    first = {one.written.text: one for one in reversed(said)}
    order = sorted(first, key=lambda text: (first[text].objection is not None, -counts[text], text or ""))
    return [(first[text], counts[text]) for text in order]


def tally_table(fact: Fact, said: Sequence[Said]) -> str:
    """The tally as plain text, and in the end one sentence: wordings, and what became of the fact.

    Example:
        >>> from momem_lib.data.records import Record
        >>> from momem_lib.nn.generation import Generated
        >>> fact = Fact("Where?", "Jo", "Lives in", Record("Jo", (("Lives in", "Oslo"),)))
        >>> said = Said(Generated(list(b"Jo: Oslo"), finished=True), None, "Jo: Oslo")
        >>> print(tally_table(fact, [said] * 2))
          2 x  Jo: Oslo
        1 wording in 2 texts; the gate refused 0 of them; in the end 2 of 2 answers hold the fact
    """
    wordings = {wording_of(one.final, fact.name, fact.value) for one in said if one.final is not None}
    refused = sum(one.objection is not None for one in said)
    held = sum(fact.value in (one.final or "") for one in said)
    rows = [
        f"{count:>3} x  {printable('nothing' if one.written.text is None else one.written.text)}"
        + (f"\n       refused: {printable(one.objection)}; said instead: {printable(one.final or 'nothing')}"
           if one.objection else "")
        for one, count in tally(said)
    ]  # fmt: skip
    rows.append(
        f"{len(wordings)} wording{'s' * (len(wordings) != 1)} in {len(said)} texts; the gate refused {refused} of "
        f"them; in the end {held} of {len(said)} answers hold the fact"
    )
    return "\n".join(rows)


def wordings_html(pipeline: Pipeline, question: str, temperature: float, seed: int, count: int) -> str:
    """The fact that the other modules find for a question, put into words several times, as a page fragment."""
    answer = pipeline.ask(question)
    if answer.abstained:
        return answer_html(answer)
    fact = Fact(question, answer.tag, answer.label, answer.record)
    table = tally_table(fact, say(pipeline, fact, temperature, range(seed, seed + count)))
    return card_html(
        f"It reads <strong>{safe(fact.summary)}</strong> and <strong>{safe(fact.question)}</strong>",
        f'<pre style="white-space:pre-wrap;margin:8px 0 0">{html.escape(table)}</pre>',
    )


def wordings_widget(
    pipeline: Pipeline, question: str, temperature: float = 1.0, seed: int = 0, count: int = 12
) -> Panel:
    """Ask, turn the temperature, and see one fact in many wordings, each with its gate's verdict.

    Args:
        count: texts, one per seed.
    """
    return asking_panel(
        pipeline,
        wordings_html,
        question,
        temperature=slider(temperature, "Temperature", 0, HOTTEST, 0.05),
        seed=number_box(seed, "First seed", high=2**31 - 1000),
        count=number_box(count, "Texts", 1, 40),
    )
