"""Titles that read like a backlog: an outcome, imperative, at most eighty characters."""

from __future__ import annotations

import re

from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.signals import content_words

__all__ = ["MAX_TITLE", "rejected_title", "title_of", "title_of_name"]

MAX_TITLE = 80
#: Of a sentence that never ends, so much is read.
_LONG = 600
#: Letters before which no clause ends.
_CLAUSE = 12
_AROUND = " \"'“‘”’.!?-–*→>"
_STORY = re.compile(
    r"\bas (?:an?|the|our) (?P<role>[^,.;:?!]{2,50}?),? "
    r"(?:i|we)(?: would|['’]d)? (?:want|need|like|love|wish|must be able)(?: to)? (?P<what>.+)",
    re.IGNORECASE,
)
_PURPOSE = re.compile(
    r",?\s+(?:so that|in order to|because|since|otherwise|so (?:i|we|they|people) )\b.*$", re.IGNORECASE
)
_TAIL = re.compile(
    r"(?:,\s*(?:by the way|please|too|though|right|obviously|you know|honestly|if possible|as well)"
    r"|,?\s*(?:and |so )?(?:that|it|this|which)(?:['’]s| is| was) (?:an? |the |pure |really |just |only |clearly )*"
    r"(?:(?:real |nasty |known )?(?:bug|spike|debt|defect|mess|story)|broken|technical debt|tech debt)\b.*"
    r"|,\s*(?:and |so |but )?(?:we|somebody|someone|they|you) (?:must|should|need to|needs to|have to|has to|ought to)"
    r" (?:urgently |please )?(?:fix|repair|correct|look at|look into|take care of|check|do|change|solve)"
    r" (?:it|that|this|them)\b.*|\s*\([^()]*\))\s*$",
    re.IGNORECASE,
)
#: What is left at the end where the words that turn something down are cut off: "the parrot mode was an".
_LOOSE_END = re.compile(
    r"(?:\b(?:is|was|are) an?\s*$|^(?:and|or|but|so)\b|\b(?:is|was|are|has been|will|it|we|that)\b)?[\s,:–-]*$",
    re.IGNORECASE,
)
#: What only says when: "first, and only then …".
_ORDER = re.compile(r"\s+(?:first|before)\b,?(?:\s+and\b.*|\s+then\b.*)?$", re.IGNORECASE)
_OWN = re.compile(r"\b(my|our|your)\b", re.IGNORECASE)
_PASSIVE = re.compile(
    r"^(?P<what>(?:the |an? |all )?[^,.;]{3,60}?) (?:has|have|needs?|must|should|ought) (?:to )?"
    r"be (?P<verb>\w+(?:ed|en|t|n))(?P<rest>\b.*)$",
    re.IGNORECASE,
)
#: Somebody who shall be able to do something: "users should be able to …".
_ABLE = re.compile(
    r"^(?P<who>(?:the |our |all |every )?[\w-]+(?: [\w-]+){0,2}?) (?:should|must|need to|needs to|have to|has to"
    r"|want to|would like to|['’]d like to|ought to)(?: also| really)? be (?:able|allowed) to (?P<what>.+)$",
    re.IGNORECASE,
)
#: Somebody who gets or can do something, where only the result was told: "that owners get a message".
_SOMEBODY = re.compile(
    r"^(?!whether\b|if\b|how\b|what\b|which\b)"
    r"(?P<who>(?:the |our |all |every )?(?:[\w-]+ ){0,2}?(?:[\w-]+s|people|everybody|everyone)|we|you|they|i"
    r"|(?:the|an?|every|each) (?:[\w-]+ ){0,2}?[\w-]+(?= (?:can|could|will|would)\b)) "
    r"(?:(?:can|could|would|will|may|might|are able to|were able to)(?: also| just| really)? (?P<can>.+)"
    r"|(?P<verb>get|got|see|saw|have|had|receive|received|find|found|know|knew)(?P<rest> .+))$",
    re.IGNORECASE,
)
_PRESENT = {"got": "get", "saw": "see", "had": "have", "received": "receive", "found": "find", "knew": "know"}
#: A name before what is said of it: "fishing: when two players …".
_LED = re.compile(r"[^:.?!]{2,40}:\s+(?=\w)")
#: What is to be found out, wherever in a sentence it stands.
_FINDS_OUT = re.compile(
    r"\b(?P<what>(?:investigate|find out|look into|check|evaluate|explore|research|analy[sz]e|figure out) "
    r"(?:whether|if|how|what|which|why)\b.+)$",
    re.IGNORECASE,
)
_NOBODY = frozenset(("i", "we", "you", "they", "it", "he", "she", "that", "people", "this"))
#: A thing that shall do something: "the page should show …".
_THING = re.compile(
    r"^(?P<what>(?:the|our|every|each) [\w'’-]+(?: [\w'’-]+){0,3}?) (?:should|must|needs to|has to|ought to)"
    r"(?: also| really| always)? (?P<verb>(?!be\b|have\b|get\b|not\b)[a-z]+) (?P<rest>.+)$",
    re.IGNORECASE,
)
#: Something, and what is to be done with it: "the logs are full of warnings, we should clean them up".
_THEN = re.compile(
    r"^(?P<what>(?:the|our) [\w'’-]+(?: [\w'’-]+){0,2}?) (?:is|are|was|has|have|looks?|takes?)\b[^,]{3,80}, "
    r"(?:so |and )?(?:we|somebody|someone) (?:should|must|need to|needs to|have to|has to|ought to) "
    r"(?P<verb>[a-z]+) (?:it|them|that)(?P<rest> (?:up|out|away|off))?$",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"(?:it|that|this|they|these|those|he|she|them)(?:['’]\w+)?(?= (?:is|are|was|has|have|would|will|can|every|before|"
    r"after|on|in|at|for|by|with|as|too|again|now|first|to)\b|[,.:;]|$)",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"^(?P<verb>[a-z]+(?: (?:up|out|at|into|off))?) (?P<it>it|that|this|them|those)\b(?! [a-z]+ing\b)", re.IGNORECASE
)
_SUBJECT = re.compile(
    r"^(?P<what>(?:the|our|an?) [\w'’-]+(?: [\w'’-]+){0,2}?) (?:is|are|was|has|have|had|can|can['’]t|does|doesn['’]t|"
    r"needs?|goes|comes|still|only|never|always|takes?)\b",
    re.IGNORECASE,
)
#: What people do today, before "they'd like to do it …".
_DOING = re.compile(
    r"^(?:the |our |many |most |some )?[\w-]+s (?P<doing>(?!are|have|were|can|is|must)[a-z]+ (?:an?|the|their|its) "
    r"[\w-]+(?: [\w-]+)?)(?= (?:on|in|by|with|at|via|over|through|today|per|from|to)\b|[,.]|$)",
    re.IGNORECASE,
)
_IRREGULAR = {
    "built": "build",
    "written": "write",
    "rewritten": "rewrite",
    "done": "do",
    "made": "make",
    "shown": "show",
    "sent": "send",
    "kept": "keep",
    "found": "find",
    "split": "split",
    "set": "set",
    "put": "put",
    "rebuilt": "rebuild",
    "hidden": "hide",
    "taken": "take",
    "chosen": "choose",
    "sold": "sell",
    "known": "know",
}
#: Verbs that end in "e" where their participle doesn't tell.
_E_VERBS = """
    cache upgrade update create delete remove move replace change store save use merge improve automate migrate validate
    generate handle enable disable schedule include exclude archive share release rename resize reduce close rotate
    translate duplicate integrate write provide configure secure measure compare prepare analyse analyze organise
    organize centralise optimise optimize require expire invite note rate route scale purge parse price trace
    subscribe describe decide divide encode decode calculate announce advise raise notice force place produce introduce
"""
_ENDS_IN_E = frozenset(_E_VERBS.split())


def title_of(
    sentence: str, kind: str, cues: Cues, heading: str | None = None, before: str | None = None, *, alone: bool = False
) -> str | None:
    """A title for what ``sentence`` asks for; a heading that names the thing is better than any sentence.

    ``before`` is the sentence before, for "we need to fix that". None where what is meant can't be told; with ``alone``
    the words are taken as they are.
    """
    if heading:
        return _short(_capital(_prefixed(heading.rstrip(" ?.:"), kind if kind == "spike" else "", cues, asked=False)))
    text = _fluent(sentence[:_LONG], cues).strip(_AROUND)
    led = _LED.match(text)
    if led and len(content_words(text[led.end() :])) >= 3:
        text = text[led.end() :]
    story = _STORY.search(text)
    if story:
        return _short(_capital(_outcome(_PURPOSE.sub("", story.group("what")))))
    finds_out = _FINDS_OUT.search(text) if kind == "spike" else None
    if finds_out and len(content_words(finds_out.group("what"))) >= 3:
        text = finds_out.group("what")
    text, asked = _asked_for(text, cues)
    text = _outcome(text)
    if not alone and (_LEANS.match(text) or _POINTS.match(text) or len(content_words(text)) < 1):
        resolved = _resolved(text, before, cues, asked=asked)
        if resolved is None and (_LEANS.match(text) or len(content_words(text)) < 3):
            return None
        text, asked = resolved or (text, asked)
    return _short(_capital(_prefixed(text, kind, cues, asked=asked)))


def title_of_name(name: str, kind: str, cues: Cues) -> str:
    """A title for what people only called by a name: "blocking the card", "wheelchairs"."""
    text = _fluent(name[:_LONG], cues).strip(_AROUND)
    doing = re.match(r"(?P<verb>[a-z]{2,}ing) (?=\w)", text, re.IGNORECASE)
    if doing:
        text = f"{_base(doing.group('verb')[:-3] + 'ed')} {text[doing.end() :]}"
    return _short(_capital(_prefixed(text, kind, cues, asked=doing is not None)))


def _fluent(text: str, cues: Cues) -> str:
    """Without "uhm" and "you know", and without the words that somebody says twice on the way: "by, uhm, by rarity"."""
    text = re.sub(rf",?\s*{cues.pattern('disfluency').pattern},?", "", text, flags=re.IGNORECASE)
    return re.sub(r"\b(\w+(?: \w+)?)(?:, | )\1\b", r"\1", text, flags=re.IGNORECASE)


def rejected_title(sentence: str, cues: Cues, heading: str | None = None) -> str:
    """A title for what was turned down: the thing, without the words that turn it down."""
    text = re.sub(r"^\[[ xX]\]\s*", "", sentence.strip())
    for cue in ("reject", "park", "done_tail"):
        found = cues.pattern(cue).search(text[:_LONG])
        if found and len(content_words(text[: found.start()])) >= 1:
            text = text[: found.start()]
    opened = cues.pattern("done_lead").match(text)
    if opened and content_words(text[opened.end() :]):
        text = text[opened.end() :]
    text = re.sub(r",\s+(?:today|it['’]s|they|so|and (?:we|i|it))\b.*$", "", text, flags=re.IGNORECASE)
    text = _LOOSE_END.sub("", text[:_LONG])
    return title_of(text or sentence, "", cues, heading, alone=True) or "Untitled item"


def _asked_for(text: str, cues: Cues) -> tuple[str, bool]:
    """What is asked for, without the words that ask; and whether there were such words."""
    text = _PURPOSE.sub("", text)
    asked = False
    before = None
    while before != text:
        before = text
        text = _TAIL.sub("", text)
        able = _ABLE.match(text)
        if able:
            who = able.group("who")
            what = able.group("what")
            return (what if who.lower() in _NOBODY else f"let {_lowered(who)} {what}"), True
        then = _THEN.match(text)
        if then:
            return f"{then.group('verb')}{then.group('rest') or ''} {_lowered(then.group('what'))}", True
        thing = _THING.match(text)
        if thing:
            return f"make {_lowered(thing.group('what'))} {thing.group('verb')} {thing.group('rest')}", True
        somebody = _SOMEBODY.match(text) if asked else None
        if somebody and somebody.group("who").lower() in _NOBODY and somebody.group("can"):
            return somebody.group("can"), True
        if somebody and somebody.group("who").lower() not in _NOBODY:
            verb = (somebody.group("verb") or "").lower()
            does = somebody.group("can") or f"{_PRESENT.get(verb, verb)}{somebody.group('rest')}"
            return f"let {_lowered(somebody.group('who'))} {does}", True
        led = cues.pattern("title_lead").match(text)
        if led and len(text) - led.end() >= 8:
            text = text[led.end() :].lstrip(" ,:–-")
            continue
        opened = cues.pattern("title_cut").match(text)
        if opened and len(text) - opened.end() >= 8:
            text = text[opened.end() :].lstrip(" ,:–-")
            asked = asked or len(opened.group().split()) > 1 or opened.group().lower().startswith("let")
    text = re.sub(r"^be able to ", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^have (?=(?:an?|the|some|more) )", "add ", text, flags=re.IGNORECASE)
    text = _ORDER.sub("", text)
    text = _first_clause(text, cues, asked=asked)
    passive = _PASSIVE.match(text)
    if passive and len(passive.group("what").split()) <= 8:
        return f"{_base(passive.group('verb'))} {_lowered(passive.group('what'))}{passive.group('rest')}", True
    return text, asked


def _first_clause(text: str, cues: Cues, *, asked: bool) -> str:
    """What is asked for, without criteria and without a clause that only comments: ", the licence ends in March"."""
    criteria = cues.pattern("criteria_open").search(text)
    if criteria and criteria.start() >= _CLAUSE and content_words(text[: criteria.start()]):
        text = text[: criteria.start()].rstrip(" ,;:–-(")
    comma = text.find(", ", _CLAUSE) if asked else -1
    while comma > 0:
        if cues.opens("splice", text[comma + 2 :]):
            return text[:comma]
        comma = text.find(", ", comma + 2)
    return text


def _resolved(text: str, before: str | None, cues: Cues, *, asked: bool) -> tuple[str, bool] | None:
    """What "fix that", "do it on the website", "that before Christmas" mean, by the sentence before."""
    if before is None or before.rstrip().endswith("?"):
        said = _asked_for(before[:_LONG].strip(_AROUND), cues)[0] if before else ""
        thing = said if 0 < len(said.split()) <= 4 and not cues.find("finite", said) else None
    else:
        said, _ = _asked_for(before[:_LONG].strip(_AROUND), cues)
        subject = _SUBJECT.match(said)
        bare = said if len(said.split()) <= 4 and not cues.find("finite", said) else None
        thing = bare or (subject.group("what") if subject else None)
    points = _POINTS.match(text)
    if points and cues.pattern("does_bug").match(points.group("verb")):
        if len(said.split()) >= 3 and content_words(said) and not _LEANS.match(said):
            return said, False
        return None
    doing = _DOING.match(said) if points and points.group("verb").lower() == "do" else None
    if doing and points:
        return f"{doing.group('doing')}{text[points.end() :]}", True
    if thing is None or not content_words(thing):
        return None
    thing = _lowered(thing)
    if points:
        verb = "add" if points.group("verb").lower() in ("have", "get", "do", "offer") else points.group("verb")
        return f"{verb} {thing}{text[points.end() :]}", True
    leaning = _LEANS.match(text)
    if leaning is None:
        return None
    rest = text[leaning.end() :]
    if asked:
        kept = re.match(r" (?:before|after|in|on|by|with|for|as)\b", rest, re.IGNORECASE)
        return f"add {thing}{rest if kept else ''}", True
    return f"{thing}{rest}", False


def _prefixed(text: str, kind: str, cues: Cues, *, asked: bool) -> str:
    """With "Fix:" before what is wrong, and "Investigate" before what is to be found out."""
    if not text:
        return text
    if kind == "bug" and not asked and not cues.opens("imperative", text):
        return f"Fix: {_lowered(text)}"
    if kind == "spike" and not cues.opens("finding_out", text):
        asks = re.match(r"(?:whether|if|how|what|which|why|who|where|when)\b", text, re.IGNORECASE)
        return f"Investigate{':' if asked and not asks else ''} {_lowered(text)}"
    return text


def _lowered(text: str) -> str:
    """Without the capital that opens a sentence; names in capitals keep theirs."""
    return text[0].lower() + text[1:] if len(text) > 1 and not text[1].isupper() else text


def _outcome(text: str) -> str:
    text = _OWN.sub("the", text) if text.lower().startswith(("my ", "our ", "your ")) else text
    text = re.sub(r"\b(?:my|your)\b", "their", text)
    return re.sub(r"\bI (?:don['’]t|do not|can|can['’]t)\b.*$", "", text).strip(" ,.;:")


def _base(participle: str) -> str:
    word = participle.lower()
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word[:-1] in _ENDS_IN_E:
        return word[:-1]
    if word.endswith("ied"):
        return word[:-3] + "y"
    if word.endswith(("ced", "ged", "sed", "zed", "ved", "ted", "red", "led", "ned", "ued")) and re.search(
        r"[aeiou][cgszvtrlnu]ed$", word
    ):
        stem = word[:-1]
        return (
            stem
            if not re.search(r"(?:port|ret|it|at(?!e)|el|er|ain|eat|eed|oad)ed$", word) or word.endswith("ated")
            else word[:-2]
        )
    if re.search(r"(.)\1ed$", word) and not word.endswith(("lled", "ssed", "ffed")):
        return word[:-3]
    return word.removesuffix("ed")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(text: str) -> str:
    """At most eighty characters, cut at a clause or a word."""
    text = " ".join(text.split()).strip(" ,;:–-")
    if len(text) <= MAX_TITLE:
        return text or "Untitled item"
    clause = max(text.rfind(mark, 25, MAX_TITLE) for mark in (", ", "; ", " – ", ". "))
    if clause > 0:
        return text[:clause]
    return text[: text.rfind(" ", 20, MAX_TITLE)].rstrip(" ,;:–-")
