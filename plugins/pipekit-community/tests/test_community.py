"""Chat models, retrievers and loaders of langchain-community, as pipekit uses them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from pipekit_community.chat_models import CommunityProvider, CommunitySettings
from pipekit_community.loaders import HtmlLoader, WordLoader
from pipekit_community.retrievers import CommunityRetriever, CommunityRetrieverSettings

from pipekit import Pipeline
from pipekit.errors import ConfigError, InputError, PluginError
from pipekit.interfaces import LLMProvider, Loader, ModelOptions, Retriever, Source


def test_a_chat_model_by_the_name_of_its_class() -> None:
    settings = CommunitySettings(arguments={"FakeListChatModel": {"responses": ["yes", "no"]}})
    provider = CommunityProvider(settings)

    model = provider.chat_model("FakeListChatModel", ModelOptions(temperature=0.0, timeout=5))

    assert isinstance(provider, LLMProvider)
    assert model.invoke("well?").text == "yes"
    assert provider.describe("FakeListChatModel").methods == ("text",)
    assert "ChatLlamaCpp" in {info.name for info in provider.models()}


def test_a_name_that_isnt_listed_is_told_with_near_ones() -> None:
    with pytest.raises(ConfigError, match="no chat model 'ChatLamaCpp'") as caught:
        CommunityProvider(CommunitySettings()).chat_model("ChatLamaCpp", ModelOptions())
    assert "ChatLlamaCpp" in caught.value.hint


@pytest.mark.parametrize("name", ["os.system", "__init__", "", "importlib", "../chat_models"])
def test_nothing_but_listed_classes_is_reached(name: str) -> None:
    with pytest.raises(ConfigError):
        CommunityProvider(CommunitySettings()).chat_model(name, ModelOptions())


def test_arguments_that_dont_fit_are_not_repeated() -> None:
    settings = CommunitySettings(arguments={"ChatLlamaCpp": {"model_path": ["hidden-word"]}})
    with pytest.raises(PluginError) as caught:
        CommunityProvider(settings).chat_model("ChatLlamaCpp", ModelOptions())
    assert "hidden-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "connection"),
        (ValueError("Requested tokens (900) exceed context window of 512"), "too-long"),
        (ValueError("something else"), None),
        (RuntimeError(), None),
    ],
)
def test_failures(error: Exception, kind: str | None) -> None:
    failure = CommunityProvider(CommunitySettings()).failure(error)
    assert (failure.kind if failure else None) == kind


def test_failures_of_http_libraries() -> None:
    import httpx
    import requests

    provider = CommunityProvider(CommunitySettings())
    response = requests.Response()
    response.status_code = 429
    response.headers["Retry-After"] = "7"
    failure = provider.failure(requests.HTTPError(response=response))
    assert failure is not None
    assert (failure.kind, failure.retry_after) == ("rate", 7.0)
    for error, kind in ((httpx.ReadTimeout(""), "timeout"), (httpx.ConnectError(""), "connection")):
        failure = provider.failure(error)
        assert failure is not None
        assert failure.kind == kind


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    for name, text in {
        "tickets.md": "# Tickets\nVisitors book an entry time.",
        "guide.txt": "The audio guide stops on newer phones.",
        "shop.md": "# Shop\nPostcards are sold out.",
        "sub/cafe.md": "The coffee machine is loud.",
        ".hidden/key.md": "book a secret entry time",
        "table.csv": "book,entry,time",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_bm25_over_files(documents: Path) -> None:
    retriever = CommunityRetriever(CommunityRetrieverSettings(paths=(".",)), documents)

    hits = retriever.search("book entry time", limit=2)

    assert isinstance(retriever, Retriever)
    assert [(hit.title, Path(hit.source).name, hit.relevance) for hit in hits] == [("Tickets", "tickets.md", 1.0)]
    assert retriever.search("book", limit=2, kind="adr") == []


def test_the_fingerprint_changes_with_the_files(documents: Path) -> None:
    retriever = CommunityRetriever(CommunityRetrieverSettings(paths=(".",)), documents)
    before = retriever.fingerprint()
    assert retriever.fingerprint() == before
    (documents / "new.md").write_text("Seats are booked by telephone.")
    assert retriever.fingerprint() != before
    assert retriever.search("telephone", limit=1)[0].source.endswith("new.md")


def test_folders_without_files_and_without_a_place(tmp_path: Path) -> None:
    assert CommunityRetriever(CommunityRetrieverSettings(paths=(".",)), tmp_path).search("a", limit=3) == []
    with pytest.raises(ConfigError, match="no such file or folder"):
        CommunityRetriever(CommunityRetrieverSettings(paths=("away",)), tmp_path).search("a", limit=3)
    with pytest.raises(ConfigError, match="no retriever"):
        CommunityRetriever(CommunityRetrieverSettings(retriever="BM26Retriever")).search("a", limit=3)


def a_word_file(*paragraphs: str) -> bytes:
    file = io.BytesIO()
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {space}><w:body>{body}</w:body></w:document>")
    return file.getvalue()


def test_a_meeting_in_a_word_file() -> None:
    content = a_word_file("Ada: We need an entry time.", "Bo: Agreed.")
    loader = WordLoader()

    meeting = loader.load(Source(name="meeting.docx", content=content))

    assert isinstance(loader, Loader)
    assert loader.recognises(content, "meeting.docx") == 0.9
    assert loader.recognises(content, "archive.zip") == 0.0
    assert [(one.speaker, one.text) for one in meeting.utterances] == [
        ("Ada", "We need an entry time."),
        ("Bo", "Agreed."),
    ]


def test_a_meeting_in_a_web_page() -> None:
    page = b"<!doctype html><html><body><p>Ada: We need an entry time.</p><p>Bo: Agreed.</p></body></html>"
    meeting = HtmlLoader().load(Source(name="meeting.html", content=page))
    assert [one.speaker for one in meeting.utterances] == ["Ada", "Bo"]


def test_a_damaged_file_is_told_with_its_name() -> None:
    with pytest.raises(InputError, match=r"meeting\.docx") as caught:
        WordLoader().load(Source(name="meeting.docx", content=b"PK\x03\x04 broken"))
    assert caught.value.file == "meeting.docx"


def test_a_projects_file_leads_no_key_of_a_class_elsewhere_until_it_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text(
        "llm:\n  model: community/ChatPerplexity\n  providers:\n"
        "    community: {arguments: {ChatPerplexity: {base_url: 'https://x.example'}}}\n"
    )
    environ = {"PPLX_API_KEY": "a-key-of-the-user", "XDG_DATA_HOME": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PPLX_API_KEY", "a-key-of-the-user")
        with pytest.raises(ConfigError, match="PPLX_API_KEY"):
            Pipeline(folder=tmp_path, environ=environ).models("community")
