"""The phrases by which people in meetings ask, doubt, warn, estimate and give reasons: data for `signals`.

Each list holds regular expressions, separated by `` | `` with blanks around; a blank stands for white space and an
apostrophe for any kind of apostrophe. They match whole words, in any case.
"""

from __future__ import annotations

import re

__all__ = [
    "ASSENT",
    "CREEP_MAJOR",
    "CREEP_MODERATE",
    "DOUBT",
    "ELASTIC",
    "EMPTY_WORDS",
    "EXTERNAL",
    "HOW",
    "INDIRECT",
    "LIMIT",
    "MEETING",
    "NEED",
    "NOT_ELASTIC",
    "NOT_NOW",
    "NO_EFFORT",
    "NO_POINTS",
    "NO_WARNING",
    "PRESS",
    "REASON",
    "SEVERE",
    "TAKE_ON",
    "TEST",
    "WARN",
]


def _phrases(alternatives: str) -> re.Pattern[str]:
    joined = re.sub(r"(?<! )\|\n\s*", "|", alternatives.strip())
    words = [re.sub(r"\s+", r"\\s+", part.strip()).replace("'", "['’]") for part in re.split(r"\s+\|\s+", joined)]
    return re.compile(rf"(?<![\w'’])(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


#: Words that leave no room.
LIMIT = _phrases(r"""
    every | all (?:the )? | each | never | no \w+ | none | always | can'?t | cannot | only | must |
    as soon as
""")

#: Beside a number of points, these say that it is no estimate of work.
NO_POINTS = _phrases(r"""
    within | we (?:took|did) | took | did | velocity | commit(?:ted)? to | correct to | accurate
""")

#: Beside a number of days, these say that it is no estimate of work.
NO_EFFORT = _phrases(r"""
    ago | after | before | within | kept | older than | every | per | last | holiday | this year | at a time |
    less than | more than | longer than | up to | took | did | goes? out | that gives us | every other
""")

#: Somebody does not know, or it is open.
DOUBT = _phrases(r"""
    (?:(?:i|we) )?(?:really |honestly |still )?(?:don'?t|do not) know |
    (?:i'?ve |i have |we have |got )?no (?:idea|clue) |
    nobody (?:knows|has ever|is sure|could (?:say|tell)|checked|tested) |
    no one (?:knows|has ever|is sure) |
    not (?:quite |really |so |entirely |at all )?(?:sure|clear|certain|decided|settled|defined|known|
        agreed) |
    un(?:known|clear|decided|sure|resolved|certain|defined|settled) |
    (?:i|we) (?:honestly |really )?(?:can'?t|cannot|couldn'?t) (?:tell|say) | hard to (?:say|tell) |
    it'?s (?:still )?open | (?:is|are|still|stays?|remains?|left) open |
    open (?:question|point|issue)s? | question mark | good question |
    (?:i|we)(?:'d| would|'ll| will| have to| need to| must)? (?:have to |need to |first )?(?:ask|
        check with|clarify|find out|look into|look it up|talk to) |
    asks? the | to be (?:decided|clarified|confirmed|defined|discussed) |
    has to be (?:decided|clarified|confirmed|defined|answered) |
    needs? (?:to be )?(?:a decision|decided|clarif\w+|deciding|an answer|answering) | tbd | tbc |
    depends on (?:who|what|whether|how) | remains to be seen | we'?ll see |
    (?:still )?(?:have|has|need|needs) to (?:see|check|decide|clarify|find out|discuss|agree|
        settle|talk about) |
    no details? yet | details? later | wait(?:ing)? for an? (?:answer|decision|reply|confirmation) |
    haven'?t (?:decided|agreed|settled|checked|asked) |
    hasn'?t (?:been )?(?:decided|agreed|settled|checked|answered) | never (?:checked|tested|tried|asked)
""")

#: It must be settled before work can go on.
PRESS = _phrases(r"""
    block(?:s|ed|ing|er|ers)?(?! of) |
    (?:has|have|needs?|must) to be (?:decided|clarified|answered|settled|known|defined) |
    must be (?:decided|clarified|answered|settled|known) |
    (?:decid\w+|answer\w*|clarif\w+|clear\w*|settl\w+|know\w*|see|ask\w*|check\w*|
        question)\b[^.?!]{0,60}\b(?:before|first|until) |
    (?:before|until|unless) (?:we|i|that|it|this|somebody|anybody|they|the)\b[^.?!]{0,40}(?:decid\w+|
        answer\w*|go on|know\w*|start\w*|refine|plan|continue|build|estimat\w+|clear\w*) |
    before (?:going on|starting|planning|refining|building) |
    (?:can'?t|cannot|can not|couldn'?t|won'?t) (?:be )?(?:really |even )?(?:start\w*|plan\w*|
        estimate\w*|begin|build|say anything|go on|continue|design|commit) |
    changes (?:the whole|everything|all|a lot) |
    depends (?:entirely |completely )?on (?:that|this|it|the answer) |
    (?:everything|all) (?:depends|hangs|hinges) | show ?stopper |
    first (?:who|what|whether|how|which|if|when) |
    (?:critical|crucial|essential|decisive|key) (?:question|point|decision) |
    (?:the|an|one) open question | nobody knows
""")

#: Something may go wrong.
WARN = _phrases(r"""
    risks? | risky | worry | worries | worried | afraid | concern(?:s|ed)? | danger(?:ous)? | scared |
    fear | otherwise | might (?:break|fail|not|lose|crash|stop|be too) |
    could (?:break|fail|crash|lose|go wrong) | may (?:break|fail|not|lose) |
    (?:if|when) [^.?!]{3,120}(?:won'?t|will not|can'?t|problem|trouble|break\w*|breaks down|fail\w*|
        late|lose|lost) |
    nobody has ever | never (?:been )?(?:tested|checked|tried) | what if | worst case | careful |
    beware | bottleneck
""")

#: The opposite of a warning, in the same words.
NO_WARNING = _phrases(r"""
    no (?:risks?|worries|worry|concerns?|danger) | without (?:any )?risk | don'?t worry |
    not (?:worried|afraid|risky|a risk) | any risks?
""")

#: People, data, money or the law are in danger, or nothing is more urgent.
SEVERE = _phrases(r"""
    danger(?:ous)? | injur\w+ | nearly (?:got|killed|died) | died? | safety | security | breach |
    leak(?:s|ed)? | data loss | lawsuit | legally |
    legal (?:risk|problem|issue|trouble)s? | illegal | fines | a fine of | gdpr | privacy |
    compliance | audit | fraud | money (?:is )?lost | allerg\w+ (?:reaction|shock) | outage | furious |
    everything else | highest priority | top priority | stranded | catastroph\w+
""")

#: A purpose, a cause, a complaint, a cost: why it is wanted.
REASON = _phrases(r"""
    because | since (?:the|we|it|they|that|last) | so that | in order to |
    so (?:we|they|people|users|customers|visitors) (?:can|don'?t|know) | otherwise | due to |
    that'?s why | the reason | as (?:an?|the) [\w -]{2,40}[,]? i (?:want|need|would like|'d like) |
    (?:cost|costs|costing|lose|loses|losing|lost|save|saves|wast\w+) | complain\w* | support tickets? |
    reviews? | refunds? | by hand | manual(?:ly)? | asked (?:for|in|if|us) | keeps? asking |
    (?:customers?|users?|clients?|visitors?|people|riders?|owners?|cities|they|everybody|listeners?|
        patients?|teachers?|students?|drivers?|members?) (?:want|wants|need|needs|ask|asks|asked|
        complain|can'?t|cannot|have to|never|don'?t|jump|leave|wait|get|are|go|threaten|noticed|like|
        would like|'d like) |
    every (?:day|week|other|time|interview|sprint|month|release) |
    still (?:uses?|runs?|shows?|has|gets?|needs?|sends?) | nearly | instead of |
    out of (?:disk|memory|space|sync|date) |
    (?:isn't|aren't|is not|are not|doesn't|don't) (?:work|fit|match|show|load|save|arrive)\w* |
    (?:jumps?|drifts?|duplicated?|leaks?|overwrit\w+) | by the (?:law|regulation|auditors?) |
    (?:takes?|took) (?:a|the) (?:full|whole) |
    (?:stops?|crash\w*|fails?|breaks?|broken|hangs?|dies?|freez\w+|wrong|late|slow|shifted|empty|
        missing|stranded|unsupported|no longer supported|outdated|deprecated|rejected|throw away) |
    (?:three|four|five|several|too many|different) \w+(?: \w+)? and i never |
    nobody (?:can|could|gets|knows) | never deleted | i never |
    we need (?:it|this|that) (?:for|before|by)
""")

#: A way to do it.
HOW = _phrases(r"""
    with the (?:help|same|new|existing) | using |
    we(?:'d| would| could| can)? (?:use|store|cache|add|send|call|load|split|reuse|move|put|write|port|
        replace) |
    by (?:\w+ing|map|page|using) | (?:is|are) (?:already )?there |
    already (?:have|has|exists?|drawn|there) |
    i'?ve (?:already )?(?:drawn|built|sketched|written|prepared|tried) |
    same (?:framework|way|logic|code|library|approach) | paged | paging | loaded by | pre-?sort | api |
    endpoint | table | schema | migration | job scheduler | queue | index | talk to | interview\w* |
    quotes? | prototype | proof of concept | test the | based on | builds on | on top of |
    switched off | feature flag | step by step
""")

#: A special case, or how to test.
TEST = _phrases(r"""
    test(?:s|ed|able|ing|cases?)? | with and without | without | alone and in combination | edge cases? |
    even (?:if|when) | also (?:when|if|without) | works? (?:without|with) | what happens (?:if|when) |
    (?:without|no) (?:network|connection|internet|data|permission) | prove |
    in all (?:cases|browsers) | when (?:a|an|the|there) | as soon as | until | empty | missing | full |
    invalid | twice | at the same time
""")

#: Words that stretch as far as one likes.
ELASTIC = _phrases(r"""
    better | faster | quick(?:er|ly)? | improve\w* | optimi[sz]e\w* | nicer | easier | easy | simple |
    simpler | user[- ]friendly | intuitive | flexible | robust | scalable | modern | clean(?:er)? ?up |
    clean up | some(?:how)? | several | various | etc\.? | and so on | as needed | appropriate(?:ly)? |
    efficient(?:ly)? | soon | reasonable | a bit of | more (?:\w+able|reliable|stable|often) |
    less (?:\w+able) | smooth(?:er|ly)? | slow | performan(?:t|ce) | state of the art
""")

#: Stretching words in a use that does not stretch.
NOT_ELASTIC = _phrases(r"""
    as soon as | some(?:body|one|time|where) | easy to test |
    clean(?:ed)? up the [\w-]+ (?:images|files|data|table) | performance review
""")

#: A scope without any bounds.
CREEP_MAJOR = _phrases(r"""
    and so on | etc\.? | (?:supports?|handles?|shows?|imports?|exports?|does|do|can|and|or) (?:everything|anything) |
    everything (?:you|we|they|one) | all kinds of | whatever | any kind of | in general |
    for all (?:our )?(?:products|platforms|customers|apps)
""")

#: A scope about to grow.
CREEP_MODERATE = _phrases(r"""
    while we'?re at it | on top of that | nice to have | could (?:people|we|they|you|users) also |
    should also | would also be | it would be (?:nice|cool|great) | later (?:on )?(?:we|also) |
    in the future | and maybe | maybe also | or maybe | possibly also | as well,? (?:maybe|perhaps) |
    a second (?:phase|step)
""")

#: Questions that serve the talk itself.
MEETING = _phrases(r"""
    is (?:everyone|everybody) | (?:can|do) you (?:hear|see) | anything else | what else | next\s*\? |
    shall we | (?:are we|we) done | who'?s (?:next|missing) | ready to (?:start|go) |
    okay with (?:the|that) | any (?:questions?|blockers?|risks?|news) | all (?:right|good|clear|okay) |
    agreed | is (?:that|this) something for | how (?:was|are|is) (?:the|your|you|everybody|everyone) |
    lunch | coffee | break | which of these | what (?:went|didn'?t|did) |
    (?:can|could|would|will) you (?:please )?(?:take|look|write|do|note|share|talk|check|ask|own|
        prepare) |
    do we want to (?:take|talk) | right | who (?:took|takes|wants|can take) | what does done mean |
    what (?:do|would) (?:we|you) (?:want|expect) to (?:see|be) |
    (?:what|which) (?:are|is|would be|has to be|must be) (?:the )?(?:acceptance|condition|criteria|true|
        done)\b |
    what has to be true | (?:we'?ve|we have|have we|do we have) (?:got )?(?:the )?criteria |
    when (?:is|are) (?:it|we|this) done | how (?:long|many points|big|large|much work) |
    what(?:'s| is) the estimate | do we need a second | what breaks if |
    is the \w+ (?:all right|okay|fine) | are (?:we|you|they) doing the | what about the other
""")

#: Somebody or something outside the team.
EXTERNAL = _phrases(r"""
    suppliers? | vendors? | third[- ]part(?:y|ies) | contractors? | agency | licen[cs]es? |
    city council | council | authorit(?:y|ies) | regulators? | legal(?: department| team)? | lawyers? |
    marketing | sales | the (?:\w+ )?department | purchasing | procurement | operations | the board |
    management | the director | partners? | app store | bank | payment provider | auditors? |
    works council | data protection officer | printers? | the clinics? | maker | manufacturer |
    external | satellite
""")

#: Something has to be there first.
NEED = _phrases(r"""
    needs? (?:the|an?|our|their|its) \w+ | depends? on | depending on | relies on |
    (?:is|are|am|'m) blocked by | wait(?:s|ing)? (?:for|on) |
    (?:can'?t|cannot|won'?t|can not) [^.?!]{0,60}(?:until|before|unless|without) | only after |
    comes? after | after the \w+ (?:is|are|has|have) | once (?:the|we|that) | builds? on |
    (?:has|have) to be (?:replaced|done|finished|ready|corrected|cleaned|there) first |
    requires? (?:the|an?) | approval | sign[- ]?off | permission from
""")

#: It is put off, or called not ready.
NOT_NOW = _phrases(r"""
    not (?:this|next|in this|for this) sprint | (?:it'?s |it is |that'?s |is )?not ready | not yet |
    later | first (?:a|the) proposal | like to see a (?:proposal|concept|plan|design) |
    without details | no details | details later |
    needs? (?:more )?(?:refinement|details?|discussion|work) | before we refine |
    refine (?:it|this|that) (?:again|later|next) | come back to (?:it|this|that) | we can'?t start |
    too (?:big|vague|early|unclear)
""")

#: Somebody takes it, or it may start.
TAKE_ON = _phrases(r"""
    i can take (?:that|it|this) | i'?ll (?:take|do|talk|start|ask|look|write|check|prepare|own) |
    i'?d (?:do|take|interview|start|drop) | you start |
    start(?:s)? (?:right away|with it|on day|tomorrow|today) | will do | gladly | goes? first |
    good to go | ready to (?:go|start|be planned) | can be planned |
    (?:put|write) (?:it|that|this) (?:in|down|on) | (?:put|write) that | in(?=\. that's) |
    we(?:'ll)? commit | on the backlog | next sprint | top priority | high(?:est)? priority |
    make a (?:technical debt )?ticket | no worries with | nobody has doubts | assign\w* |
    i write it down | with priority | agreed | somebody has to do it
""")

#: The beginning of an answer.
ASSENT = re.compile(
    r"\W*(?:yes|yeah|yep|right|exactly|correct|sure|of course|agreed|true|no|nope|never|okay|ok|fine|both|neither"
    r"|the (?:former|latter|first|second))(?!\w)",
    re.IGNORECASE,
)

_NOT_KNOWING = (
    r"don['’]?t know|no (?:idea|clue)|nobody knows|unknown|unclear|not (?:sure|clear|certain|decided|known)|unsure"
    r"|undecided|question mark[^,.;]{0,30}|question (?:is|about|for \w+ is)|find out|clarify|decide|wonder"
    r"|(?:have|has|need|needs|want|wants|like) to (?:see|check|ask|know)(?: \w+)?|check(?: with \w+)?|see(?: first)?"
    r"|ask \w+(?: \w+)?|open (?:is|question is|question)"
)
#: A question inside a statement; ``clause`` is what is asked.
INDIRECT = re.compile(
    rf"(?<!\w)(?:{_NOT_KNOWING})(?:\s+(?:for (?:me|us)|first|yet|still|out))*[\s,:]+"
    r"(?P<clause>(?:until when|who|whom|whose|what|whether|if|when|where|which|how|why)\b[^.?!;,→(]{3,160})",
    re.IGNORECASE,
)

_EMPTY = """
    a about after again all also am an and any anyone are as at be because been before being both but by can can't could
    did do does doesn't doing don't done down each else even ever every first for from get gets getting give go goes
    going gonna got had has have having he her here him his how i i'd i'll i'm i've if in into is isn't it it's its just
    know let let's like made make makes many may maybe me might more most much must my need needs never new no nor not
    now of off oh ok okay on once one only onto or other our out over own per please put really right said same say says
    see shall she should so some something still such sure take than that that's the their them then there there's these
    they they're thing things think this those though three through to today too two under until up us use very want
    wants was way we we'd we'll we're we've well were what what's when where whether which while who whole whom whose
    why will with without won't would yeah yes yet you your
"""
#: Words that carry no meaning of their own.
EMPTY_WORDS = frozenset(_EMPTY.split())
