"""Gates, pipeline and evaluation: the shipped modules answer right, spoilt ones are caught, bad input is a sentence."""

import json

import pytest
import torch

from momem_lib.data.dataset import questions_and_people
from momem_lib.data.people import read_people
from momem_lib.data.records import LABELS, Person, Record
from momem_lib.data.rows import SynthesisConfig, load_material
from momem_lib.data.tasks import TASKS, objection
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.generation import Generated
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.project import DATA, TEST_PEOPLE, InputError
from momem_lib.system.answer import Answer, check_question
from momem_lib.system.evaluation import evaluate, evaluate_module, read_questions, table, tally, verdict
from momem_lib.system.gates import (
    Gates,
    response_gate,
    summary_gate,
    summary_label,
    tag_gate,
    word_spans,
)
from momem_lib.system.memory import Memory
from momem_lib.system.pipeline import Pipeline

JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
QUESTIONS = {
    "Occupation": "What is {}'s occupation?",
    "Lives in": "Where does {} live?",
    "Favourite movie": "What is the favourite movie of {}?",
    "Favourite music": "What is {}'s favourite music?",
    "Hobbies": "What are the hobbies of {}?",
    "University attended": "Which university did {} attend?",
}


def changed(record: Record, name: str | None = None, **values: str) -> Record:
    """A record of the six fields with another name or other values, by their keys."""
    return Record(name or record.name, tuple((dict(record.facts) | {LABELS[k]: v for k, v in values.items()}).items()))


@pytest.fixture(scope="module")
def pipeline():
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember(read_people(TEST_PEOPLE))
    return pipeline


@pytest.fixture(scope="module")
def unseen():
    """Questions of the test split: names and values that no module was trained on, phrasings that it was."""
    return questions_and_people(load_material(), SynthesisConfig(seed=77), "test", 120, phrasings="known")


def untrained(seed=0, **cards) -> dict[str, Module]:
    torch.manual_seed(seed)
    copies = {"ner": ("prompt", 0), "summary": ("source", 1), "response": ("both", 1)}
    shape = {"embedding_dim": 32, "num_heads": 2, "hidden_dim": 32, "num_decoder_blocks": 1}
    models = {
        task: Transformer(ModelConfig(**shape, copy_from=copy_from, num_encoder_blocks=encoders)).eval()
        for task, (copy_from, encoders) in copies.items()
    }
    return {task: Module(TASKS[task], model, cards.get(task, {})) for task, model in models.items()}


@pytest.mark.parametrize("name", ["Muchiri T'Challa", "$tev0 Ca$hmoney"])
@pytest.mark.parametrize("label", QUESTIONS)
def test_the_two_classic_people_in_all_fields(pipeline, name, label):
    record = pipeline.memory.look_up(name).record
    answer = pipeline.ask(QUESTIONS[label].format(name))
    assert objection(answer.text, record.value(label), name, record.others(label)) is None, str(answer)
    assert (answer.tag, answer.label, answer.value) == (name, label, record.value(label))
    assert answer.summary == record.summary(label) and answer.content == record.content


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What is {}'s job?", "King"),
        ("What is {}'s occupation?", "King"),
        ("What does {} do for a living?", "King"),
        ("Where does {} live?", "Wakanda"),
        ("What is {}'s favourite film?", "The Return of the Pink Panther"),
        ("Which film does {} like best?", "The Return of the Pink Panther"),
        ("What is {}'s favourite song?", "Twinkle twinkle little star"),
        ("What are {}'s hobbies?", "knitting"),
        ("What does {} do for fun?", "knitting"),
        ("Where did {} study?", "Vibranium Institute of Technology"),
        ("Which university did {} attend?", "Vibranium Institute of Technology"),
        ("{} anaishi wapi?", "Wakanda"),
        ("{} anafanya kazi gani?", "King"),
        ("{} alisoma chuo gani?", "Vibranium Institute of Technology"),
        ("{} anapenda filamu gani?", "The Return of the Pink Panther"),
    ],
)
def test_the_plainest_questions_are_answered(pipeline, question, value):
    # A share of right answers does not see one question that everybody asks: modules have been better on the whole, and
    # silent on "What is X's job?". Module 2 never reads the name, so one name stands for all.
    assert value in pipeline.ask(question.format("Muchiri T'Challa")).text


@pytest.mark.parametrize(
    ("file", "name", "questions"),
    [
        ("staff.csv", "Ana Ruiz", {"Blood group": "What is {}'s blood group?", "Key number": "{}, key number?"}),
        (
            "towns.csv",
            "Ambleford",
            {"River": "Which river flows through {}?", "Population": "What is {}'s population?"},
        ),
    ],
)
def test_tables_with_columns_of_their_own(file, name, questions):
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember(read_people(DATA / file))
    record = pipeline.memory.look_up(name).record
    for label, question in questions.items():
        answer = pipeline.ask(question.format(name))
        assert answer.label == label and record.value(label) in answer.text, str(answer)
    empty = Record("Jo Doe", (("Room", "7"), ("Blood group", "")))
    pipeline.remember([empty])
    assert "'Blood group' of Jo Doe is not filled in" in pipeline.ask("What is Jo Doe's blood group?").reason


def test_no_value_and_no_order_changes_which_fact_is_chosen(pipeline):
    """Two-phase reading: the choice is a function of the question and the labels, equal to the last letter."""
    questions, told = [question.format("Jo Doe") for question in QUESTIONS.values()], []
    for values in (
        ("Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT"),
        ("Hobbies: x", "7;", "Lives in: Y", "#", "", "é"),
    ):
        asked = Pipeline(pipeline.modules, Memory())
        asked.remember([Person("Jo", "Doe", *values)])
        steps = [answer.trace[2] for answer in asked.ask_many(questions, gates=Gates(confidence=False, summary=False))]
        told.append([((step.wrote or "").partition(": ")[0], step.confidence) for step in steps])
    assert [label for label, _ in told[0]] == list(QUESTIONS) == [label for label, _ in told[1]]
    sure = [torch.tensor([share for _, share in row]) for row in told]
    assert torch.allclose(*sure, atol=1e-5)


def test_unseen_people_end_to_end(unseen):
    questions, records = unseen
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember(records)
    counts = tally(evaluate(pipeline, questions, records))["all"]
    # README has the measured figures, on more questions: 92.8 % of the mix. A sample of 120 scatters around them by
    # 2.4 % (one standard deviation), so that the bars stand two of those lower.
    assert counts["right"] >= 0.88 * len(questions)
    assert counts["wrong"] <= 0.02 * len(questions)


@pytest.mark.parametrize("module", ["ner", "summary", "response"])
def test_each_module_alone_on_gold_inputs(unseen, module):
    questions, records = unseen
    lines = list(evaluate_module(Pipeline.load(device="cpu"), module, questions, records))
    counts = tally(lines)["all"]
    assert counts["right"] >= 0.93 * len(lines) and len(lines) > 60  # as above
    assert {"tag", "content", "summary", "response", "abstained", "reason"} <= set(lines[0])


def test_an_edited_record_changes_the_next_answer(pipeline):
    record = pipeline.memory.look_up("Muchiri T'Challa").record
    pipeline.memory.replace(changed(record, location="Mombasa"))
    try:
        assert "Mombasa" in pipeline.ask("Where does Muchiri T'Challa live?").text
    finally:
        pipeline.memory.replace(record)
    assert "Wakanda" in pipeline.ask("Where does Muchiri T'Challa live?").text


@pytest.mark.parametrize("question", ["Muchiri T'Challa - job?", "Job - Muchiri T'Challa"])
def test_a_sign_that_stands_alone_leaves_no_space_in_the_answer(pipeline, question):
    answer = pipeline.ask(question)
    assert answer.tag == "Muchiri T'Challa" and not answer.trace[0].tries  # no longer name: it is the same one
    assert "King" in answer.text and not answer.trace[-1].tries


def test_what_cannot_be_answered_gets_a_reason(pipeline):
    cases = {
        "What is the weather like today?": ("ner", "names nobody"),
        "Where does Muchiri T'Chala live?": ("memory", "Did you mean Muchiri T'Challa"),
        "What is Jo Smith's job?": ("memory", "2 people"),
        "What is Muchiri T'Challa's shoe size?": ("summary", "does not hold"),
    }
    for question, (module, reason) in cases.items():
        answer = pipeline.ask(question)
        assert answer.abstained and reason in answer.reason, f"{question}: {answer}"
        assert answer.trace[-1].module == module and answer.trace[-1].gate == answer.reason
        assert json.loads(json.dumps(answer.to_dict()))["response"] is None


def test_many_answers_equal_single_answers(pipeline):
    questions = [text.format(record.name) for record in list(pipeline.memory)[:4] for text in QUESTIONS.values()]
    for temperature in (0.0, 1.0):
        together = pipeline.ask_many(questions, temperature, seed=3)
        assert [pipeline.ask(question, temperature, seed=3).text for question in questions] == [
            answer.text for answer in together
        ]


def test_heat_changes_the_words_and_not_the_fact(pipeline):
    answers = pipeline.ask_many(["Where does Muchiri T'Challa live?"] * 1, temperature=1.0, seed=1)
    answers += [pipeline.ask("Where does Muchiri T'Challa live?", temperature=1.0, seed=seed) for seed in range(2, 12)]
    assert all("Wakanda" in answer.text for answer in answers)
    assert len({answer.text for answer in answers}) >= 3


def test_untrained_modules_behind_gates_never_answer():
    """The gates alone must keep nonsense back: a module that knows nothing gives no answer at all."""
    pipeline = Pipeline(untrained(), Memory())
    pipeline.remember([JO])
    for answer in pipeline.ask_many([question.format("Jo Doe") for question in QUESTIONS.values()]):
        assert answer.abstained and answer.reason
    answer = pipeline.ask("Where does Jo Doe live?", gates=False)
    assert not answer.abstained and [step.module for step in answer.trace] == ["ner", "memory", "summary", "response"]
    assert {step.gate for step in answer.trace} == {"off"}


@pytest.mark.parametrize("spoilt", ["ner", "summary", "response"])
def test_one_spoilt_module_causes_silence_and_no_wrong_answer(pipeline, spoilt):
    healthy = pipeline.modules
    module = untrained(**{spoilt: healthy[spoilt].card})[spoilt]  # judged as strictly as the healthy one
    broken = Pipeline({**healthy, spoilt: module}, pipeline.memory)
    record = pipeline.memory.look_up("Muchiri T'Challa").record
    for label, question in QUESTIONS.items():
        text = broken.ask(question.format(record.name)).text
        assert text is None or objection(text, record.value(label)) is None


def test_what_module_3_spoils_is_said_plainly(pipeline):
    broken = Pipeline({**pipeline.modules, "response": untrained()["response"]}, pipeline.memory)
    answer = broken.ask("Where does Muchiri T'Challa live?")
    assert answer.text == "Muchiri T'Challa - Lives in: Wakanda" and len(answer.trace[-1].tries) == 1
    assert len(broken.ask("Where does Muchiri T'Challa live?", temperature=1.0, seed=1).trace[-1].tries) == 2


def fixed_ner(monkeypatch, pipeline, probabilities, wrote):
    """Let Module 0 write one name with one probability, and score spans by a table."""
    tokens = TOKENIZER.encode(wrote) if wrote else [TOKENIZER.id("<none>")]
    made = Generated(tokens, [float(torch.tensor(probabilities[wrote]).log())], [1.0] * len(tokens), True)
    monkeypatch.setattr(Module, "write", lambda *_, **__: [made])
    monkeypatch.setattr(
        Module,
        "score",
        lambda _self, _prompts, candidates: [
            torch.tensor([probabilities.get(span, 1e-6) for span in own]).log() for own in candidates
        ],
    )
    answer = Answer("Who is King of Wakanda?")
    pipeline.find_names([answer], Gates())
    return answer


@pytest.mark.parametrize(
    ("probabilities", "wrote", "tag"),
    [
        ({"King of Wakanda": 0.4, "King": 0.2, None: 0.1}, "King of Wakanda", "King of Wakanda"),  # not the known part
        ({"of Wakanda": 0.3, "King": 0.2, None: 0.1}, "of Wakanda", "King"),  # known, elsewhere in the question
        ({"of Wakanda": 0.3, "King": 0.1, None: 0.2}, "of Wakanda", "King"),  # the memory's word counts for much
        ({None: 0.9, "King": 0.03}, None, "King"),
        ({None: 0.99, "King": 0.001}, None, None),  # an improbable name is not talked into a question
        ({"of Wakanda": 0.3, "King": 0.01, None: 0.001}, "of Wakanda", "of Wakanda"),  # too unlikely in itself
    ],
)
def test_a_known_name_is_taken_only_where_module_0_agrees(monkeypatch, probabilities, wrote, tag):
    pipeline = Pipeline(untrained(), Memory())
    pipeline.remember([changed(JO, "King")])
    assert fixed_ner(monkeypatch, pipeline, probabilities, wrote).tag == tag


def test_a_known_name_that_is_not_taken_is_named_in_the_reason(monkeypatch):
    pipeline = Pipeline(untrained(), Memory())
    assert fixed_ner(monkeypatch, pipeline, {None: 0.99}, None).reason == "the question names nobody"
    pipeline.remember([changed(JO, "King")])
    assert "not clear that the question is about 'King'" in fixed_ner(monkeypatch, pipeline, {None: 0.99}, None).reason


@pytest.mark.parametrize(
    "sign", "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u2066\u2069\u2060\u3164\ufe0f\ufeff\U000e0100"
)
def test_a_name_is_found_whatever_unseen_signs_stand_in_it_or_in_the_question(sign):
    memory = Memory()
    memory.remember([Record("Jo Doe", ()), Record(f"A{sign}l Lee{sign}", ())])
    for name in (f"{sign}Jo{sign} D{sign}oe{sign}", f"{sign}Al{sign} Lee", "Al Lee"):
        question = check_question(f"Where does {name} live, {sign}please{sign}?")
        found = {span for span in memory.knows(word_spans(question)) if tag_gate(question, span) is None}
        assert len(found) == 1 and memory.look_up(found.pop()).status == "exact"


def test_a_name_longer_than_the_known_one_is_not_cut(monkeypatch):
    pipeline = Pipeline(untrained(), Memory())
    pipeline.remember([changed(JO, "King of")])
    probabilities = {"King of Wakanda": 0.9, "King of": 0.1}
    assert fixed_ner(monkeypatch, pipeline, probabilities, "King of Wakanda").tag == "King of Wakanda"


def test_the_threshold_holds_for_every_name(monkeypatch):
    pipeline = Pipeline(untrained(ner={"metrics": {"confidence_threshold": 0.6}}), Memory())
    pipeline.remember([changed(JO, "King")])
    answer = fixed_ner(monkeypatch, pipeline, {"King": 0.5, None: 0.1}, "King")
    assert "only 50.0% sure" in answer.reason


def test_a_space_beside_the_name_is_none_of_it(monkeypatch):

    pipeline, blank = Pipeline(untrained(), Memory()), [ord(letter) for letter in "   "]
    pipeline.remember([JO])
    for tokens, tag in ((list(b" Jo Doe "), "Jo Doe"), (blank, "")):
        written = Generated(tokens, [0.0] * len(tokens), [1.0] * len(tokens), True)
        monkeypatch.setattr(Module, "write", lambda *_, written=written, **__: [written])
        answer = Answer("Where does Jo Doe live?")
        pipeline.find_names([answer], Gates(confidence=False))
        assert (answer.tag, len(answer.trace[0].copied)) == (tag, len(tag))
        assert (answer.reason is None) == bool(tag)


@pytest.mark.parametrize(
    ("wrote", "said", "tries"),
    [
        ("Lives in: Oslo", "Lives in: Oslo", 0),
        ("Lives in: Osl", "Lives in: Oslo", 1),  # a slip in the copying is mended: the label decides
        ("Lives on: Oslo", "Lives on: Oslo", 0),  # no label of the record
        (None, None, 0),
    ],
)
def test_behind_a_label_stands_its_whole_value(monkeypatch, pipeline, wrote, said, tries):
    tokens = TOKENIZER.encode(wrote) if wrote else [TOKENIZER.id("<none>")]
    written = Generated(tokens, [0.0] * len(tokens), [1.0] * len(tokens), True)
    monkeypatch.setattr(Module, "write", lambda *_, **__: [written])
    answer = Answer("Where does Jo Doe live?", tag="Jo Doe", record=JO)
    pipeline.pick_facts([answer], Gates())
    assert (answer.summary, len(answer.trace[-1].tries)) == (said, tries)
    assert (answer.reason is None) == (said == "Lives in: Oslo") == (answer.label == "Lives in")


def test_a_record_too_long_to_read_is_not_cut_and_harms_no_other_question():
    pipeline = Pipeline(untrained(), Memory())
    pipeline.remember([changed(JO, hobbies="x" * 5000), changed(JO, "Al Doe")])
    pipeline.find_names = lambda answers, gates: [setattr(answer, "tag", answer.question) for answer in answers]
    answers = pipeline.ask_many(["Jo Doe", "Al Doe"])
    assert "reads 2,046" in answers[0].reason and "reads" not in (answers[1].reason or "")


def test_tag_gate():
    assert tag_gate("Is Ann's hat red?", "Ann") is None
    assert tag_gate("Is Joanna there?", "Ann") and tag_gate("Is Joanna there?", "anna")
    assert tag_gate("where does 李明 live?", "李明") is None
    assert tag_gate("x", "y") and tag_gate("x", None) and tag_gate("x", " ")


def test_summary_gate():
    assert summary_gate(JO, "Lives in: Oslo") is None
    for bad in ("Lives in: Oslo ", "Lives in: Bergen", "Oslo", "", None):
        assert summary_gate(JO, bad)
    assert "not filled in" in summary_gate(changed(JO, music=""), "Favourite music: ")
    assert "no record" in summary_gate(None, "Lives in: Oslo")
    assert summary_label(JO, "Lives in: Oslo") == "Lives in" and summary_label(JO, "Lives in: Osl") is None


def test_response_gate():
    memory = Memory()
    memory.remember([JO, changed(JO, "Ann Lee")])

    def gate(text):
        return response_gate(text, JO, "Lives in", "Jo Doe", memory)

    assert gate("Jo Doe lives in Oslo.") is None
    assert "value" in gate("Jo Doe lives in Bergen.") and "value" in gate(None)
    assert "name" in gate("He lives in Oslo.")
    assert "another value" in gate("Jo Doe, the Nurse, lives in Oslo.")
    assert "somebody else" in gate("Jo Doe lives in Oslo with Ann Lee.")
    assert "somebody else" in gate("Jo Doe lives in Oslo, Ann Lee's town.")
    assert "too long" in gate("Jo Doe lives in Oslo" + "!" * 300)


def test_a_value_inside_another_value_is_not_another_value():
    record = changed(JO, occupation="Os", location="Oslo")
    assert response_gate("Jo Doe lives in Oslo.", record, "Lives in", "Jo Doe", Memory()) is None
    assert objection("Jo Doe lives in Oslo.", "Oslo", others=["Os"]) is None


def test_short_values_count_as_whole_words():
    record = Record("Siobhán", (("Subject", "Art"), ("Size", "S"), ("Phone no", "7"), ("Vegan", "no")))
    assert response_gate("Siobhán - Subject: Art", record, "Subject", "Siobhán", Memory()) is None
    assert response_gate("Siobhán's phone no is 7.", record, "Phone no", "Siobhán", Memory()) is None
    assert "another value" in response_gate("Siobhán's subject is Art, no?", record, "Subject", "Siobhán", Memory())
    assert "value 'S'" in response_gate("Siobhán's size is L.", record, "Size", "Siobhán", Memory())


@pytest.mark.parametrize(
    ("name", "value", "response"),
    [
        ("Y", "Oslo", "You can find Y in Oslo."),
        ("Ma", "chess", "Mapenzi ya Ma ni chess, na Ma hupenda chess."),
        ("Jo", "Jo Jazz", "Jo listens to Jo Jazz."),
    ],
)
def test_the_person_asked_about_is_nobody_else(name, value, response):
    memory, record = Memory(), Record(name, (("Fact", value),))
    memory.remember([record, Record("Al", ())])
    assert response_gate(response, record, "Fact", name, memory) is None
    assert "somebody else, 'Al'" in response_gate(f"{response} Al", record, "Fact", name, memory)


@pytest.mark.parametrize("sign", [".", '"', "-", "?", ":"])
def test_mere_signs_are_no_other_value(sign):
    record = Record("Jo Doe", (("Lives in", "Oslo"), ("Hobbies", sign)))
    for text in ('Jo Doe lives in "Oslo".', "Jo Doe - Lives in: Oslo", "Oslo? Jo Doe lives there."):
        assert response_gate(text, record, "Lives in", "Jo Doe", Memory()) is None


def test_neither_value_nor_name_counts_towards_the_length():
    for name, value in (("Jo " * 200 + "Doe", "Oslo"), ("Jo", "Oslo, " * 100)):
        assert objection(f"{name} lives in {value}.", value, name) is None
        assert objection(f"{name} lives in {value}{'!' * 200}", value, name) == "the response is too long"
    assert objection("Oslo" + "!" * 200, "Oslo") is None


def test_word_spans_are_bounded():
    assert "Jo Doe" in word_spans('Is "Jo Doe" here?')
    assert {"Jo Doe Jr.", "Jo Doe Jr"} <= set(word_spans("_Jo Doe Jr._, which song?"))  # whose full stop is it?
    assert len(word_spans("a " * 200)) < 5000
    text = "- Jo – Doe - (and) — Ann's -, or?"
    assert all(span == span.strip() for span in word_spans(text)) and {"Jo – Doe", "Ann"} <= set(word_spans(text))


def test_without_the_record_gate_an_ambiguous_name_still_gives_a_record():
    memory = Memory()
    memory.remember([JO, changed(JO, location="Bergen")])
    found = memory.look_up("Jo Doe")
    assert found.status == "ambiguous" and found.record is None and found.nearest == JO
    assert memory.look_up("Jo Do").nearest == JO and memory.look_up("Xu").nearest is None


def test_verdicts():
    entry = {"answer": "Oslo", "field": "location"}  # one of the six keys stands for its label
    assert verdict(entry, "Jo Doe lives in Oslo.", JO) == "right"
    assert verdict(entry, "Jo Doe lives in Oslo, listens to Jolene.", JO) == "wrong"
    assert verdict(entry, None, JO) == "abstained"
    assert verdict({"answer": None}, "Oslo", JO) == "wrong"


@pytest.mark.parametrize("bad", ["", "   ", "x" * 10_000, "a\x00b", "two\nlines", "tab\there", "\ud800", None, 7])
def test_questions_that_cannot_be_read(bad):
    with pytest.raises(InputError):
        check_question(bad)


def test_a_total_is_no_value_and_a_value_keeps_its_line():
    lines = [{"verdict": "right", "kind": kind} for kind in ("all", "a\n\x1b[31m" + "b" * 99, None, "None", "null", 7)]
    counts = tally([*lines, {"verdict": "wrong"}], "kind")
    assert sum(counts["all"].values()) == 7 and counts["null"] == {"right": 1, "wrong": 1, "abstained": 0}
    assert len(counts) == 7 and '"all"' in counts and '"null"' in counts and "7" in counts
    shown = table(counts)
    assert len(shown.splitlines()) == 8 and "\x1b" not in shown and "…" in shown


def test_what_a_question_line_says_is_cleaned_like_a_record(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text(
        '{"question": "Who?", "answer": " Os\\u00adlo ", "label": "Lives in", "name": "Jo "}', encoding="utf-8"
    )
    (entry,) = read_questions(path)
    assert (entry["answer"], entry["name"]) == ("Oslo", "Jo")
    path.write_text('{"question": "Who?", "answer": "a\\u009b", "label": "Lives in"}', encoding="utf-8")
    with pytest.raises(InputError, match="answer holds a control character"):
        read_questions(path)


def test_question_files_with_mistakes(tmp_path):
    path = tmp_path / "questions.jsonl"
    for line, message in (
        ("{", "not valid JSON"),
        ('{"answer": null}', "the keys question"),
        ('{"question": "", "answer": null}', "line 1: the question is empty"),
        ('{"question": "Who?", "answer": "x", "field": "age"}', "field is 'age'"),
        ('{"question": "Who?", "answer": "x"}', "there is no label"),
        ('{"question": "Who?", "answer": "", "field": "movie"}', "answer is empty"),
        ('{"question": "Who?", "answer": null, "fname": 5}', "fname must be text"),
        ('{"question": "Who?", "answer": null, "note": "\\ud800"}', "surrogate"),
        ("[" * 100_000, "not valid JSON"),
        ("", "no question"),
    ):
        path.write_text(line, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_questions(path)


@pytest.mark.parametrize(
    "wrong",
    [{"gates": word} for word in ("off", 0, 1, None, [])]
    + [{"temperature": heat} for heat in ("0.5", None, True, -1, float("nan"))]
    + [{"seed": seed} for seed in ("7", 1.5, True, -1, 2**63)],
    ids=str,
)
def test_the_wrong_type_is_refused_and_not_taken_for_true(wrong):
    with pytest.raises(InputError, match="was expected"):
        Pipeline(untrained(), Memory()).ask("Where does Jo Doe live?", **wrong)
    with pytest.raises(InputError, match="bool was expected"):
        Gates(tag="off")


def test_single_gates_can_be_switched_off(pipeline):
    question = "Where does Muchiri T'Chala live?"
    assert pipeline.ask(question).abstained
    answer = pipeline.ask(question, gates=Gates(record=False))
    assert answer.content and "T'Challa" in answer.content  # the nearest record is taken for the one asked about
