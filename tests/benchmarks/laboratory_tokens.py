"""Experiment (e) of notebook 12: names outside the alphabet and of growing length, under three kinds of tokens."""

from collections.abc import Sequence
from random import Random

from momem_lib.course.nb12 import PHRASINGS, SMALL_FIELDS, Watched, short_lists, small_config, train_watched
from momem_lib.data.scripts import SCRIPTS, pick, script_word
from momem_lib.data.tasks import TASKS, frame
from momem_lib.data.tokens import SPECIALS, TOKENIZER
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.nn.generation import generate
from momem_lib.nn.inputs import make_inputs
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError
from momem_lib.training.batches import TokenSet

UNKNOWN = 255  # the number that stands for every character outside a fixed alphabet
SCRIPT_GROUPS = {"English letters": None, "Łódź, Zoë": "Latin", "Cyrillic": "Cyrillic", "Devanagari": "Devanagari",
                 "Han": "Han", "emoji": "emoji"}  # fmt: skip
LENGTHS = (8, 16, 32, 64)  # letters of a name; the training names have 5 to 17


class Bytes:
    """Bytes, as the library has them: 256 numbers, and every string can be written.

    Example:
        >>> Bytes().encode("né"), Bytes().decode([110, 195, 169])
        ([110, 195, 169], 'né')
    """

    name, vocab_size = "bytes", TOKENIZER.vocab_size

    def encode(self, text: str) -> list[int]:
        """Text to numbers."""
        return TOKENIZER.encode(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Numbers to text; special tokens are left out."""
        return TOKENIZER.decode(list(tokens))


class Characters:
    """A fixed alphabet, as the first systems had it: the printable signs of an English keyboard, and one unknown sign.

    Example:
        >>> alphabet = Characters()
        >>> alphabet.decode(alphabet.encode("Zoë"))
        'Zo�'
    """

    name, vocab_size = "fixed characters", TOKENIZER.vocab_size

    def encode(self, text: str) -> list[int]:
        """Text to numbers; what is not in the alphabet becomes UNKNOWN."""
        return [ord(sign) if 32 <= ord(sign) < 127 else UNKNOWN for sign in text]

    def decode(self, tokens: Sequence[int]) -> str:
        """Numbers to text; nobody can say any more what an unknown sign was."""
        return "".join("\ufffd" if token == UNKNOWN else chr(token) for token in tokens if token < 256)


class Pairs:
    """Byte-pair encoding, learned from the training questions; its tokens come after the special ones.

    Example:
        >>> pairs = Pairs(["Where does Jo live?"] * 9, merges=4)
        >>> pairs.decode(pairs.encode("Where is Zoë?")), len(pairs.encode("Where")) < 5
        ('Where is Zoë?', True)
    """

    name = "byte pairs (BPE)"

    def __init__(self, texts: Sequence[str], merges: int = 300):
        self.tokenizer = BPETokenizer.train("\n".join(texts), 256 + merges)
        self.vocab_size = self.tokenizer.vocab_size + len(SPECIALS)

    def encode(self, text: str) -> list[int]:
        """Text to numbers."""
        return [token + len(SPECIALS) * (token >= 256) for token in self.tokenizer.encode(text)]

    def decode(self, tokens: Sequence[int]) -> str:
        """Numbers to text; special tokens are left out."""
        kept = [token for token in tokens if not 256 <= token < TOKENIZER.vocab_size]
        return self.tokenizer.decode([token - len(SPECIALS) * (token >= 256) for token in kept])


Alphabet = Bytes | Characters | Pairs


def script_name(rng: Random, script: str | None, split: str) -> str:
    """A name of two words: from the lists of a split, or random words of a script."""
    if script is None:
        lists = short_lists(split)
        return f"{pick(rng, lists['first'])} {pick(rng, lists['last'])}"
    if script not in SCRIPTS:
        raise InputError(f"no script {script!r}; one of {', '.join(SCRIPTS)} was expected")
    return f"{script_word(rng, script)} {script_word(rng, script)}"


def long_name(rng: Random, length: int) -> str:
    """An English-looking name of exactly so many letters and spaces.

    Example:
        >>> len(long_name(Random(0), 32))
        32
    """
    words = short_lists("test")["last"]
    name = pick(rng, words)
    while len(name) < length:
        name += " " + pick(rng, words)
    return name[: length - 1].rstrip().ljust(length, "a")


def question_about(rng: Random, name: str) -> dict:
    """One question about a name, as Module 0 needs it."""
    return {"question": pick(rng, PHRASINGS[pick(rng, SMALL_FIELDS)]).format(name=name), "name": name}


def training_names(count: int, seed: int = 0) -> list[dict]:
    """Questions to learn from: three names of four are English, the others of any script."""
    rng, scripts = Random(f"names|{seed}"), tuple(SCRIPTS)
    choose = (pick(rng, scripts) if rng.random() < 0.25 else None for _ in range(count))
    return [question_about(rng, script_name(rng, script, "train")) for script in choose]


def exams(count: int) -> dict[str, dict[str, list[dict]]]:
    """Questions about unseen names: by script, and by length in letters."""
    rng = Random("exams")
    by_script = {
        group: [question_about(rng, script_name(rng, script, "test")) for _ in range(count)]
        for group, script in SCRIPT_GROUPS.items()
    }
    by_length = {str(size): [question_about(rng, long_name(rng, size)) for _ in range(count)] for size in LENGTHS}
    return {"script": by_script, "length": by_length}


def named_tokens(alphabet: Alphabet, rows: Sequence[dict]) -> TokenSet:
    """Questions and names as tokens of an alphabet."""
    prompts = [frame("<prompt>", alphabet.encode(row["question"]), "</prompt>") for row in rows]
    targets = [frame("<tag>", alphabet.encode(row["name"]), "</tag>") for row in rows]
    nothing = [[]] * len(rows)  # neither a source nor its spans
    return TokenSet(TASKS["ner"], nothing, nothing, prompts, targets)


def names_found(model: Transformer, alphabet: Alphabet, rows: Sequence[dict]) -> list[str]:
    """What a model writes for each question, greedily."""
    prompts = [frame("<prompt>", alphabet.encode(row["question"]), "</prompt>") for row in rows]
    inputs = make_inputs(None, prompts, [[TOKENIZER.id("<tag>")]] * len(rows))
    longest = max(len(alphabet.encode(row["name"])) for row in rows) + 4
    return [alphabet.decode(result.tokens) for result in generate(model, inputs, TOKENIZER.id("</tag>"), longest)]


def train_alphabet(alphabet: Alphabet, rows: Sequence[dict], steps: int, seed: int) -> Watched:
    """A small Module 0 that reads and writes in an alphabet."""
    config = small_config("ner", max_global_steps=steps, seed=seed, batch_size=16, vocab_size=alphabet.vocab_size)
    return train_watched("ner", config, named_tokens(alphabet, rows))


def alphabet_run(name: str, alphabet: Alphabet, model: Transformer, asked: dict, seed: int) -> dict:
    """What one model finds in the exams, by script and by length, and how many tokens a name takes."""
    run = {"tokens": name, "seed": seed}
    for kind, groups in asked.items():
        run[kind] = {group: found_share(model, alphabet, some) for group, some in groups.items()}
    run["tokens_per_name"] = {
        group: round(sum(len(alphabet.encode(row["name"])) for row in some) / len(some), 2)
        for group, some in asked["script"].items()
    }
    return run


def alphabet_experiment(
    steps: int = 150, seeds: Sequence[int] = (0, 1), exam_rows: int = 16, training_rows: int = 3000, merges: int = 300,
    shipped: Transformer | None = None,
) -> dict:  # fmt: skip
    """(e): the share of unseen names found, by script and by length; and the shipped Module 0 beside them."""
    rows, asked, runs = training_names(training_rows), exams(exam_rows), []
    for alphabet in (Characters(), Pairs([row["question"] for row in rows], merges), Bytes()):
        for seed in seeds:
            model = train_alphabet(alphabet, rows, steps, seed).model
            runs.append(alphabet_run(alphabet.name, alphabet, model, asked, seed))
    if shipped is not None:
        runs.append(alphabet_run("bytes, the shipped Module 0", Bytes(), shipped, asked, seeds[0]))
    return {"steps": steps, "lengths": list(LENGTHS), "runs": runs}


def found_share(model: Transformer, alphabet: Alphabet, rows: Sequence[dict]) -> float:
    """The share of names found, letter by letter."""
    found = names_found(model, alphabet, rows)
    return round(sum(name == row["name"] for name, row in zip(found, rows, strict=True)) / len(rows), 4)
