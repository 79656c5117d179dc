"""A whole pipeline as a link of a LangChain chain: text in, the candidates' titles out."""

from __future__ import annotations

from langchain_core.runnables import RunnableLambda

from pipekit import Pipeline, RunResult
from pipekit.backlog import refined

NOTES = """\
Ada: As a reader I want to filter the catalogue by author so that I find a book faster.
Ben: And the export crashes on large lists, that's a bug.
"""


def titles(result: RunResult) -> list[str]:
    """The titles of what was found."""
    return [item.candidate.title for item in refined(result)]


chain = Pipeline({}, store="memory:").as_runnable() | RunnableLambda(titles)

if __name__ == "__main__":
    for title in chain.invoke(NOTES):
        print(title)
