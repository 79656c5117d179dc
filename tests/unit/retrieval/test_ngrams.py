from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.retrieval.documents import Document
from pipekit.retrieval.index import TextIndex
from pipekit.retrieval.ngrams import GRAM_TABLES, add_words, alike, grams

VOCABULARY = (
    "subscription restart restaurant allergen bestellübersicht übersicht bestellungen kundenportal leveringen station"
)


def _alike(word: str, vocabulary: str = VOCABULARY) -> Mapping[str, float]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(GRAM_TABLES)
    words = vocabulary.split()
    for known in words:  # one at a time, as documents bring them
        add_words(connection, [known, known])
    found = alike(connection, word, len(words))
    connection.close()
    return found


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("subscripton", "subscription"),
        ("susbcription", "subscription"),
        ("allergies", "allergen"),
        ("bestelluebersicht", "bestellübersicht"),
        ("Bestellubersicht", "bestellübersicht"),
        ("levering", "leveringen"),
        ("kunden", "kundenportal"),
    ],
)
def test_a_word_is_like_the_one_that_was_meant(written: str, meant: str) -> None:
    assert next(iter(_alike(written.casefold()))) == meant


def test_a_compound_is_like_its_part_and_a_part_like_its_compound() -> None:
    assert "übersicht" in _alike("bestellübersicht")
    assert "bestellübersicht" in _alike("übersicht")


@pytest.mark.parametrize("word", ["restart", "restaurant", "walrus", "the", "", "404", "x" * 60])
def test_words_of_another_meaning_are_not_alike(word: str) -> None:
    assert _alike(word) == {}


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_word_can_be_added_and_looked_for(word: str, other: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(GRAM_TABLES)
    add_words(connection, [word.replace("\ud800", "")])
    assert all(0 < mark <= 1 for mark in alike(connection, other, 1).values())
    connection.close()


def test_case_and_accents_make_no_other_grams() -> None:
    assert grams("Übersicht") == grams("ubersicht")


TITLES = (
    "Übersicht der Bestellungen",
    "Rechnungslauf nachts",
    "Kundenportal absichern",
    "Bezorgmoment wijzigen",
    "Levering overslaan",
    "Abonnement opzeggen",
    "Subscription renewal",
    "Printer labels",
)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("Bestellübersicht", "Übersicht der Bestellungen"),
        ("nächtliche Rechnungsläufe", "Rechnungslauf nachts"),
        ("Portal für Kunden", "Kundenportal absichern"),
        ("leveringen overslaan", "Levering overslaan"),
        ("abonnementen", "Abonnement opzeggen"),
        ("subscripton renwal", "Subscription renewal"),
    ],
)
def test_slips_compounds_and_inflections_are_found_with_a_relevance_above_the_threshold(query: str, title: str) -> None:
    index = TextIndex.build(Document(source=f"{text}.md", title=text, text="") for text in TITLES)
    first = index.search(query, limit=3)[0]
    assert first.title == title
    assert first.relevance >= 0.3


def test_what_is_only_written_alike_is_less_relevant_than_the_word_itself() -> None:
    index = TextIndex.build(
        [Document(source="a.md", title="retention", text=""), Document(source="b.md", title="retentions", text="")]
        + [Document(source=f"{text}.md", title=text, text="") for text in TITLES]
    )
    hits = {hit.title: hit.relevance for hit in index.search("retentio", limit=5)}
    assert set(hits) == {"retention", "retentions"}
    assert max(hits.values()) < index.search("retention", limit=1)[0].relevance == 1.0
