"""Several inputs are kept as one archive, and come out of it as they went in."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from pipekit import Merged, PipekitError, Pipeline, Text, Workflow, step
from pipekit.errors import InputError, PlanError, UsageError
from pipekit.inputs import read_input
from pipekit.merging import pack, unpack


@given(st.lists(st.tuples(st.text(max_size=40), st.binary(max_size=50)), max_size=6))
def test_what_goes_in_comes_out_and_the_same_inputs_are_the_same_bytes(parts: list[tuple[str, bytes]]) -> None:
    packed = pack(parts)
    assert packed == pack(parts)
    assert list(unpack(packed, "x", count=len(parts))) == [content for _, content in parts]
    assert all("/" not in name and "\\" not in name for name in zipfile.ZipFile(io.BytesIO(packed)).namelist())


def _bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1-a", b"a" * 10_000_000)
    return target.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"no archive", pack([("a", b"b"), ("c", b"d")]), pack([("a", b"b")])[:-30], _bomb()]
)
def test_an_archive_that_is_none_of_ours_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="can't be taken apart"):
        list(unpack(content, "a + b", count=1))


@frozen
class Words:
    text: str


@step(provides="joined")
def join_words(words: Words) -> str:
    return words.text


def _put_together(values: object) -> Words:
    assert isinstance(values, list)
    return Words(" ".join(value.text for value in values))


def _raises(values: object) -> Words:
    raise RuntimeError("no")


def pipeline(folder: Path, merge: object = _put_together) -> Pipeline:
    workflow = Workflow(name="words", input="words", input_type=Words, steps=[join_words], merge=merge)  # type: ignore[arg-type]
    return Pipeline({"store": f"file:{folder}/runs"}, workflow=workflow, plugins=[])


def test_values_and_files_become_one_in_their_order_and_resume_without_them(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text('{"text": "two"}')
    made = pipeline(tmp_path)
    result = made.run(Merged([Words("one"), str(file), Text('{"text": "three"}', name="c")]))
    assert result.of(join_words) == "one two three"
    file.unlink()
    record = made.runs.record(result.run_id)
    assert record.input is not None
    assert [part.name for part in record.input.parts] == ["Words", str(file), "c"]
    assert record.input_file == f"Words + {file} + c"
    assert made.runs.get(result.run_id).artifact("words", Words) == Words("one two three")


@pytest.mark.parametrize(
    ("merge", "error", "says"),
    [(None, PlanError, "can't merge several"), (_raises, PipekitError, "merge of the workflow words")],
)
def test_a_workflow_that_cannot_merge_says_so(tmp_path: Path, merge: object, error: type[Exception], says: str) -> None:
    with pytest.raises(PipekitError) as caught:
        pipeline(tmp_path, merge).run(Merged([Words("one"), Words("two")]))
    assert says in str(caught.value)


def test_the_limit_is_one_for_all_inputs_and_none_may_be_merged_itself(tmp_path: Path) -> None:
    inputs = Merged([Text("a" * 60, name="a"), Text("b" * 60, name="b")])
    with pytest.raises(InputError, match="with those before it") as caught:
        read_input(inputs, input_type=str, limit=100, folder=tmp_path)
    assert caught.value.file == "b"
    for nested in (Merged([]), Merged([inputs])):
        with pytest.raises(UsageError):
            read_input(nested, input_type=str, limit=100, folder=tmp_path)
