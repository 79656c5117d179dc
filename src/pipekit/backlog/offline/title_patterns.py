"""The shapes of sentences from which a title can be made, and verbs whose participle doesn't tell their base."""

from __future__ import annotations

import re

__all__ = [
    "ABLE",
    "DOING",
    "ENDS_IN_E",
    "ENDS_WITH",
    "FINDS_OUT",
    "IRREGULAR",
    "LEANS",
    "LED",
    "LOOSE_END",
    "MAKE",
    "NOBODY",
    "ORDER",
    "OWN",
    "PASSIVE",
    "POINTS",
    "PRESENT",
    "PURPOSE",
    "SOMEBODY",
    "STORY",
    "SUBJECT",
    "TAIL",
    "THEN",
    "THING",
    "UNKNOWN",
    "WHEN",
]

STORY = re.compile(
    r"\bas (?:an?|the|our) (?P<role>[^,.;:?!]{2,50}?),? "
    r"(?:i|we)(?: would|['’]d)? (?:want|need|like|love|wish|must be able)(?: to)? (?P<what>.+)",
    re.IGNORECASE,
)
PURPOSE = re.compile(
    r",?\s+(?:so that|in order to|because|since|otherwise|so (?:i|we|they|people) )\b.*$", re.IGNORECASE
)
TAIL = re.compile(
    r"(?:,\s*(?:by the way|please|too|though|right|obviously|you know|honestly|if possible|as well)"
    r"|,?\s*(?:and |so )?(?:that|it|this|which)(?:['’]s| is| was) (?:an? |the |pure |really |just |only |clearly )*"
    r"(?:(?:real |nasty |known )?(?:bug|spike|debt|defect|mess|story)|broken|technical debt|tech debt)\b.*"
    r"|,\s*(?:and |so |but )?(?:we|somebody|someone|they|you) (?:must|should|need to|needs to|have to|has to|ought to)"
    r" (?:urgently |please )?(?:fix|repair|correct|look at|look into|take care of|check|do|change|solve)"
    r" (?:it|that|this|them)\b.*|\s*\([^()]*\))\s*$",
    re.IGNORECASE,
)
#: What is left at the end where the words that turn something down are cut off: "the parrot mode was an".
LOOSE_END = re.compile(
    r"(?:\b(?:is|was|are) an?\s*$|^(?:and|or|but|so)\b|\b(?:is|was|are|has been|will|it|we|that)\b)?[\s,:–-]*$",
    re.IGNORECASE,
)
#: What only says when: "first, and only then …".
ORDER = re.compile(r"\s+(?:first|before)\b,?(?:\s+and\b.*|\s+then\b.*)?$", re.IGNORECASE)
OWN = re.compile(r"\b(my|our|your)\b", re.IGNORECASE)
PASSIVE = re.compile(
    r"^(?P<what>(?:the |an? |all )?[^,.;]{3,60}?) (?:has|have|needs?|must|should|ought) (?:to )?"
    r"be (?P<verb>\w+(?:ed|en|t|n))(?P<rest>\b.*)$",
    re.IGNORECASE,
)
#: Somebody who shall be able to do something: "users should be able to …".
ABLE = re.compile(
    r"^(?P<who>(?:the |our |all |every )?[\w-]+(?: [\w-]+){0,2}?) (?:should|must|need to|needs to|have to|has to"
    r"|want to|would like to|['’]d like to|ought to)(?: also| really)? be (?:able|allowed) to (?P<what>.+)$",
    re.IGNORECASE,
)
#: Somebody who gets or can do something, where only the result was told: "that owners get a message".
SOMEBODY = re.compile(
    r"^(?!whether\b|if\b|how\b|what\b|which\b)"
    r"(?P<who>(?:the |our |all |every )?(?:[\w-]+ ){0,2}?(?:[\w-]+s|people|everybody|everyone)|we|you|they|i"
    r"|(?:the|an?|every|each) (?:[\w-]+ ){0,2}?[\w-]+(?= (?:can|could|will|would)\b)) "
    r"(?:(?:can|could|would|will|may|might|are able to|were able to)(?: also| just| really)? (?P<can>.+)"
    r"|(?P<verb>get|got|see|saw|have|had|receive|received|find|found|know|knew)(?P<rest> .+))$",
    re.IGNORECASE,
)
#: A thing that shall be made to do something: "the stock levels to come from the warehouse".
MAKE = re.compile(
    r"^(?P<what>(?:the |our |all |every )?(?:[\w'’-]+ ){0,3}?[\w'’-]+) to "
    r"(?P<verb>(?!the\b|an?\b|our\b)[a-z]+) (?P<rest>.+)$",
    re.IGNORECASE,
)
UNKNOWN = re.compile(
    r"\b(?:know|sure|clear|idea|clue|foggiest|tell(?: (?:you|us|me))?|see|known|wonder|unsure|unclear|question(?: is)?)"
    r"\s+"
    r"(?P<what>(?:whether|if|how|what|which|why)\b.+)$",
    re.IGNORECASE,
)
#: The thing that a sentence ends with: "I'd also throw in, while we're here, the log-in page".
ENDS_WITH = re.compile(r"(?:^|, )(?P<what>(?:the|our) [\w'’-]+(?: [\w'’-]+){0,3})$", re.IGNORECASE)
#: When or where, before what happens: "since the last release, …".
WHEN = re.compile(r"(?P<fix>Fix: )?(?:since|on|in|at|from|with) [^,]{3,60}, (?=\w)", re.IGNORECASE)
PRESENT = {"got": "get", "saw": "see", "had": "have", "received": "receive", "found": "find", "knew": "know"}
#: A name before what is said of it: "fishing: when two players …".
LED = re.compile(r"[^:.?!]{2,40}:\s+(?=\w)")
#: What is to be found out, wherever in a sentence it stands.
FINDS_OUT = re.compile(
    r"\b(?P<what>(?:investigate|find out|look into|check|evaluate|explore|research|analy[sz]e|figure out) "
    r"(?:whether|if|how|what|which|why)\b.+)$",
    re.IGNORECASE,
)
NOBODY = frozenset(("i", "we", "you", "they", "it", "he", "she", "that", "people", "this"))
#: A thing that shall do something: "the page should show …".
THING = re.compile(
    r"^(?P<what>(?:the|our|every|each) [\w'’-]+(?: [\w'’-]+){0,3}?) (?:should|must|needs to|has to|ought to)"
    r"(?: also| really| always)? (?P<verb>(?!be\b|have\b|get\b|not\b)[a-z]+) (?P<rest>.+)$",
    re.IGNORECASE,
)
#: Something, and what is to be done with it: "the logs are full of warnings, we should clean them up".
THEN = re.compile(
    r"^(?P<what>(?:the|our) [\w'’-]+(?: [\w'’-]+){0,2}?) (?:is|are|was|has|have|looks?|takes?)\b[^,]{3,80}, "
    r"(?:so |and )?(?:we|somebody|someone) (?:should|must|need to|needs to|have to|has to|ought to) "
    r"(?P<verb>[a-z]+) (?:it|them|that)(?P<rest> (?:up|out|away|off))?$",
    re.IGNORECASE,
)
LEANS = re.compile(
    r"(?:it|that|this|they|these|those|he|she|them)(?:['’]\w+)?(?= (?:is|are|was|has|have|would|will|can|takes?|"
    r"shows?|says?|does|works?|needs?|gets?|goes|comes|fails?|crashes|prints?|sends?|looks?|costs?|breaks?|stops?|hangs|"
    r"freezes|loses?|every|before|after|on|in|at|for|by|with|as|too|again|now|first|to)\b|[,.:;]|$)",
    re.IGNORECASE,
)
POINTS = re.compile(
    r"^(?P<verb>[a-z]+(?: (?:up|out|at|into|off))?) (?P<it>it|that|this|them|those)\b(?! [a-z]+ing\b)", re.IGNORECASE
)
SUBJECT = re.compile(
    r"^(?P<what>(?:the|our|an?) [\w'’-]+(?: [\w'’-]+){0,2}?) (?:is|are|was|has|have|had|can|can['’]t|does|doesn['’]t|"
    r"needs?|goes|comes|still|only|never|always|takes?)\b",
    re.IGNORECASE,
)
#: What people do today, before "they'd like to do it …".
DOING = re.compile(
    r"^(?:the |our |many |most |some )?[\w-]+s (?P<doing>(?!are|have|were|can|is|must)[a-z]+ (?:an?|the|their|its) "
    r"[\w-]+(?: [\w-]+)?)(?= (?:on|in|by|with|at|via|over|through|today|per|from|to)\b|[,.]|$)",
    re.IGNORECASE,
)
IRREGULAR = {
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
E_VERBS = """
    cache upgrade update create delete remove move replace change store save use merge improve automate migrate validate
    generate handle enable disable schedule include exclude archive share release rename resize reduce close rotate
    translate duplicate integrate write provide configure secure measure compare prepare analyse analyze organise
    organize centralise optimise optimize require expire invite note rate route scale purge parse price trace
    subscribe describe decide divide encode decode calculate announce advise raise notice force place produce introduce
"""
ENDS_IN_E = frozenset(E_VERBS.split())
