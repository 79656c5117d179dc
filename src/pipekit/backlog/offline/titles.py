"""Titles that read like a backlog: an outcome, imperative, at most eighty characters."""

from __future__ import annotations

import re

from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.signals import content_words

__all__ = ["MAX_TITLE", "rejected_title", "title_of", "title_of_name", "without_asking"]

MAX_TITLE = 80
#: A name before what is said of it: "fishing: when two players …".
_LED = re.compile(r"[^:.?!]{2,40}:\s+(?=\w)")
#: Of a sentence that never ends, so much is read.
_LONG = 600
#: Letters before which no clause ends.
_CLAUSE = 12
_AROUND = " \"'“‘”’.!?-–*→>"


def title_of(
    sentence: str, kind: str, cues: Cues, heading: str | None = None, before: str | None = None, *, alone: bool = False
) -> str | None:
    """A title for what ``sentence`` asks for; a heading that names the thing is better than any sentence.

    ``before`` is the sentence before, for "we need to fix that". None where what is meant can't be told; with ``alone``
    the words are taken as they are.
    """
    if heading:
        named = _prefixed(heading.rstrip(" ?.:"), kind if kind == "spike" else "", cues, asked=False)
        return _short(_capital(named), cues)
    text = _fluent(sentence[:_LONG], cues).strip(_AROUND)
    led = _LED.match(text)
    if led and len(content_words(text[led.end() :])) >= 3:
        text = text[led.end() :]
    story = cues.shape("title_story").search(text)
    if story:
        return _short(_capital(_outcome(cues.shape("title_purpose").sub("", story.group("what")), cues)), cues)
    if kind == "spike":
        finds_out, unknown = cues.shape("title_finds_out").search(text), cues.shape("title_unknown").search(text)
        if finds_out and len(content_words(finds_out.group("what"))) >= 3:
            text = finds_out.group("what")
        elif unknown and len(content_words(unknown.group("what"))) >= 2:
            text = f"{cues.wording('investigate')}{unknown.group('what')}"
    text, asked = _asked_for(text, cues)
    text = _outcome(text, cues)
    leaning = cues.shape("title_leans").match(text)
    if not alone and (leaning or cues.shape("title_points").match(text) or len(content_words(text)) < 1):
        resolved = _resolved(text, before, cues, asked=asked)
        if resolved is None and (leaning or len(content_words(text)) < 3):
            return None
        text, asked = resolved or (text, asked)
    return _short(_capital(_prefixed(text, kind, cues, asked=asked)), cues)


def without_asking(text: str, cues: Cues) -> str:
    """What is asked for in a sentence, without "so", "they'd love to" and the like in front of it."""
    rest = text[:_LONG].strip(_AROUND)
    while True:
        opened = cues.pattern("title_lead").match(rest) or cues.pattern("title_cut").match(rest)
        if opened is None or len(rest) - opened.end() < 8:
            return rest
        rest = rest[opened.end() :].lstrip(" ,:–-")


def title_of_name(name: str, kind: str, cues: Cues) -> str:
    """A title for what people only called by a name: "blocking the card", "wheelchairs"."""
    text = _fluent(name[:_LONG], cues).strip(_AROUND)
    doing = re.match(r"(?P<verb>[a-z]{2,}ing) (?=\w)", text, re.IGNORECASE)
    if doing:
        text = f"{_base(cues, doing.group('verb')[:-3] + 'ed')} {text[doing.end() :]}"
    return _short(_capital(_prefixed(text, kind, cues, asked=doing is not None)), cues)


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
    text = cues.shape("rejected_tail").sub("", text)
    text = cues.shape("title_loose_end").sub("", text[:_LONG])
    return title_of(text or sentence, "", cues, heading, alone=True) or "Untitled item"


def _asked_for(text: str, cues: Cues) -> tuple[str, bool]:
    """What is asked for, without the words that ask; and whether there were such words."""
    let, make = cues.wording("let"), cues.wording("make")
    text = cues.shape("title_purpose").sub("", text)
    asked = wanted = False
    before = None
    while before != text:
        before = text
        text = cues.shape("title_tail").sub("", text)
        able = cues.shape("title_able").match(text)
        if able:
            who = able.group("who")
            what = able.group("what")
            return (what if who.lower() in cues.words("nobody") else f"{let}{_lowered(who)} {what}"), True
        then = cues.shape("title_then").match(text)
        if then:
            return f"{then.group('verb')}{then.group('rest') or ''} {_lowered(then.group('what'))}", True
        thing = cues.shape("title_thing").match(text)
        if thing:
            return f"{make}{_lowered(thing.group('what'))} {thing.group('verb')} {thing.group('rest')}", True
        somebody = cues.shape("title_somebody").match(text) if asked else None
        if somebody and somebody.group("who").lower() in cues.words("nobody") and somebody.group("can"):
            return somebody.group("can"), True
        if somebody and somebody.group("who").lower() not in cues.words("nobody"):
            verb = (somebody.group("verb") or "").lower()
            does = somebody.group("can") or f"{cues.pairs('present').get(verb, verb)}{somebody.group('rest')}"
            return f"{let}{_lowered(somebody.group('who'))} {does}", True
        led = cues.pattern("title_lead").match(text)
        if led and len(text) - led.end() >= 8:
            text = text[led.end() :].lstrip(" ,:–-")
            continue
        made = cues.shape("title_make").match(text) if wanted else None
        if made:
            return f"{make}{_lowered(made.group('what'))} {made.group('verb')} {made.group('rest')}", True
        opened = cues.pattern("title_cut").match(text)
        if opened and len(text) - opened.end() >= 8:
            text = text[opened.end() :].lstrip(" ,:–-")
            asked = asked or len(opened.group().split()) > 1 or opened.group().lower().startswith("let")
            wanted = cues.shape("ends_wanting").search(opened.group().strip()) is not None
    text = cues.shape("able").sub("", text)
    text = cues.shape("have_a").sub(cues.wording("add"), text)
    text = cues.shape("title_order").sub("", text)
    text = _first_clause(text, cues, asked=asked)
    passive = cues.shape("title_passive").match(text)
    if passive and len(passive.group("what").split()) <= 8:
        return f"{_base(cues, passive.group('verb'))} {_lowered(passive.group('what'))}{passive.group('rest')}", True
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
        subject = cues.shape("title_subject").match(said)
        bare = said if len(said.split()) <= 4 and not cues.find("finite", said) else None
        thing = bare or (subject.group("what") if subject else None)
    ends = cues.shape("title_ends_with").search(said)
    thing = thing or (ends.group("what") if ends else None)
    points = cues.shape("title_points").match(text)
    if points and cues.pattern("does_bug").match(points.group("verb")):
        if len(said.split()) >= 3 and content_words(said) and not cues.shape("title_leans").match(said):
            return said, False
        return None
    doing = cues.shape("title_doing").match(said) if points and points.group("verb").lower() == "do" else None
    if doing and points:
        return f"{doing.group('doing')}{text[points.end() :]}", True
    if thing is None or not content_words(thing):
        return None
    thing = _lowered(thing)
    if points:
        verb = "add" if points.group("verb").lower() in ("have", "get", "do", "offer") else points.group("verb")
        return f"{verb} {thing}{text[points.end() :]}", True
    leaning = cues.shape("title_leans").match(text)
    if leaning is None:
        return None
    rest = text[leaning.end() :]
    if asked:
        kept = cues.shape("kept_after_it").match(rest)
        return f"{cues.wording('add')}{thing}{rest if kept else ''}", True
    return f"{thing}{rest}", False


def _prefixed(text: str, kind: str, cues: Cues, *, asked: bool) -> str:
    """With "Fix:" before what is wrong, and "Investigate" before what is to be found out."""
    if not text:
        return text
    if kind == "bug" and not asked and not cues.opens("imperative", text):
        return f"{cues.wording('fix')}{_lowered(text)}"
    if kind == "spike" and not cues.opens("finding_out", text):
        asks = cues.shape("interrogative_clause").match(text)
        return f"{cues.wording('find_out_whether' if asks else 'find_out' if asked else 'investigate')}{_lowered(text)}"
    return text


def _lowered(text: str) -> str:
    """Without the capital that opens a sentence; names in capitals keep theirs."""
    return text[0].lower() + text[1:] if len(text) > 1 and not text[1].isupper() else text


def _outcome(text: str, cues: Cues) -> str:
    text = cues.shape("own").sub(cues.wording("the"), text)
    text = cues.shape("own_inside").sub(cues.wording("their"), text)
    return cues.shape("aside_i").sub("", text).strip(" ,.;:")


def _base(cues: Cues, participle: str) -> str:
    word = participle.lower()
    if word in cues.pairs("irregular"):
        return cues.pairs("irregular")[word]
    if word[:-1] in cues.words("verbs_in_e"):
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


def _short(text: str, cues: Cues) -> str:
    """At most eighty characters, cut at a clause or a word."""
    text = " ".join(text.split()).strip(" ,;:–-")
    when = cues.shape("title_when").match(text)
    if len(text) > MAX_TITLE and when and len(content_words(text[when.end() :])) >= 3:
        rest = text[when.end() :]
        text = f"{when.group('fix') or ''}{rest if when.group('fix') else _capital(rest)}"
    if len(text) <= MAX_TITLE:
        return text or "Untitled item"
    clause = max(text.rfind(mark, 25, MAX_TITLE) for mark in (", ", "; ", " – ", ". "))
    if clause > 0 and len(content_words(text[:clause])) >= 3:
        return text[:clause]
    return text[: text.rfind(" ", 20, MAX_TITLE)].rstrip(" ,;:–-")
