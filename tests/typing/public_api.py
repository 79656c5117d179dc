"""Checked by mypy, never run: what users see of the types."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from pipekit import LLM, Each, Pipeline, Step, Text, step


@step
def count(text: str) -> int:
    return len(text)


@step
async def ask(text: str, llm: LLM) -> str:
    return await llm.ask("ask", returns=str, text=text)


@step(each="words")
def weigh(word: str) -> float:
    return 1.0


@step(each="words", provides="fates")
async def judge(word: str) -> bool:
    return True


@step(name="other", after="count")
def named(text: str) -> bytes:
    return b""


result = Pipeline({}).run(Text("x"))
assert_type(count("x"), int)
asked: Coroutine[Any, Any, str] = ask("x", llm=result)  # type: ignore[arg-type]
assert_type(result.of(count), int)
assert_type(result.of(ask), str)
assert_type(result.of(weigh), Each[float])
assert_type(result.of(judge), Each[bool])
assert_type(result.of(named), bytes)
assert_type(result.artifact("count", int), int)
count(1)  # type: ignore[arg-type]
plain: Step[..., Any, int] = count
