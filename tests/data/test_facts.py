"""Open records: which columns they have, in what order, what may stand side by side, and how they are asked about."""

from collections import Counter
from dataclasses import replace
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from momem_lib.data.facts import Fact, Headers, content_words, own_words, value_of_kind
from momem_lib.data.grammar import KINDS_OF_VALUE, SPLITS, Phrasing, filled
from momem_lib.data.questions import PhrasingPool
from momem_lib.data.records import FIELDS, LABELS
from momem_lib.data.rows import MOST_FACTS, RowMaker, SynthesisConfig, row_stream, wordings_of

OPEN = SynthesisConfig(classic_share=0.0)


@pytest.fixture(scope="module")
def maker(material):
    """Draws open records of the training split."""
    return RowMaker(material, OPEN, "train")


@pytest.fixture(scope="module")
def records(maker):
    """The facts of a thousand open records of either language."""
    return [(language, maker.facts(language, "Jo Doe")[0]) for language in ("en", "sw") for _ in range(1000)]


# ---- which columns, and in what order


def test_open_records_hold_two_to_fourteen_facts_with_labels_that_differ(records):
    sizes = Counter(len(facts) for _, facts in records)
    assert set(range(2, MOST_FACTS + 1)) <= sizes.keys() <= set(range(1, MOST_FACTS + 1))
    assert sizes[1] < 0.01 * len(records)  # of two labels drawn, one was the other's double
    for _, facts in records:
        labels = [fact.label.casefold() for fact in facts]
        topics = [fact.topic for fact in facts if fact.topic]
        assert len(set(labels)) == len(labels) and len(set(topics)) == len(topics)
        assert "name" not in labels and not any(":" in label for label in labels)


def test_a_field_stands_at_any_place(records):
    places = Counter(place for _, facts in records for place, fact in enumerate(facts) if fact.topic == "hobbies")
    assert set(range(MOST_FACTS - 2)) <= places.keys() and max(places.values()) < 0.4 * places.total()


def test_the_six_fields_come_as_often_as_one_another_under_several_labels(records):
    drawn = [(fact.topic, fact.label) for _, facts in records for fact in facts if fact.topic in FIELDS]
    counts, labels = Counter(topic for topic, _ in drawn), Counter(drawn)
    assert min(counts.values()) > 0.8 * max(counts.values())
    for field in FIELDS:
        assert 0.5 < labels[field, LABELS[field]] / counts[field] < 0.8
        assert len([label for topic, label in labels if topic == field]) >= 5


def test_topics_phrases_and_random_words_all_head_columns(records):
    facts = [fact for _, facts in records for fact in facts]
    free = [fact.label for fact in facts if fact.topic is None]
    assert 0.3 < len(free) / len(facts) < 0.6 and len(set(free)) > 0.7 * len(free)
    assert len({fact.topic for fact in facts}) > 100


def test_classic_records_come_as_often_as_asked_and_in_their_order(material):
    rows = islice(row_stream(material, SynthesisConfig(classic_share=0.3), "train"), 800)
    labels = [tuple(row["record"])[1:] for row in rows if row["record"] and row["kind"] == "answerable"]
    assert 0.25 < sum(six == tuple(LABELS.values()) for six in labels) / len(labels) < 0.36


def test_the_asked_fact_may_stand_anywhere(material):
    rows = [row for row in islice(row_stream(material, OPEN, "train"), 1500) if row["kind"] == "answerable"]
    places = [list(row["record"]).index(row["label"]) / (len(row["record"]) - 1) for row in rows]
    assert 0.45 < sum(places) / len(places) < 0.65 and 1 in places


# ---- held out


@pytest.mark.parametrize("language", ["en", "sw"])
def test_no_header_word_phrase_or_held_out_topic_heads_columns_in_two_splits(material, language):
    headers = {split: Headers(material.grammars[language], material.lists, split) for split in SPLITS}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        for kind in ("words", "phrases"):
            assert not set(getattr(headers[one], kind)) & set(getattr(headers[other], kind))
    train = set(headers["train"].topics)
    held_out = [set(headers[split].topics) - train for split in ("validation", "test")]
    assert min(map(len, held_out)) >= 4 and not held_out[0] & held_out[1] and set(FIELDS) <= train


def test_what_is_held_out_heads_no_column_of_a_training_row(material, maker, records):
    for language, facts in records:
        allowed = Headers(material.grammars[language], material.lists, "train")
        assert {fact.topic for fact in facts} - {None} <= set(allowed.topics)
    grammar = material.grammars["en"]
    test = Headers(grammar, material.lists, "test")
    kept = {label for topic in set(test.topics) - set(maker.headers["en"].topics)
            for label in grammar.topics[topic].labels}  # fmt: skip
    rows = [row for row in islice(row_stream(material, OPEN, "train"), 1500) if row["language"] == "en"]
    labels = {label for row in rows if row["record"] for label in row["record"]}
    # By chance a twin of another label may read like one ("Best-loved film", with "dish" for its last word).
    assert len(kept) > 50 and len(kept & labels) <= 1
    drawn = islice(row_stream(material, OPEN, "test"), 600)
    assert kept & {label for row in drawn if row["record"] for label in row["record"]}


def test_the_topic_of_a_column_is_held_out_in_both_languages(material):
    english, swahili = (Headers(grammar, material.lists, "train") for grammar in material.grammars.values())
    shared = material.grammars["en"].topics.keys() & material.grammars["sw"].topics.keys()
    assert len(shared) > 60 and set(english.topics) & shared == set(swahili.topics) & shared


# ---- what may stand side by side


def asked(*variants):
    """A question of these wordings."""
    return Phrasing("en/x", "x", "direct", variants, ("{core}?",), "train")


@pytest.mark.parametrize("language", ["en", "sw"])
def test_no_fact_that_would_make_a_question_ambiguous_stays(material, maker, language):
    topics, seen = material.grammars[language].topics, 0
    for key, topic in topics.items():
        for other in topic.excludes & topics.keys():
            pair = [Fact("One", "1", key), Fact("Other", "2", other), Fact("Third", "3", None)]
            for mine, label in ((key, "One"), (other, "Other")):  # whichever of the two excludes the other
                kept = maker.unambiguous(language, pair, topics[mine], label, asked("what of {name}"))
                assert [fact.label for fact in kept] == [label, "Third"]
                seen += 1
    assert seen > 40


def test_a_near_question_meets_no_record_that_answers_it(material, maker):
    for family in material.grammars["en"].near.values():
        facts = [Fact(topic, "1", topic) for topic in family.excludes] + [Fact("Room", "2", None)]
        left = maker.unambiguous("en", facts, family, None, asked("what of {name}"))
        assert [fact.label for fact in left] == ["Room"]


@pytest.mark.parametrize(
    ("label", "stays"),
    [("Date", False), ("Birth date", False), ("date of the birth", False), ("Date of death", True), ("Place", True)],
)
def test_a_label_that_stands_whole_in_the_question_leaves_the_record(maker, label, stays):
    facts = [Fact("Date of birth", "1", None), Fact(label, "2", None)]
    kept = maker.unambiguous("en", facts, None, "Date of birth", asked("what is {name}'s date of birth"))
    assert [fact.label for fact in kept] == ["Date of birth", label][: 1 + stays]


def test_a_loose_question_asks_for_the_field_only_where_nothing_better_is_stored(material, maker):
    key, loose = next(iter(material.grammars["en"].loose.items()))
    assert key == "occupation unless employer" and loose.field == "occupation"
    facts = [Fact("Occupation", "Cook", "occupation"), Fact("Works for", "Acme", "employer")]
    (kept,) = maker.unambiguous("en", facts, loose, "Occupation", asked("where does {name} work"))
    assert kept.label == "Occupation"


# ---- a label's own words


@given(st.randoms(use_true_random=False), st.sampled_from(["Date of birth", "Blood group", "DOB", "Rent (month)"]))
def test_own_words_are_words_of_the_label(rng, label):
    said = content_words(own_words(rng, label, []).replace("'s", ""))
    bare = {word.rstrip("s") for word in content_words(label)}
    assert said and {word.rstrip("s") for word in said} <= bare


def test_own_words_come_in_every_form():
    said = Counter(own_words(rng, "Date of birth", ["Room"]) for rng in map(Random, range(2000)))
    assert {"Date of birth", "date of birth", "birth date", "date of births", "date birth"} <= said.keys()
    assert 0.4 < (said["date of birth"] + said["Date of birth"]) / said.total() < 0.8
    assert {own_words(Random(seed), "DOB", []) for seed in range(200)} <= {"DOB", "DOBs"}


def test_no_word_is_left_out_where_another_label_has_the_rest():
    others = ["Birth place", "Date hired"]
    said = {own_words(Random(seed), "Date of birth", others) for seed in range(2000)}
    assert not {"birth", "date", "of birth", "date of"} & {text.lower() for text in said}


def test_swahili_labels_are_neither_turned_round_nor_given_an_s():
    said = {own_words(Random(seed), "Namba ya simu", ["Kazi"], english=False) for seed in range(2000)}
    assert {text.lower() for text in said} <= {"namba ya simu", "namba simu", "ya simu", "namba ya"}


# ---- values


@pytest.mark.parametrize("kind", KINDS_OF_VALUE)
def test_values_suit_their_columns_and_differ(material, kind):
    pools = material.lists.values["train", "en"]
    values = {value_of_kind(Random(seed), kind, pools, "Jo Doe") for seed in range(300)}
    assert all(value and value == value.strip() for value in values)
    assert len(values) > {"yesno": 5, "colour": 6}.get(kind, 40)


def test_bare_records_hold_the_asked_value_alone(material):
    rows = islice(row_stream(material, replace(OPEN, bare_share=1.0, empty_share=0.0), "train"), 400)
    filled = [[label for label, value in row["record"].items() if value and label != "name"]
              for row in rows if row["kind"] == "answerable"]  # fmt: skip
    assert len(filled) > 100 and all(len(labels) == 1 for labels in filled)


def test_some_answerable_facts_are_not_filled_in_and_have_no_response(material):
    rows = islice(row_stream(material, replace(OPEN, empty_share=0.5), "train"), 400)
    empty = [row for row in rows if row["kind"] == "answerable" and not row["value"]]
    assert len(empty) > 40 and all(row["response"] is None and row["summary"].endswith(": ") for row in empty)


# ---- how they are asked about, and how answers are said


@pytest.mark.parametrize("language", ["en", "sw"])
def test_every_wording_of_every_field_keeps_a_fair_share(material, language):
    config = SynthesisConfig(languages=(language,), absent_share=0.0, near_share=0.0, nobody_share=0.0, noise_share=0.9)
    grammar, said = material.grammars[language], {field: Counter() for field in FIELDS}
    for row in islice(row_stream(material, config, "train"), 3000):
        for template in grammar.responses.get(row["asked"], ()):
            said[row["asked"]][template] += filled(template, row["name"], row["value"] or "") == row["response"]
    for field, counts in said.items():
        even = counts.total() / len(grammar.responses[field])
        assert even > 15 and min(counts.values()) > 0.5 * even and max(counts.values()) < 1.8 * even


def test_a_label_that_is_not_a_fields_own_is_said_as_it_is(material):
    grammar = material.grammars["en"]
    assert wordings_of(grammar, "location", "Lives in") == grammar.responses["location"]
    for asked_for, label in (("location", "Home town"), ("Lives in", "Lives in"), ("Room", "Room"), ("DOB", "DOB")):
        words = label if label == "DOB" else label[0].lower() + label[1:]
        texts = wordings_of(grammar, asked_for, label)
        assert len(set(texts)) == len(grammar.open_responses) and all(words in text for text in texts)


@pytest.mark.parametrize("language", ["en", "sw"])
def test_no_way_to_ask_for_any_label_drowns_the_others(material, language):
    pool, rng = PhrasingPool(material.grammars[language], ("train",)), Random(0)
    drawn = Counter(pool.draw(rng, "open").id for _ in range(4000))
    assert len(drawn) > 40 and max(drawn.values()) < 0.1 * drawn.total()


def test_two_names_stand_in_a_question_about_one(material, monkeypatch):
    monkeypatch.setattr(RowMaker, "other_name", lambda _: "Zebedee Quill")
    for share, least, most in ((0.0, 0.0, 0.0), (1.0, 0.35, 0.75)):  # not every form of question has room for another
        config = SynthesisConfig(two_names_share=share, chat_share=0.0, noise_share=0.0, languages=("en",))
        rows = [row for row in islice(row_stream(material, config, "train"), 300) if row["record"]]
        assert least <= sum("zebedee quill" in row["question"].lower() for row in rows) / len(rows) <= most
        assert all(row["name"] in row["question"] and "{other}" not in row["question"].lower() for row in rows)


def test_chat_wraps_a_question_in_side_remarks(material):
    config = SynthesisConfig(chat_share=1.0, noise_share=0.0, two_names_share=0.0, languages=("en",))
    rows = [row for row in islice(row_stream(material, config, "train"), 400) if row["record"]]
    words = sorted(len(row["question"].split()) for row in rows)
    assert 15 < words[len(words) // 2] < 40 and words[int(0.98 * len(words))] < 70
    assert all(row["name"] in row["question"] and "{other}" not in row["question"] for row in rows)
