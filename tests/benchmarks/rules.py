"""A baseline without learning: a list of names, regular expressions and sentences to fill in, for comparison.

It shows what an afternoon of rules buys, and so what the learned modules add. Like the pipeline it may only use the
people whom it is told to remember, and says nothing rather than something doubtful.

    python tests/benchmarks/rules.py QUESTIONS.jsonl PEOPLE.jsonl
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

from momem_lib.data import Person, read_people
from momem_lib.system import Answer, check_question, evaluate, normalise, read_questions, shown, table, tally

WHO = "@"  # stands where the name stood
LANGUAGES = ("sw", "en")  # in the order in which their rules are tried: no Swahili keyword is an English word

# The first field whose pattern is found is the one asked for, so the telling words stand above the vague ones:
# "What does @ do in their free time?" is about hobbies, and only without free time about an occupation.
FIELD_RULES = {
    "en": {
        "movie": r"movies?|films?|flicks?|cinemas?|(motion|moving) pictures?|blockbusters?|watch(es|ed|ing)?|viewing"
        r"|(on )?screen",
        "music": r"music\w*|songs?|tracks?|tunes?|melod(y|ies)|sings?|singing|hum(s|ming)?|listen\w*|hears|on repeat"
        r"|(?<!did you )hear|playlists?|albums?|anthems?|bands?|ringtones?|sounds?",
        "university": r"universit\w+|unis?|colleges?|alma mater|graduat\w+|degrees? from|stud(y|ies|ied|ying)"
        r"|attend\w*|school\w*|educat\w+|academ\w+|enrol\w*|campus|institut\w+|diploma|varsity|(his|her|their) degree"
        r"|(seat|place|cent(er|re)) of (\w+ )?learning|(was|were) a student",
        "hobbies": r"hobb(y|ies)|pastimes?|(free|spare|leisure|own)[- ]?time|leisure|fun|activit(y|ies)|pursuits?"
        r"|recreation\w*|weekends?|(after|off) work|off duty|down ?time|interests?|interested|keen on|avocations?"
        r"|@ into|things? to do|holidays?|outside( of)? work|not working|enjoys? (themselves|himself|herself)|relax\w*"
        r"|unwind\w*|chill\w*|amuse\w*|entertain\w*|passions?|passionate|(likes?|loves?|enjoys?|fond of) (to do|doing)",
        "occupation": r"occupations?|jobs?|profession\w*|work(s|ed|ing)?|workplace|careers?|trades?|a living"
        r"|employ(ed|ment)|roles?|crafts?|business|earns?|income|9-to-5|vocation|positions?|line of|pays? the bills"
        r"|livelihood|hired|makes? money|m[ée]tier|titles?|do(es)? (you know what )?@ (actually |really )?do"
        r"|what @ does",
        "location": r"liv(e|es|ed|ing)|where|address|cit(y|ies)|towns?|hometown|homes?|countr(y|ies)|villages?"
        r"|resid\w+|dwell\w*|stay(s|ing)?|locat\w+|based|settled|hails?|comes? from|abode|domicile|quarters"
        r"|neighbou?rhood|places?|whereabouts|houses?|stomping ground|how to find",
    },
    "sw": {
        "movie": r"filamu|sinema\w*|muvi|picha ya|(hu|ana|ku)(tazama|angalia)",
        "music": r"m[iu]ziki|wimbo|nyimbo|ngoma|(hu|ana|ku)(sikiliza|imba)|kibao|vibao",
        "university": r"vyuo|chuo|(ku|ana|ali|alicho|aliko|alipo|anacho|anako)(som|hitim)\w*|elimu|shahada|masomo",
        "hobbies": r"hobi|burudani|uraibu|starehe|mapumziko|(muda|wakati|saa) (wa|za) (ziada|mapumziko)|baada ya kazi"
        r"|kujifurahisha|kujiburudisha|(hu|ana)?pend(a|elea) kufanya|wikendi|mambo|mapendeleo|akiwa (huru|na nafasi)"
        r"|(shughuli|vitu) ana\w+",
        "occupation": r"(ki)?kazi(ni)?|(ki)?taaluma|anafanya nini|wadhifa|cheo|ajira|ameajiriwa|riziki|fani|biashara",
        "location": r"\w*ishi\w*|wapi|makazi|maskani|makao|nyumbani|nyumba|mji|miji|jiji|nchi|kijiji|mtaa|mkoa|anwani"
        r"|(hu|ana|anako|anapo)kaa|yuko|mahali|alipo|eneo|(ana|ali|anako)tok\w*",
    },
}

KIN = (
    r"(step)?(father|mother|brother|sister|son|daughter)s?|dads?|mums?|moms?|parents?|siblings?|cousins?|uncles?"
    r"|aunts?|wife|husband|spouse|partner|girlfriend|boyfriend|child|children|kids?|grand\w+|friends?|neighbou?rs?"
    r"|boss|colleagues?|teachers?|doctor|lawyer|manager|enem(y|ies)|twin|family"
)
# What people may ask, and nobody has told the memory.
UNKNOWN_RULES = {
    "en": rf"@('s?)? (\w+ )?({KIN})|({KIN}) (of|for|does|has) .*@|(?<!my )({KIN})'s|married|marry"
    r"|how (old|many|long)|why|when (is|did|does|will)|next|age|birthday|birth|born|tall|height|heav(y|ier)|weigh\w*"
    r"|sizes?|shoes?|(house|which) numbers?|(tele)?phone|dial|e-?mail|websites?|pets?|dogs?|cats?|cars?|drives?"
    r"|vehicle|colou?rs?|hair|eyes?|food|dish|eats?|drinks?|meals?|breakfast|lunch|dinner|books?|novels?|writers?"
    r"|authors?|poets?|actors?|actress|director|singers?|teams?|clubs?|religi\w+|church|languages?|nationality"
    r"|passport|visa|citizen\w*|salary|wages?|paid|how much|blood|allerg\w+|zodiac|star sign|die[sd]?|death|dead|grave"
    r"|will and|last will|vote[sd]?|politic\w*|middle name|nicknames?|maiden name"
    r"|(high|primary|secondary|elementary) school|degree in|subjects?|major(ed)?|grades?|gpa|hates?|hated|dislikes?"
    r"|least|worst|not like|doesn't like|loath\w+|quotes?|(starts?|finish(es)?) work|uniform|wealth|rich|fears?|afraid"
    r"|secret\w*|password|account|bank",
    "sw": r"umri|miaka|(ku|ali|ame)zaliwa|urefu|uzito|kimo|watoto|mtoto|mke|mume|ndoa|ameoa|ameolewa|wazazi|ngapi"
    r"|lini|kwa ?nini|(baba|mama|dada|kaka|ndugu|jirani|bosi|rafiki|mwalimu)(ye| wa| yake| zake)|(timu|klabu)|damu"
    r"|jina la|chakula|vyakula|kinywa|kinywaji|anakula|anakunywa|kitabu|vitabu|mwandishi|mwigizaji|mwimbaji"
    r"|mwanamuziki|msanii|dini|kanisa|msikiti|lugha|kabila|uraia|pasipoti|(namba|nambari) ya simu|barua ?pepe|rangi"
    r"|nywele|macho|viatu|kiatu|gari|mnyama|mbwa|(?<!kupata )mshahara|kipato|chama|hapendi|asi[yo]\w*penda|mchezo"
    r"|utajiri|siri|sare|shule ya",
}

SENTENCES = {
    "en": {
        "movie": "The favourite movie of {name} is {value}.",
        "music": "The favourite music of {name} is {value}.",
        "university": "{name} studied at {value}.",
        "hobbies": "The hobbies of {name} are {value}.",
        "occupation": "The occupation of {name} is {value}.",
        "location": "{name} lives in {value}.",
    },
    "sw": {
        "movie": "Filamu anayoipenda {name} ni {value}.",
        "music": "Muziki anaoupenda {name} ni {value}.",
        "university": "{name} alisoma {value}.",
        "hobbies": "Burudani za {name} ni {value}.",
        "occupation": "Kazi ya {name} ni {value}.",
        "location": "{name} anaishi {value}.",
    },
}


def words(pattern: str) -> re.Pattern[str]:
    """A pattern that is found at whole words only."""
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")


FIELD_PATTERNS = {
    language: {field: words(rule) for field, rule in rules.items()} for language, rules in FIELD_RULES.items()
}
UNKNOWN_PATTERNS = {language: words(rule) for language, rule in UNKNOWN_RULES.items()}


def without_name(text: str, name: str) -> str | None:
    """The text with WHO in the place of the name, or None where the name does not stand in it as whole words.

    Example:
        >>> without_name("where does jo live?", "jo"), without_name("where does joanna live?", "jo")
        ('where does @ live?', None)
    """
    before = r"(?<![^\W_])" if name[0].isalnum() else ""
    after = r"(?![^\W_])" if name[-1].isalnum() else ""
    text, found = re.subn(before + re.escape(name) + after, WHO, text)
    return text if found else None


def find_field(text: str) -> tuple[str, str] | None:
    """The language and the field of a question in which WHO stands for the name; None for what nobody stores.

    Example:
        >>> find_field("what does @ do in their free time?"), find_field("kazi ya @ ni gani?")
        (('en', 'hobbies'), ('sw', 'occupation'))
        >>> find_field("how old is @?"), find_field("what does @'s sister do for a living?")
        (None, None)
    """
    if any(pattern.search(text) for pattern in UNKNOWN_PATTERNS.values()):
        return None
    found = ((la, field) for la in LANGUAGES for field, rule in FIELD_PATTERNS[la].items() if rule.search(text))
    return next(found, None)


class RuleBaseline:
    """Answers questions about people by rules alone; takes the place of a Pipeline in `evaluate`.

    The comparison favours the rules in one thing: their dictionary of names is the memory's own list, and the name
    asked about is the longest of these that stands in the question. Module 0 finds a name that it has never seen.

    Example:
        >>> rules = RuleBaseline()
        >>> rules.remember([Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")])
        1
        >>> rules.ask("Where does Jo Doe live?").text, rules.ask("Jo Doe anafanya kazi gani?").text
        ('Jo Doe lives in Oslo.', 'Kazi ya Jo Doe ni Nurse.')
        >>> rules.ask("How tall is Jo Doe?").reason
        'no rule knows what is asked about Jo Doe'
    """

    def __init__(self) -> None:
        self._bearers: dict[str, list[Person]] = defaultdict(list)  # normalised name -> who bears it
        self._longest_first: list[str] = []

    def remember(self, people: Iterable[Person]) -> int:
        """Add people; returns how many were new."""
        before = sum(map(len, self._bearers.values()))
        for person in people:
            bearers = self._bearers[normalise(person.name)]
            if person not in bearers:
                bearers.append(person)
        self._longest_first = sorted(filter(None, self._bearers), key=len, reverse=True)
        return sum(map(len, self._bearers.values())) - before

    def ask(self, question: str) -> Answer:
        """Answer one question, or abstain with a reason; InputError for one that the pipeline refuses too."""
        answer = Answer(check_question(question))
        bearers, text = self._find_people(answer.question)
        if not bearers:
            answer.reason = "no known name stands in the question"
            return answer
        person, found = bearers[0], find_field(text)
        answer.tag = person.name
        if len(bearers) > 1:
            answer.reason = f"{len(bearers)} people are called {shown(person.name)}"
        elif found is None:
            answer.reason = f"no rule knows what is asked about {shown(person.name)}"
        else:
            language, field = found
            answer.person, answer.summary = person, person.summary(field)
            answer.text = SENTENCES[language][field].format(name=person.name, value=getattr(person, field))
        return answer

    def ask_many(self, questions: Sequence[str], *_: object) -> list[Answer]:
        """Answer questions in their order; a pipeline's temperature, seed and gates mean nothing here."""
        return [self.ask(question) for question in questions]

    def _find_people(self, question: str) -> tuple[list[Person], str]:
        """Who bears the longest known name in the question (nobody, one or several), and the question without it."""
        text = normalise(question)
        for name in self._longest_first:
            rest = without_name(text, name) if name in text else None  # `in` is quick, the regular expression is not
            if rest is not None:
                return self._bearers[name], rest
        return [], text


def main(questions_path: str, people_path: str) -> None:
    """Print how many questions of a file the rules answer right, wrong or not at all."""
    rules, people = RuleBaseline(), read_people(people_path)
    rules.remember(people)
    print(table(tally(evaluate(rules, read_questions(questions_path), people), "kind")))


if __name__ == "__main__":
    main(*sys.argv[1:])
