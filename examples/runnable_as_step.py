"""A LangChain chain as a step of a pipeline; with a model it would be ``prompt | model | parser``."""

from __future__ import annotations

from langchain_core.runnables import RunnableLambda

from pipekit import Pipeline, Text, Workflow, step

clean = RunnableLambda(lambda needed: needed["note"].strip().lower())
shout = clean | RunnableLambda(lambda text: f"{text.upper()}!")

shouted = step.from_runnable(shout, name="shouted", needs=["note"], returns=str)


@step
def length(shouted: str) -> int:
    """How long it became."""
    return len(shouted)


LOUD = Workflow(name="loud", input="note", input_type=str, steps=[shouted, length])

if __name__ == "__main__":
    result = Pipeline({}, workflow=LOUD, store="memory:").run(Text("  hello there "))
    print(result.of(shouted), result.of(length))
