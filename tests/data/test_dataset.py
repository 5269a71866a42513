"""The data: deterministic, cut into splits that share nothing, well formed, never cut to a window."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from momem_lib.data.dataset import fits, questions_and_people, read_rows, write_dataset
from momem_lib.data.grammar import SPLITS, check_templates, cores_of, filled, read_grammar, split_of, variants_of
from momem_lib.data.lists import LIST_OF_FIELD, read_list
from momem_lib.data.people import read_people, write_people
from momem_lib.data.questions import question_text, typo
from momem_lib.data.records import FIELDS, LABELS, Record
from momem_lib.data.rows import KINDS, SynthesisConfig, empty_row, load_material, row_stream, single_words
from momem_lib.data.styles import PARTICLES, STYLES, SUFFIXES, clear_name, shuffled
from momem_lib.data.tasks import HIDDEN_NAME, around_name, hide_name
from momem_lib.project import LISTS, ROOT, TEMPLATES, InputError


@pytest.fixture(scope="session")
def rows(material):
    """4,000 rows of train and 1,500 each of validation and test."""
    counts = {"train": 4000, "validation": 1500, "test": 1500}
    return {split: list(islice(row_stream(material, SynthesisConfig(), split), counts[split])) for split in SPLITS}


@pytest.fixture
def tiny(tmp_path):
    """Folders of small lists and of the Swahili templates, to be broken."""
    lists, templates = tmp_path / "lists", tmp_path / "templates"
    lists.mkdir()
    for name in ["first_names", "last_names", "words_en", "words_sw", *LIST_OF_FIELD.values()]:
        lines = [f"{name.title()} {number},en" for number in range(80)]
        (lists / f"{name}.csv").write_text("value,language\n" + "\n".join(lines) + "\n", encoding="utf-8")
    templates.mkdir()
    shutil.copy(TEMPLATES / "sw.json", templates)
    return lists, templates


# ---- grammar


def test_phrasings_are_many(material):
    for language, cores, responses in (("en", 60, 6), ("sw", 12, 4)):
        grammar = material.grammars[language]
        for field in FIELDS:
            written = [p for p in grammar.phrasings[field] if p.form in ("direct", "indirect", "whole")]
            assert len(written) >= cores, (language, field)
            assert len(grammar.phrasings[field]) >= 4 * cores
            assert len(grammar.responses[field]) >= responses
            assert len({p.form for p in grammar.phrasings[field]}) == 6
        assert len(grammar.topics) >= 100 and len(grammar.near) >= 30 and len(grammar.headers) >= 400
        assert len(grammar.nobody) > 100 and len(grammar.two_names) >= 30 and len(grammar.chat["before"]) >= 30


def test_every_split_has_phrasings_of_every_field(material):
    for grammar in material.grammars.values():
        for field in FIELDS:
            ids = {split: {p.id for p in grammar.phrasings[field] if p.split == split} for split in SPLITS}
            assert len(ids["validation"]) >= 3 and len(ids["test"]) >= 3 and len(ids["train"]) > 100
            assert not ids["train"] & ids["test"] and not ids["train"] & ids["validation"]
        for key in (*grammar.near, *grammar.loose):
            assert {p.split for p in grammar.phrasings[key]} == set(SPLITS), key


def test_responses_are_short_and_hold_both_slots(material):
    for grammar in material.grammars.values():
        for templates in grammar.responses.values():
            assert len(set(templates)) == len(templates)
            for template in templates:
                assert template.count("{name}") == template.count("{value}") == 1
                assert len(template.replace("{name}", "").replace("{value}", "")) <= 70


AMBIGUOUS = {"who runs it"}  # a town or a school: no record is about both


def test_no_core_asks_for_two_things_that_a_record_may_hold_side_by_side(material):
    for grammar in material.grammars.values():
        seen, things = {}, grammar.topics | grammar.near
        for key, thing in things.items():
            for phrasing in grammar.phrasings[key]:
                core = phrasing.id.split("/", 2)[2]
                other = seen.setdefault(core, key)
                alike = {key, other} <= grammar.near.keys() or core in AMBIGUOUS
                rivals = things[other].excludes | thing.excludes
                assert other == key or alike or {key, other} & rivals, (core, key, other)


def test_keywords_give_one_field_away(material):
    for grammar in material.grammars.values():
        for field in FIELDS:
            others = {word for other in FIELDS if other != field for word in grammar.keywords[other]}
            assert not others & set(grammar.keywords[field])


def test_patterns_expand():
    assert cores_of("a (b|c) {name}") == ["a b {name}", "a c {name}"]
    assert cores_of("rest (in [his|her] bed|on [his|her] sofa)") == ["rest in [his|her] bed", "rest on [his|her] sofa"]
    assert cores_of("no choice (really) {name}") == ["no choice (really) {name}"]
    assert variants_of("[he|she|they] and [his|her|their]") == ("he and his", "she and her", "they and their")


def broken(change):
    data = json.loads((TEMPLATES / "en.json").read_text(encoding="utf-8"))
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("leads"), "no 'leads'"),
        (lambda d: d.pop("language"), '"language"'),
        (lambda d: d["fields"].pop("music"), "'fields/music' lacks"),
        (lambda d: d["fields"]["music"].pop("responses"), "lacks 'responses'"),
        (lambda d: d["fields"].update(music=3), "'fields/music'"),
        (lambda d: d.update(fields=[]), "'fields'"),
        (lambda d: d["fields"]["music"]["direct"].append("what does he hum"), "should hold {name}"),
        (lambda d: d["fields"]["music"]["responses"].append("{value}."), "{name}, {value}"),
        (lambda d: d["fields"]["music"]["responses"].append("{name} {name} {value}"), "each once"),
        (lambda d: d["leads"]["direct"].update({"hm?": 1}), "should hold {core}"),
        (lambda d: d["leads"]["direct"].update({"{core}!": 0}), "whole number"),
        (lambda d: d["openings"].append(7), "text was expected"),
        (lambda d: d["openings"].append("oh {name}, "), "no slot"),
        (lambda d: d.update(openings="hi"), "list of texts"),
        (lambda d: d.update(openings=[]), "'openings'"),
        (lambda d: d["fields"]["music"]["direct"].append("what [does he {name} hum"), "open bracket"),
        (lambda d: d["fields"]["music"]["direct"].append("what (does {name} hum"), "open bracket"),
        (lambda d: d["near"].clear(), "near"),
        (lambda d: d["things"].pop("music"), "things/music"),
        (lambda d: d["topics"].update(age={}), "topics/age"),
        (lambda d: d["topics"]["age"].update(kind="years"), "one of number, date"),
        (lambda d: d["chat"].pop("after"), "chat/after"),
        (lambda d: d["two_names"].append("not {other}, but {name}?"), "one of {core}, {indirect}"),
        (lambda d: d["open_questions"].update({"what of {name}": 1}), "should hold {label}, {name}"),
        (lambda d: d["open_responses"].append("{name}: {value}"), "{label}, {name}, {value}"),
    ],
)
def test_broken_templates_are_refused(change, message):
    with pytest.raises(InputError) as error:
        check_templates(broken(change), "en.json")
    assert "en.json" in str(error.value) and message in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"language": "en"}', "null", "[" * 100000])
def test_a_template_file_that_is_no_grammar_is_refused(tmp_path, text):
    path = tmp_path / "en.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"en\.json"):
        read_grammar(path)


# ---- lists


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "value,language"),
        ("name\nJo\n", "value,language"),
        ("value,language\n", "empty"),
        ("value,language\nJo\n", "row 2"),
        ("value,language\n ,en\n", "row 2"),
        ('value,language\n"J\no",en\n', "line break"),
        ("value,language\nJo,en\n", "too short"),
    ],
)
def test_broken_lists_are_refused(tiny, text, message):
    lists, templates = tiny
    (lists / "music.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        load_material(lists, templates)
    assert "music.csv" in str(error.value)


def test_missing_lists_and_templates_are_refused(tiny, tmp_path):
    lists, templates = tiny
    with pytest.raises(InputError, match="no template file"):
        load_material(lists, tmp_path / "nowhere")
    (lists / "words_sw.csv").unlink()
    with pytest.raises(InputError, match=r"words_sw\.csv"):
        load_material(lists, templates)


def test_shipped_lists_fit_the_splits(material):
    for value, split in list(material.lists.splits.items())[::50]:
        assert split == split_of(value, "entry")
    for name in LIST_OF_FIELD.values():
        assert len(read_list(LISTS / f"{name}.csv")) >= 300


# ---- rows


def all_rows(rows):
    return [row for split in SPLITS for row in rows[split]]


def test_rows_are_whole_and_consistent(rows):
    for row in all_rows(rows):
        assert row.keys() == empty_row("", "", "", "", "").keys()
        assert row["kind"] in KINDS and row["style"] in STYLES and row["question"].strip() == row["question"] != ""
        assert not {"\n", "[", "|"} & set(row["question"].replace(row["name"] or "", "")) or row["phrasing"] == "noise"
        if row["kind"] == "nobody":
            assert row["name"] is row["record"] is row["content"] is None
            continue
        name, record = row["name"], row["record"] and Record(row["record"]["name"], tuple(row["record"].items())[1:])
        assert name and name in row["question"] and clear_name(name)
        if row["kind"] == "stranger":
            assert row["content"] is record is None
            assert row["bearer"] is None or name.casefold() != row["bearer"]["name"].casefold()
        else:
            assert name.casefold() == record.name.casefold() and record.content == row["content"]
            assert all(value == value.strip() for _, value in record.facts)
        if row["kind"] == "answerable":
            assert row["value"] == row["record"][row["label"]] and row["summary"] in row["content"]
            assert row["summary"] == f"{row['label']}: {row['value']}"
            assert (row["response"] is None) == (row["value"] == "")
        if row["response"]:
            assert name in row["response"] and row["value"] in row["response"]
            assert len(row["response"]) <= len(name) + len(row["value"]) + len(row["label"]) + 70
        elif not row["value"] == "":
            assert row["response"] is row["summary"] is row["value"] is row["label"] is None


def test_splits_share_nothing(material, rows):
    words = {split: set() for split in SPLITS}
    values = {split: set() for split in SPLITS}
    phrasings = {split: set() for split in SPLITS}
    for row in all_rows(rows):
        phrasings[row["split"]].add(row["phrasing"])
        if row["record"]:
            words[row["split"]].add(row["record"]["name"])
            values[row["split"]].update(value for label, value in row["record"].items() if label in LABELS.values())
    for split in SPLITS:
        for entry in words[split] | values[split]:
            assert material.lists.splits.get(entry, split) == split
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert phrasings[one] & phrasings[other] <= {"noise"}
        listed = values[one] & values[other] & material.lists.splits.keys()
        assert not listed


def test_shares_are_as_configured(rows):
    train = rows["train"]
    share = lambda test: sum(map(test, train)) / len(train)  # noqa: E731
    for kind, wanted in (("nobody", 0.08), ("stranger", 0.05), ("near", 0.15), ("absent", 0.15), ("answerable", 0.57)):
        assert wanted - 0.02 < share(lambda row, kind=kind: row["kind"] == kind) < wanted + 0.02
    assert 0.65 < share(lambda row: row["language"] == "en") < 0.75
    assert 0.02 < share(lambda row: row["phrasing"] == "noise") < 0.08
    assert not any(row["phrasing"] == "noise" for row in rows["test"])
    assert any(row["phrasing"] == "noise" for row in rows["validation"])
    for style in STYLES:
        assert share(lambda row, style=style: row["style"] == style) > 0.03, style
    named = [row for row in train if row["record"]]
    recased = sum(row["name"] != row["record"]["name"] for row in named) / len(named)
    assert 0.03 < recased < 0.08
    names = [row["name"].count(" ") + 1 for row in named if row["style"] == "plain"]
    assert {1, 2, 3, 4, 5} <= set(names)


def test_questions_about_a_field_differ(rows):
    questions = [row["question"].replace(row["name"], "X") for row in rows["train"] if row["kind"] == "answerable"]
    assert len(set(questions)) > 0.97 * len(questions)


def test_prob_threshold_shuffles(material):
    for threshold, style in ((1.0, "shuffled"), (0.0, "plain")):
        config = SynthesisConfig(prob_threshold=threshold)
        drawn = [row for row in islice(row_stream(material, config, "train"), 400) if row["kind"] != "nobody"]
        assert style not in {row["style"] for row in drawn}


def test_blended_names_are_nearly_all_new(material):
    drawn = row_stream(material, SynthesisConfig(blend_share=1.0, prob_threshold=1.0), "train")
    names = [row["name"] for row in islice(drawn, 400) if row["record"] and row["style"] == "plain"]
    known = set(material.lists.names["first"]["train"])
    assert sum(name.split(" ")[0] in known for name in names) < 0.3 * len(names)
    assert len(set(names)) > 0.9 * len(names)


def test_odd_words_stand_in_names_as_often_as_asked(material):
    entries = [entry for key in ("first", "last") for entry in material.lists.names[key]["train"]]
    listed = {word for text in (*entries, *PARTICLES, *SUFFIXES) for word in text.split()}

    def odd(share):
        drawn = row_stream(material, SynthesisConfig(odd_share=share, prob_threshold=1.0), "train")
        names = [row["record"]["name"] for row in islice(drawn, 600) if row["record"] and row["style"] == "plain"]
        assert all(clear_name(name) for name in names)
        return sum(bool(set(name.split()) - listed) for name in names) / len(names)

    none, half, every = odd(0.0), odd(0.5), odd(1.0)  # some odd words happen to stand in a list
    assert none < 0.25 < 0.35 < half < 0.65 < 0.75 < every


def test_keywords_stand_in_names_as_often_as_asked(material):
    keywords = {language: set(single_words(grammar)) for language, grammar in material.grammars.items()}
    assert {"melody", "flat"} <= keywords["en"] and "filamu" in keywords["sw"]
    assert not any(" " in word or len(word) < 3 for words in keywords.values() for word in words)

    def of_keywords(share):
        config = SynthesisConfig(keyword_share=share, prob_threshold=1.0, thing_share=0.0)
        people = [row for row in islice(row_stream(material, config, "train"), 600) if row["record"]]
        assert all(clear_name(row["record"]["name"]) for row in people)
        capitals = {language: {word.capitalize() for word in words} for language, words in keywords.items()}
        return sum(bool(set(row["record"]["name"].split()) & capitals[row["language"]]) for row in people) / len(people)

    assert of_keywords(0.0) < 0.02 and 0.4 < of_keywords(0.5) < 0.6 and of_keywords(1.0) == 1


def test_the_names_of_other_splits_are_no_keywords_to_train_on(material):
    assert material.lists.splits["Melody"] == "validation"
    config = SynthesisConfig(keyword_share=1.0)
    drawn = [row for row in islice(row_stream(material, config, "train"), 3000) if row["record"]]
    words = {word for row in drawn for word in row["record"]["name"].split()}
    assert not words & {"Melody", "Field", "Poet"} and {"Account", "Shoes"} <= words


def test_names_end_in_s_as_often_as_asked(material):
    def ending(share):
        config = SynthesisConfig(final_s_share=share, prob_threshold=1.0, thing_share=0.0)
        names = [row["record"]["name"] for row in islice(row_stream(material, config, "train"), 900) if row["record"]]
        assert all(clear_name(name) for name in names)
        latin = [name for name in names if "a" <= name[-1].lower() <= "z"]
        return sum(name[-1] in "sS" for name in latin) / len(latin)

    none, half, every = ending(0.0), ending(0.5), ending(1.0)  # some end in s without
    assert none < 0.2 < 0.4 < half < 0.7 < every == 1


@pytest.mark.parametrize(
    ("question", "name", "read"),
    [
        ("Is Jo a Jogger? Jo jogs.", "Jo", "Is <name> a Jogger? Jo jogs."),
        ("Jogger, where does Jo live?", "Jo", "Jogger, where does <name> live?"),
        ("Answer me: what is An's job?", "An", "Answer me: what is <name>'s job?"),
        ("李住在哪里", "李", "<name>住在哪里"),
        ("Who is $tev0 (K)? And $tev0?", "$tev0 (K)", "Who is <name>? And $tev0?"),
        ("where does jo DOE live", "Jo Doe", "where does <name> live"),
        ("Where does Jo live?", "Al", "Where does Jo live?"),
        ("Where does Jo live?", None, "Where does Jo live?"),
        ("Where does Jo live?", "", "Where does Jo live?"),
        ("What is <name>'s job?", "<name>", "What is <name>'s job?"),
    ],
)
def test_a_name_is_hidden_where_it_stands(question, name, read):
    assert hide_name(question, name) == read
    before, found, after = around_name(question, name)
    assert before + found + after == question and found.casefold() in (name or "").casefold()


def test_no_question_that_module_2_trains_on_tells_the_name(material):
    rows = [row for row in islice(row_stream(material, SynthesisConfig(name_case_share=0.3), "train"), 2000)]
    named = [row for row in rows if row["name"]]
    hidden = [hide_name(row["question"], row["name"]) for row in named]
    assert len(named) > 1500 and all(text.count(HIDDEN_NAME) == 1 for text in hidden)
    assert all(
        text.replace(HIDDEN_NAME, row["name"]) == row["question"] for text, row in zip(hidden, named, strict=True)
    )


def test_typos_come_as_often_as_asked(material):
    phrasing = material.grammars["en"].phrasings["location"][0]

    def questions(share):
        return [question_text(Random(n), material.grammars["en"], phrasing, "Jo Doe", typos=share) for n in range(200)]

    without, half, all_of_them = questions(0.0), questions(0.5), questions(1.0)
    slips = [sum(a != b for a, b in zip(without, other, strict=True)) for other in (half, all_of_them)]
    assert 70 < slips[0] < 130 and slips[1] > 180


def test_the_config_says_how_often_typos_come(material):
    config = SynthesisConfig(noise_share=0.0, absent_share=0.0, near_share=0.0, nobody_share=0.0)
    one, other = (next(row_stream(material, replace(config, typo_share=share), "train")) for share in (0.0, 1.0))
    assert one["name"] == other["name"] and one["question"] != other["question"]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(SPLITS))
def test_any_seed_gives_sound_rows(material, seed, split):
    for row in islice(row_stream(material, SynthesisConfig(seed=seed), split, "any"), 5):
        assert row["name"] is None or row["name"] in row["question"]
        assert row["response"] is None or row["value"] in row["response"]


@given(st.randoms(use_true_random=False), st.text(max_size=30), st.text(max_size=30))
def test_a_typo_stays_away_from_the_name(rng, before, after):
    left, right = typo(rng, before, after)
    assert left[-1:] == before[-1:] and right[:2] == after[:2]
    assert abs(len(left) + len(right) - len(before) - len(after)) <= 1


@given(st.randoms(use_true_random=False), st.text(min_size=1, max_size=30))
def test_shuffling_keeps_the_characters(rng, text):
    assert sorted("".join(shuffled(rng, text).split())) == sorted("".join(text.split()))


@pytest.mark.parametrize(
    "name", ["Ngũgĩ wa Thiong'o", "X Æ van der Berg", "$tev0 Ca$hmoney", "{core}", "Bob Jr.", "李"]
)
def test_a_name_is_never_changed(material, name):
    from random import Random

    rng = Random(1)
    for grammar in material.grammars.values():
        for field in FIELDS:
            for phrasing in grammar.phrasings[field][::40]:
                assert name in question_text(rng, grammar, phrasing, name)


def test_a_response_template_is_filled_once():
    assert filled("{name} lives in {value}.", "{value}", "{name}") == "{value} lives in {name}."


def test_phrasings_can_be_chosen(material):
    config = SynthesisConfig()
    splits = {p.id: p.split for grammar in material.grammars.values() for ps in grammar.phrasings.values() for p in ps}
    splits |= {p.id: p.split for grammar in material.grammars.values() for p in grammar.nobody}
    ids = {
        kind: {splits[row["phrasing"]] for row in islice(row_stream(material, config, "test", kind), 300)}
        for kind in ("known", "held-out")
    }
    assert ids == {"known": {"train"}, "held-out": {"test"}}
    for split, kind, message in (
        ("test", "new", "known, held-out"),
        ("train", "held-out", "train"),
        ("all", "any", "split"),
    ):
        with pytest.raises(InputError, match=message):
            next(row_stream(material, config, split, kind))


def test_one_language_works(material, tmp_path):
    for language in ("en", "sw"):
        config = SynthesisConfig(num_datapoints=50, languages=(language,))
        write_dataset(config, tmp_path, material, progress=False)
        assert {row["language"] for row in read_rows(tmp_path / "train.jsonl")} == {language}
    with pytest.raises(InputError, match="'fr'"):
        write_dataset(SynthesisConfig(languages=("fr",)), tmp_path, material, progress=False)


# ---- files


SCRIPT = """
import sys
from momem_lib.data.dataset import SynthesisConfig, write_dataset
write_dataset(SynthesisConfig(600), sys.argv[1], progress=False)
"""


def test_two_processes_write_the_same_bytes(tmp_path):
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / seed)], env=environment, check=True, cwd=tmp_path)
    for name in ("train.jsonl", "validation.jsonl", "test.jsonl", "dataset.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_dataset_is_made_once_and_another_one_sets_it_aside(material, tmp_path):
    cards = [write_dataset(SynthesisConfig(50, seed=seed), tmp_path, material, progress=False) for seed in (0, 0, 1)]
    assert cards[0]["splits"] == cards[1]["splits"] != cards[2]["splits"]
    kept = tmp_path / "previous"
    assert json.loads((kept / "dataset.json").read_text(encoding="utf-8"))["splits"] == cards[0]["splits"]
    assert len(read_rows(kept / "train.jsonl")) == 50 and not (tmp_path / "previous-2").exists()
    (tmp_path / "train.jsonl").write_text("{}", encoding="utf-8")  # damaged: made anew
    assert (
        write_dataset(SynthesisConfig(50, seed=1), tmp_path, material, progress=False)["splits"] == cards[2]["splits"]
    )
    assert len(read_rows(tmp_path / "train.jsonl")) == 50


def test_another_seed_gives_other_rows(material, tmp_path):
    cards = [
        write_dataset(SynthesisConfig(100, seed=seed), tmp_path / str(seed), material, progress=False)
        for seed in (0, 1)
    ]
    assert cards[0]["splits"]["train"]["sha256"] != cards[1]["splits"]["train"]["sha256"]


def test_the_window_leaves_out_and_never_cuts(material, tmp_path):
    config = SynthesisConfig(num_datapoints=300, context_window=230)
    card = write_dataset(config, tmp_path, material, progress=False)
    assert card["counts"] == {"train": 300, "validation": 200, "test": 200} and card["left_out"] > 0
    written = read_rows(tmp_path / "train.jsonl")
    drawn = list(islice(row_stream(material, config, "train"), 300 + card["splits"]["train"]["left_out"]))
    assert [row for row in drawn if fits(row, 230)] == written
    assert all(len((row["content"] or "").encode()) <= 230 for row in written)
    assert json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8"))["counts"] == card["counts"]
    with pytest.raises(InputError, match="context window"):
        write_dataset(SynthesisConfig(context_window=20), tmp_path, material, progress=False)
    assert json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8"))["counts"] == card["counts"]
    assert read_rows(tmp_path / "train.jsonl") == written  # what failed has not harmed what stood there
    assert not list(tmp_path.glob(".making*"))


def test_bad_settings_are_refused(material, tmp_path):
    for wrong in ({"num_datapoints": 0}, {"prob_threshold": 2.0}, {"typo_share": "often"}, {"languages": ()}):
        with pytest.raises(InputError):
            write_dataset(SynthesisConfig(**wrong), tmp_path, material, progress=False)


@pytest.mark.parametrize(
    ("text", "message"), [("", "empty"), ("{}\n", "line 1"), ("\n{", "line 2"), ("[1]\n", "line 1")]
)
def test_a_broken_dataset_is_refused(tmp_path, text, message):
    path = tmp_path / "train.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_rows(path)
    with pytest.raises(InputError, match="does not exist"):
        read_rows(tmp_path / "nothing.jsonl")


def test_pandas_reads_a_dataset_in_one_line(material, tmp_path):
    pandas = pytest.importorskip("pandas")
    write_dataset(SynthesisConfig(50), tmp_path, material, progress=False)
    frame = pandas.read_json(tmp_path / "train.jsonl", lines=True)
    assert len(frame) == 50 and {"question", "name", "response"} <= set(frame.columns)


# ---- questions for the evaluation


def test_questions_and_people(material, tmp_path):
    questions, people = questions_and_people(material, SynthesisConfig(), "test", 400, phrasings="known")
    assert len(questions) == 400
    names = [person.name.casefold() for person in people]
    assert len(set(names)) == len(names)
    write_people(tmp_path / "people.jsonl", people)
    assert read_people(tmp_path / "people.jsonl") == people
    known = {person.name.casefold(): person for person in people}
    for question in questions:
        if question["answer"]:
            assert known[question["name"].casefold()].value(question["label"]) == question["answer"]
        else:
            assert question["answer"] is None
            assert question["kind"] != "answerable" or known[question["name"].casefold()].value(question["label"]) == ""
    kinds = {question["kind"] for question in questions}
    assert kinds == set(KINDS)


def test_questions_can_be_chosen(material):
    questions, _ = questions_and_people(
        material, SynthesisConfig(), "test", 60, language="sw", styles=("plain", "long"), kinds=("answerable",)
    )
    assert {q["language"] for q in questions} == {"sw"} and {q["style"] for q in questions} <= {"plain", "long"}
    with pytest.raises(InputError, match="'never' is none of"):
        questions_and_people(material, SynthesisConfig(), "test", 5, kinds=("never",))


# ---- the same rows as ever


ALL_SHARES = SynthesisConfig(bare_share=0.2, blend_share=0.2, odd_share=0.2, final_s_share=0.2, keyword_share=0.2)


@pytest.mark.parametrize(
    ("config", "split", "expected"),
    [
        (SynthesisConfig(), "train", "e7f2598cdf50"),
        (SynthesisConfig(), "test", "718637ebe7f4"),
        (ALL_SHARES, "train", "40da5d88f42f"),
        (ALL_SHARES, "validation", "34c930f967c2"),
    ],
)
def test_rows_are_those_of_this_recipe(material, config, split, expected):
    made = json.dumps(list(islice(row_stream(material, config, split), 300)), sort_keys=True)
    found = hashlib.sha256(made.encode()).hexdigest()[:12]
    assert found == expected, "other rows than before: if no list or template changed, raise rows.RECIPE"
