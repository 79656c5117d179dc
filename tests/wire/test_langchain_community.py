"""langchain-community over real HTTP: chat models with httpx and requests, a retriever, and a loader of web pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from pipekit_community.chat_models import CommunityProvider, CommunitySettings
from pipekit_community.retrievers import CommunityRetriever, CommunityRetrieverSettings
from wirekit.cases import CASES
from wirekit.project import MEETING, Project
from wirekit.question import Question
from wirekit.reader import answer_to
from wirekit.server import Exchange, WireServer
from wirekit.vendors import KEY, VENDORS

from pipekit.interfaces import ModelOptions
from pipekit.llm.calling import call_model
from pipekit.llm.replies import CallError
from pipekit.testing.contracts.asking import candidate_of

pytestmark = [
    pytest.mark.timeout(300),  # whole runs in processes, which load all of langchain-community
    pytest.mark.filterwarnings("ignore:.*langchain-community"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:langchain_community"),
]
Serve = Callable[[Callable[[Exchange], None]], WireServer]
#: Both speak as OpenAI does; one by httpx, and one by requests in a thread.
CLASSES = {"MiniMaxChat": ("base_url", "/v1/chat/completions"), "LlamaEdgeChatService": ("service_url", "")}
each_class = pytest.mark.parametrize("name", CLASSES)


def arguments(name: str, url: str) -> dict[str, str]:
    setting, path = CLASSES[name]
    return {setting: url + path}


def question_of(exchange: Exchange) -> Question:
    """A request whose schema stands in its words, as it does for models that know no better way."""
    system, user = (message["content"] for message in exchange.received.json["messages"][:2])
    schema = json.loads(user.rpartition("It must fit this JSON schema:\n")[2])
    return Question(system=system, user=user, schema=schema, model="none")


@each_class
def test_a_whole_run_by_a_class_of_langchain_community(name: str, serve: Serve, tmp_path: Path) -> None:
    asked: list[str] = []
    keys: set[str] = set()

    def behave(exchange: Exchange) -> None:
        question = question_of(exchange)
        asked.append(str(question))
        keys.add(exchange.received.headers.get("authorization", ""))
        text = f"As you wish:\n```json\n{json.dumps(answer_to(question))}\n```"
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        exchange.send({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})

    settings = {"arguments": {name: arguments(name, serve(behave).url)}}
    config = {"llm": {"model": f"community/{name}", "providers": {"community": settings}}}
    (tmp_path / "pipekit.yaml").write_text(json.dumps(config))
    project = Project.of(tmp_path, MINIMAX_API_KEY=KEY)

    refused = project.call("run", "meeting.txt")
    assert refused.returncode == 3, refused.stderr
    assert "pipekit trust" in refused.stderr
    assert not asked, "a project's file leads no key elsewhere until it is trusted"

    assert project.call("trust", "--yes").returncode == 0
    done = project.call("run", "meeting.txt", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(done.stdout)["items"]) == 5
    assert len(asked) == len(set(asked)) == json.loads(done.stdout)["usage"]["calls"] == 3 + 3 * 5
    assert keys == ({f"Bearer {KEY}"} if name == "MiniMaxChat" else {""})
    assert [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


#: What a class may make of a server that goes wrong, where its client tells it; each is in words, and none is ours.
KINDS = {
    "wrong key": {"auth"},
    "forbidden": {"auth"},
    "no credit (402)": {"quota"},
    "no credit (429)": {"quota", "rate"},  # by the words of the answer, which not every class hands over
    "unknown model": {"not-found"},
    "bad request": {"refused"},
    "too long": {"too-long", "refused"},
    "too large (413)": {"too-long"},
    "429, seconds": {"rate"},
    "500": {"server"},
    "529 overloaded": {"server"},
    "502, a page": {"server"},
    "silence": {"timeout"},
    "slow drip": {"timeout"},  # one of them reads in a thread, which is left behind
    "hangs up at once": {"connection"},
    "hangs up in the middle": {"connection"},
    "200, a page": {"server"},
    "200, broken JSON": {"server"},
    "200, nothing": {"server"},
    "200, not UTF-8": {"server"},
    "gzip that is none": {"server"},
}


@each_class
@pytest.mark.parametrize("case", KINDS)
def test_what_goes_wrong_is_told_in_words_without_the_key(
    name: str, case: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    server = serve(lambda exchange: CASES[case](VENDORS["openai"], exchange))
    provider = CommunityProvider(CommunitySettings(arguments={name: arguments(name, server.url)}))
    options = ModelOptions(timeout=1.0 if case in ("silence", "slow drip") else 10.0)

    with pytest.raises(CallError) as caught:
        asyncio.run(call_model(candidate_of(provider, name), [HumanMessage("hi")], None, options))

    assert caught.value.kind in KINDS[case]
    assert KEY not in caught.value.message
    assert "it has:" not in caught.value.message, "the class is there; it is the server's model that isn't"
    assert len(server.received) == 1, "a client of its own retries"
    if case == "429, seconds" and name == "MiniMaxChat":
        assert caught.value.retry_after == 7.0


def test_an_answer_that_was_cut_off_is_no_success(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    message = {"role": "assistant", "content": "so far"}
    server = serve(lambda e: e.send({"choices": [{"index": 0, "message": message, "finish_reason": "length"}]}))
    provider = CommunityProvider(CommunitySettings(arguments={"MiniMaxChat": arguments("MiniMaxChat", server.url)}))
    reply = asyncio.run(call_model(candidate_of(provider, "MiniMaxChat"), [HumanMessage("hi")], None, ModelOptions()))
    assert reply.problem == "truncated"


def test_a_retriever_that_asks_a_server(serve: Serve, tmp_path: Path) -> None:
    """The search of a service, found by the name of its class, for the workflow's own step; also while it is broken."""
    asked: list[Any] = []
    found = [
        {"page_content": f"Entry times were tried in {year}.", "metadata": {"source": year}} for year in ("1", "2")
    ]

    def behave(exchange: Exchange) -> None:
        asked.append(exchange.received.json)
        exchange.send({"response": found})

    server = serve(behave)
    settings = {"retriever": "RemoteLangChainRetriever", "arguments": {"url": server.url}}
    hits = CommunityRetriever(CommunityRetrieverSettings(**settings)).search("entry time", limit=1)  # type: ignore[arg-type]
    assert [(hit.source, hit.snippet) for hit in hits] == [("1", "Entry times were tried in 1.")]
    assert asked == [{"message": "entry time"}]

    (tmp_path / "pipekit.yaml").write_text(json.dumps({"retrievers": {"community": settings}}))
    project = Project.of(tmp_path)
    done = project.call("run", "meeting.txt", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(asked) > 1
    outputs = "".join(path.read_text() for path in project.run.rglob("*.json"))
    assert "Entry times were tried in 1." in outputs

    server.behave = lambda exchange: exchange.send("<html>", 502, content_type="text/html")
    broken = project.call("run", "meeting.txt")
    assert broken.returncode == 9
    assert "the retriever community of pipekit-community" in broken.stderr
    assert "take retrievers.community out of the configuration" in broken.stderr
    server.behave = behave
    assert project.call("resume", "last").returncode == 0


def test_a_meeting_on_a_web_page_makes_a_whole_run(tmp_path: Path) -> None:
    lines = "".join(f"<p>{line}</p>" for line in MEETING.read_text().splitlines() if line.strip())
    (tmp_path / "page.html").write_text(f"<!doctype html><html><body>{lines}</body></html>")
    project = Project.of(tmp_path)
    read = project.call("run", "page.html", "--json")
    assert read.returncode == 0, read.stdout + read.stderr
    plain = project.call("run", "meeting.txt", "--json")
    titles = [[row["title"] for row in json.loads(one.stdout)["items"]] for one in (read, plain)]
    assert titles[0] == titles[1] != []
