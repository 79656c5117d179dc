"""What the past costs to index and to search, and how much of it is found: 20,000 files, and the samples' queries.

Files are synthetic: words of a Zipf distribution with made-up vocabulary, 15–60 of them, under YAML front matter. The
recall is that of the test data's queries, as they are and with a slip in every longer word, by words alone and, where
the model is installed (``nox -s embed`` shows how), by meaning too.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipekit.errors import ConfigError
from pipekit.interfaces.retrievers import Retriever
from pipekit.retrieval.folders import FolderRetriever, FolderSettings
from pipekit.retrieval.indexed import IndexRetriever, IndexSettings
from pipekit.retrieval.minilm import load_minilm
from pipekit.retrieval.stored_index import Indexed, update_index
from pipekit.yaml_nodes import compose

FILES, VOCABULARY, QUERIES, ROUNDS = 20_000, 30_000, 200, 3
DATA = Path(__file__).parents[1] / "tests" / "data" / "backlog"


def main() -> None:
    """Print medians of whole rounds and of single queries, then the recall among the first five."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "notes"
        draw = _write_files(folder)
        index_times: list[float] = []
        for _ in range(ROUNDS):
            retriever = FolderRetriever(FolderSettings(paths=(str(folder),)))
            began = time.perf_counter()
            retriever.fingerprint()
            index_times.append(time.perf_counter() - began)
        print(f"{FILES} files, read and indexed     {statistics.median(index_times):7.2f} s")
        for length in (3, 8, 40):
            times = _query_times(retriever, [" ".join(draw(length)) for _ in range(QUERIES)])
            print(f"a query of {length:2} words            {statistics.median(times) * 1000:7.2f} ms (median)")
    _print_recall("words", FolderRetriever(FolderSettings(paths=(str(DATA),))))
    try:
        load_minilm()
    except ConfigError as error:
        print(f"nothing by meaning: {error.message}")
        return
    with tempfile.TemporaryDirectory() as place:
        files = [Indexed(path.name, path.read_bytes()) for path in sorted(DATA.glob("**/*.md"))]
        began = time.perf_counter()
        update_index(Path(place) / "past.db", lambda _: files, ["."], embeddings="minilm")
        print(f"{len(files)} files, indexed with vectors {time.perf_counter() - began:7.2f} s")
        _print_recall("minilm", IndexRetriever(IndexSettings(path="past.db", embeddings="minilm"), Path(place)))


def _write_files(folder: Path) -> Callable[[int], list[str]]:
    """Write the files; what draws words of their distribution."""
    folder.mkdir()
    chance = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.randint(2, 5))) for _ in range(VOCABULARY)]
    weights = [1 / (rank + 2) for rank in range(VOCABULARY)]

    def draw(number: int) -> list[str]:
        return chance.choices(words, weights, k=number)

    for number in range(FILES):
        title, text = " ".join(draw(5)), " ".join(draw(chance.randint(15, 60)))
        front = f"id: N-{number}\ntitle: {title}\ntype: feature\nstatus: done\ntags: [{', '.join(draw(2))}]"
        (folder / f"{number}.md").write_text(f"---\n{front}\n---\n\n# {title}\n\n{text}.\n", encoding="utf-8")
    return draw


def _query_times(retriever: FolderRetriever, queries: Sequence[str]) -> list[float]:
    times: list[float] = []
    for query in queries:
        began = time.perf_counter()
        retriever.search(query, limit=5)
        times.append(time.perf_counter() - began)
    return times


def _print_recall(by: str, retriever: Retriever) -> None:
    gold = compose((DATA / "retrieval.gold.yaml").read_text(encoding="utf-8"))
    queries = [{key.value: value for key, value in one.value} for one in gold.value[0][1].value]
    for name, changed in (("as asked", str), ("two letters swapped", _swapped), ("a letter left out", _left_out)):
        for kind in ("lexical", "paraphrase"):
            found: list[float] = []
            for query in (one for one in queries if one["kind"].value == kind):
                wanted = {node.value for node in query["relevant"].value}
                asked = " ".join(map(changed, query["query"].value.split()))
                found.append(len(wanted & {hit.id for hit in retriever.search(asked, limit=5)}) / len(wanted))
            print(f"recall@5 by {by:6}, {kind:10} {name:20} {statistics.mean(found):.2f}")


def _swapped(word: str) -> str:
    return word if len(word) < 6 else word[:2] + word[3] + word[2] + word[4:]


def _left_out(word: str) -> str:
    return word if len(word) < 6 else word[: len(word) // 2] + word[len(word) // 2 + 1 :]


if __name__ == "__main__":
    main()
