"""Chat models, retrievers and loaders of langchain-community, as pipekit uses them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipekit_community.chat_models import CommunityProvider, CommunitySettings
from pipekit_community.loaders import PdfLoader
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


def a_pdf(*lines: str) -> bytes:
    """One page with these lines, by hand."""
    page = "BT /F1 12 Tf 14 TL 72 720 Td " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(page)} >>\nstream\n{page}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    text, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF\n"
    return f"{text}xref\n0 6\n0000000000 65535 f \n{table}{end}".encode()


def test_a_meeting_in_a_pdf() -> None:
    content = a_pdf("Ada: We need an entry time.", "Bo: Agreed.")
    loader = PdfLoader()

    meeting = loader.load(Source(name="meeting.pdf", content=content))

    assert isinstance(loader, Loader)
    assert loader.recognises(content, "meeting.pdf") == 0.9
    assert loader.recognises(content, "meeting.txt") == 0.0
    assert loader.recognises(b"PK", "meeting.pdf") == 0.0
    assert [(one.speaker, one.text) for one in meeting.utterances] == [
        ("Ada", "We need an entry time."),
        ("Bo", "Agreed."),
    ]


@pytest.mark.parametrize(
    ("content", "says"), [(b"%PDF-1.4 broken", "can't be read"), (a_pdf(), "its pages are pictures")]
)
def test_a_pdf_that_cannot_be_read_is_told_with_its_name(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        PdfLoader().load(Source(name="meeting.pdf", content=content))
    assert caught.value.file == "meeting.pdf"


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
