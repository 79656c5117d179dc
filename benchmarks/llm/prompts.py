"""How large each prompt of the workflow `backlog` is on the longest sample, as a server gets it: characters and tokens.

The meeting is the one with the most words under tests/data and examples, or FILE. It goes through OpenAI's client to
the reading server of the wire tests; of a task that is asked about each item the largest prompt counts. Tokens are our
own estimate, which is from above: a model's tokenizer makes fewer of the same text.

    python benchmarks/llm/prompts.py [FILE]
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "wire"))

from wirekit.desk import Desk  # noqa: E402
from wirekit.question import Question  # noqa: E402
from wirekit.server import serving  # noqa: E402
from wirekit.vendors import VENDORS  # noqa: E402

from pipekit import Pipeline  # noqa: E402
from pipekit.backlog import Meeting  # noqa: E402
from pipekit.llm.tokens import tokens_of  # noqa: E402

FOLDERS = ("examples", "tests/data/meetings", "tests/data/talks")
SUFFIXES = (".txt", ".md", ".vtt", ".srt", ".json")


def words_of(path: Path) -> int:
    """How many words were said, 0 for what is no meeting."""
    with tempfile.TemporaryDirectory() as folder:
        result = Pipeline({}, store="memory:", folder=Path(folder), environ={}).run(path)
    meeting = result.artifact("meeting", Meeting)
    return sum(len(one.text.split()) for one in meeting.utterances)


def longest() -> Path:
    """The meeting with the most words."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*")) if path.suffix in SUFFIXES]
    return max((path for path in paths if path.name != "README.md"), key=words_of)


def main() -> None:
    """Run it and print the sizes."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else longest()
    desk = Desk(VENDORS["openai"])
    with serving(desk.behave) as server, tempfile.TemporaryDirectory() as folder:
        providers = {"openai": {"base_url": f"{server.url}/v1"}}
        config = {"llm": {"model": "openai/gpt-4.1-mini", "providers": providers}}
        Pipeline(config, store="memory:", folder=Path(folder), environ={}).run(path)
        questions = [Question.of("openai", request) for request in server.received]
    print(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}, {words_of(path)} words:")
    print(f"  {'task':20} {'times':>5} {'system':>8} {'user':>8} {'schema':>8} {'tokens':>8}")
    tokens = 0
    for task in dict.fromkeys(question.task for question in questions):
        mine = [question for question in questions if question.task == task]
        one = max(mine, key=lambda question: len(question.user))
        schema = json.dumps(one.schema)
        tokens += sum(tokens_of([each.system, each.user, json.dumps(each.schema)]) for each in mine)
        sizes = (len(one.system), len(one.user), len(schema), tokens_of([one.system, one.user, schema]))
        print(f"  {task:20} {len(mine):5} " + " ".join(f"{size:8,}" for size in sizes))
    print(f"  {len(questions)} questions, about {tokens:,} tokens in all")


if __name__ == "__main__":
    main()
