"""Steps of this project. A file named under plugins.local needs no packaging; its steps join the workflow."""

from __future__ import annotations

from pipekit import step
from pipekit.backlog import Candidate


@step(each="candidates", after="check-readiness")
def name_branch(candidate: Candidate) -> str:
    """A name for the branch on which the candidate will be built."""
    words = [word for word in candidate.title.lower().split() if word.isalpha()]
    return f"{candidate.type}/{'-'.join(words[:5])}"
