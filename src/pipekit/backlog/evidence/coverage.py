"""How well a run's findings are supported by the meeting: each claim with how surely its words were found there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from attrs import frozen

from pipekit.backlog.model.candidate import Candidate, Claim, Match, RejectedItem, Span
from pipekit.backlog.model.question import Questions
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.refined import RefinedCandidate

__all__ = ["KINDS", "ClaimKind", "Coverage", "SupportedClaim", "coverage_of", "stated_claims"]

#: What can be said to come from the meeting.
ClaimKind = Literal["candidate", "criterion", "question", "answer", "risk", "dependency", "rejected"]
KINDS: tuple[ClaimKind, ...] = ("candidate", "criterion", "question", "answer", "risk", "dependency", "rejected")
#: From the best to the worst.
MATCHES: tuple[Match, ...] = ("exact", "folded", "close", "unsupported")


@frozen(kw_only=True)
class SupportedClaim:
    """Something that is said to come from the meeting; it is as well supported as the worst of the words given for it.

    ``candidate`` is the id of the candidate that it is about, None for what was turned down.
    """

    kind: ClaimKind
    text: str
    match: Match
    candidate: str | None = None


@frozen(kw_only=True)
class Coverage:
    """All claims of a run. What doesn't claim to come from the meeting isn't among them."""

    claims: tuple[SupportedClaim, ...] = ()

    def count(self, match: Match, kind: ClaimKind | None = None) -> int:
        """How many of the claims (of one kind) are supported in this way."""
        return sum(one.match == match and kind in (None, one.kind) for one in self.claims)

    @property
    def share(self) -> float | None:
        """The share of the claims that stand in the meeting word for word, 0–1; None where nothing is claimed."""
        if not self.claims:
            return None
        return (self.count("exact") + self.count("folded")) / len(self.claims)

    @property
    def doubtful(self) -> Sequence[SupportedClaim]:
        """The claims that don't stand there word for word, the worst first."""
        found = [one for one in self.claims if one.match in ("close", "unsupported")]
        return sorted(found, key=lambda one: -MATCHES.index(one.match))

    def to_json(self) -> dict[str, object]:
        """Numbers of claims by how they are supported, in all and by kind, and those that aren't word for word."""
        kinds = Counter(one.kind for one in self.claims)
        return {
            "claims": len(self.claims),
            **{match: self.count(match) for match in MATCHES},
            "share": None if self.share is None else round(self.share, 4),
            "byKind": {
                kind: {"claims": kinds[kind], **{match: self.count(match, kind) for match in MATCHES}}
                for kind in KINDS
                if kinds[kind]
            },
            "doubtful": [
                {"kind": one.kind, "match": one.match, "candidate": one.candidate, "text": one.text}
                for one in self.doubtful
            ],
        }

    def __str__(self) -> str:
        """In one sentence, for people."""
        total = len(self.claims)
        if not total:
            return "nothing is said to come from the meeting"
        close, missing = self.count("close"), self.count("unsupported")
        whole = total - close - missing
        if whole == total:
            claims = "the only claim stands" if total == 1 else f"all {total} claims stand"
            return f"{claims} in the meeting word for word"
        claims = "1 claim stands" if total == 1 else f"{total} claims stand"
        parts = [f"{close} nearly"] if close else []
        parts += [f"{missing} not at all"] if missing else []
        return f"{whole} of {claims} in the meeting word for word, {', '.join(parts)}"


def coverage_of(items: Iterable[RefinedCandidate], rejected: Iterable[RejectedItem] = ()) -> Coverage:
    """The claims of all candidates and of what was turned down, in order."""
    found: list[SupportedClaim] = []
    for one in items:
        found += stated_claims(one.candidate)
        for edge in one.dependencies:
            text = edge.reason or f"{edge.source} {edge.type} {edge.target}"
            found += _claim("dependency", text, edge.evidence, one.candidate.id)
        found += _of_risks(one.risks, one.candidate.id) if one.risks else ()
        found += _of_questions(one.questions, one.candidate.id) if one.questions else ()
    for item in rejected:
        found += _claim("rejected", item.title, item.evidence, None)
    return Coverage(claims=tuple(found))


def stated_claims(candidate: Candidate) -> Iterator[SupportedClaim]:
    """What a candidate itself claims: that it was asked for, and that its criteria were stated."""
    yield from _claim("candidate", candidate.title, candidate.evidence, candidate.id)
    for criterion in candidate.criteria_evidence:
        if criterion.text in candidate.acceptance_criteria:  # else a person has changed it since
            yield from _claim("criterion", criterion.text, criterion.evidence, candidate.id)


def _of_risks(risks: RiskAssessment, candidate: str) -> Iterator[SupportedClaim]:
    told = [
        *risks.unknowns_evidence,
        *(Claim(text=one.description, evidence=one.evidence) for one in risks.dependencies),
        *(Claim(text=one.indicator, evidence=one.evidence) for one in risks.scope_creep_indicators),
        *(Claim(text=one.description, evidence=one.evidence) for one in risks.architectural_conflicts),
        *(Claim(text=one.quote, evidence=(one,)) for one in risks.danger_evidence),
    ]
    for one in told:
        yield from _claim("risk", one.text, one.evidence, candidate)


def _of_questions(questions: Questions, candidate: str) -> Iterator[SupportedClaim]:
    for one in questions.questions:
        yield from _claim("question", one.question, one.evidence, candidate)
        if one.proposed_answer is not None:
            yield from _claim("answer", one.proposed_answer.answer, one.proposed_answer.evidence, candidate)


def _claim(kind: ClaimKind, text: str, evidence: Sequence[Span], candidate: str | None) -> Iterator[SupportedClaim]:
    if evidence:
        worst = max((span.match for span in evidence), key=MATCHES.index)
        yield SupportedClaim(kind=kind, text=text, match=worst, candidate=candidate)
