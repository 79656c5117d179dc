"""JSON of services: each shape is told by its fields, and gives who said what, and when in seconds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import LOADERS, FirefliesLoader
from pipekit.errors import InputError
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source


def read(data: Any) -> Meeting:
    return FirefliesLoader().load(Source(name="talk.json", content=json.dumps(data).encode()))


def _aws(item: str, speaker: str, start: str | None) -> dict[str, Any]:
    kind = {"type": "pronunciation", "start_time": start} if start else {"type": "punctuation"}
    return {**kind, "alternatives": [{"content": item}], "speaker_label": speaker}


AWS_ITEMS = [
    _aws("Hello", "spk_0", "0.5"),
    _aws("there", "spk_0", "0.9"),
    _aws(".", "spk_0", None),
    _aws("Hi", "spk_1", "2.0"),
    _aws(".", "spk_1", None),
]
WORDS = [("Hello", 0.5, 1), ("there.", 0.9, 1), ("Hi.", 2.0, 2)]
SHAPES: dict[str, Any] = {
    "aws": {"jobName": "j", "results": {"transcripts": [{"transcript": "Hello there. Hi."}], "items": AWS_ITEMS}},
    "aws, older": {
        "results": {
            "transcripts": [{"transcript": "Hello there. Hi."}],
            "speaker_labels": {
                "segments": [
                    {"speaker_label": "spk_0", "items": [{"start_time": "0.5"}, {"start_time": "0.9"}]},
                    {"speaker_label": "spk_1", "items": [{"start_time": "2.0"}]},
                ]
            },
            "items": [{key: one[key] for key in one if key != "speaker_label"} for one in AWS_ITEMS],
        }
    },
    "aws, segments": {
        "results": {
            "transcripts": [{"transcript": "Hello there. Hi."}],
            "audio_segments": [
                {"transcript": "Hello there.", "speaker_label": "spk_0", "start_time": "0.5"},
                {"transcript": "Hi.", "speaker_label": "spk_1", "start_time": "2.0"},
            ],
        }
    },
    "google": {
        "results": [
            {"alternatives": [{"transcript": "Hello there. Hi.", "words": [{"word": "Hello", "startTime": "0.5s"}]}]},
            {
                "alternatives": [
                    {"words": [{"word": word, "startTime": f"{at}s", "speakerTag": who} for word, at, who in WORDS]}
                ]
            },
        ]
    },
    "deepgram": {
        "results": {
            "channels": [
                {
                    "alternatives": [
                        {
                            "transcript": "Hello there. Hi.",
                            "paragraphs": {
                                "paragraphs": [
                                    {"speaker": 0, "sentences": [{"text": "Hello there.", "start": 0.5}]},
                                    {"speaker": 1, "sentences": [{"text": "Hi.", "start": 2.0}]},
                                ]
                            },
                        }
                    ]
                }
            ]
        }
    },
    "deepgram, utterances": {
        "results": {
            "channels": [{"alternatives": [{"transcript": "Hello there. Hi."}]}],
            "utterances": [
                {"transcript": "Hello there.", "speaker": 0, "start": 0.5, "end": 1.5},
                {"transcript": "Hi.", "speaker": 1, "start": 2.0, "end": 2.5},
            ],
        }
    },
    "azure": {
        "recognizedPhrases": [
            {"speaker": 1, "offset": "PT0.5S", "nBest": [{"display": "Hello there."}]},
            {"speaker": 2, "offsetInTicks": 20000000, "nBest": [{"display": "Hi."}]},
        ]
    },
    "assemblyai": {
        "audio_duration": 3,
        "text": "Hello there. Hi.",
        "utterances": [
            {"speaker": "A", "text": "Hello there.", "start": 500, "end": 1500},
            {"speaker": "B", "text": "Hi.", "start": 2000, "end": 2500},
        ],
    },
    "thousandths without a sign": {
        "utterances": [
            {"speaker": "A", "text": "Hello there.", "start": 500, "end": 1500},
            {"speaker": "B", "text": "Hi.", "start": 2000, "end": 2500},
        ]
    },
    "otter": {
        "speech": {
            "title": "Sync",
            "speakers": [{"id": 7, "speaker_name": "Ada"}, {"id": 8, "speaker_name": "Ben"}],
            "transcripts": [
                {"transcript": "Hello there.", "speaker_id": 7, "start_offset": 8000},
                {"transcript": "Hi.", "speaker_id": 8, "start_offset": 32000},
            ],
        }
    },
    "teams": {
        "entries": [
            {"text": "Hello there.", "speakerDisplayName": "Ada", "startOffset": "00:00:00.5000000"},
            {"text": "Hi.", "speakerDisplayName": "Ben", "startOffset": "00:00:02.0000000"},
        ]
    },
    "graph": [
        {"spokenText": "Hello there.", "speakerName": "Ada", "startDateTime": "2026-11-24T10:31:05.5000000Z"},
        {"spokenText": "Hi.", "speakerName": "Ben", "startDateTime": "2026-11-24T10:31:07.0000000Z"},
    ],
    "rev": {
        "monologues": [
            {"speaker": 0, "elements": [{"value": "Hello", "ts": 0.5}, {"value": " "}, {"value": "there."}]},
            {"speaker": 1, "elements": [{"value": "Hi", "ts": 2.0}, {"value": "."}]},
        ]
    },
    "whisper": {"text": "…", "segments": [{"start": 0.5, "text": " Hello there."}, {"start": 2.0, "text": " Hi."}]},
    "whisper.cpp": {
        "transcription": [
            {"offsets": {"from": 500}, "text": " Hello there."},
            {"timestamps": {"from": "00:00:02,000"}, "text": " Hi."},
        ]
    },
    "slack": [
        {
            "type": "message",
            "user": "U1",
            "text": "Hello there.",
            "ts": "1795516265.500000",
            "user_profile": {"real_name": "Ada"},
        },
        {"type": "message", "user": "U2", "text": "Hi.", "ts": "1795516267.000000"},
    ],
    "discord": {
        "guild": {"name": "x"},
        "messages": [
            {"content": "Hello there.", "author": {"name": "ada"}, "timestamp": "2026-11-24T10:31:05.5+00:00"},
            {"content": "Hi.", "author": {"name": "ben_", "nickname": "Ben"}, "timestamp": "2026-11-24T10:31:07+00:00"},
        ],
    },
    "recall": [
        {"speaker": "Ada", "words": [{"text": "Hello", "start_timestamp": 0.5}, {"text": "there."}]},
        {"participant": {"name": "Ben"}, "words": [{"text": "Hi.", "start_timestamp": {"relative": 2.0}}]},
    ],
    "fireflies, as asked for": {
        "data": {
            "transcript": {
                "title": "Sync",
                "sentences": [
                    {"text": "Hello there.", "speaker_name": "Ada", "start_time": 0.5},
                    {"text": "Hi.", "speaker_name": "Ben", "start_time": 2.0},
                ],
            }
        }
    },
}
NAMES = {"aws": ("spk_0", "spk_1"), "google": ("Speaker 1", "Speaker 2"), "azure": ("Speaker 1", "Speaker 2")}
NAMES |= {"deepgram": ("Speaker 0", "Speaker 1"), "rev": ("Speaker 0", "Speaker 1"), "slack": ("Ada", "U2")}
NAMES |= {"assemblyai": ("A", "B"), "thousandths without a sign": ("A", "B"), "discord": ("ada", "Ben")}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_gives_who_said_what_and_when(shape: str) -> None:
    meeting = read(SHAPES[shape])
    first = 0.0 if shape in ("graph", "slack", "discord") else 0.5
    assert [one.text for one in meeting.utterances] == ["Hello there.", "Hi."]
    assert [one.start for one in meeting.utterances] == pytest.approx([first, first + 1.5])
    if not shape.startswith("whisper"):
        expected = NAMES.get(shape.split(",")[0], ("Ada", "Ben"))
        assert tuple(one.speaker for one in meeting.utterances) == expected


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_each_shape_is_recognised_without_a_name(shape: str, encoding: str) -> None:
    made = {name: factory() for name, factory in LOADERS.items()}
    content = json.dumps(SHAPES[shape]).encode(encoding)
    assert pick_loader(Given(name="stdin", content=content, kind="file"), made, None, Meeting) == "fireflies"


@pytest.mark.parametrize("shape", ["otter", "fireflies, as asked for"])
def test_the_title_is_found_beside_the_sentences(shape: str) -> None:
    assert read(SHAPES[shape]).title == "Sync"


@pytest.mark.parametrize(
    ("date", "read_as", "warned"),
    [
        ("2026-11-24T10:31:05Z", "2026-11-24", False),
        ("Nov 24, 2026", "2026-11-24", False),
        (1795516265, "2026-11-24", False),
        (1795516265000, "2026-11-24", False),
        ("03/04/2026", None, True),
        ("soon", None, True),
        (1e300, None, False),
    ],
)
def test_the_date_is_iso_or_none_with_a_warning(date: object, read_as: str | None, warned: bool) -> None:
    meeting = read({"date": date, "sentences": [{"text": "Hello."}]})
    assert (meeting.date, bool(meeting.warnings)) == (read_as, warned)


@pytest.mark.parametrize("shape", ["graph", "slack", "discord"])
def test_a_chat_took_place_on_the_day_of_its_first_message(shape: str) -> None:
    assert read(SHAPES[shape]).date == "2026-11-24"


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        ({"a": 1, "b": 2}, 'no list of entries: none of "sentences"'),
        ({"sentences": {"x": 1}}, '"sentences" is no list'),
        ({"segments": [{"start": 1, "said": "Hello"}]}, 'the entries of "segments" have no "text"'),
        ([{"said": "Hello"}], 'its entries have no "text"'),
        ({"sentences": []}, '"sentences" is empty'),
        ([], "the list is empty"),
        (5, "is JSON, but neither a list nor an object"),
    ],
)
def test_an_unknown_shape_is_refused_with_the_field_that_is_missing(data: object, missing: str) -> None:
    with pytest.raises(InputError) as caught:
        read(data)
    assert caught.value.kind == "no-sentences"
    assert missing in str(caught.value)


def test_seconds_as_whole_numbers_stay_seconds() -> None:
    entries = [{"text": "so we talk a while about this", "start": at, "end": at + 9} for at in range(0, 3600, 10)]
    assert read(entries).utterances[-1].start == 3590.0


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, [[]], [None], {"transcripts": 3}, [1, {"text": 2}]])
@pytest.mark.parametrize("shape", SHAPES)
def test_junk_in_any_place_of_a_shape_is_read_around_or_refused(shape: str, junk: object) -> None:
    def places(value: Any) -> list[tuple[Any, Any]]:
        inner = (
            list(value.items())
            if isinstance(value, dict)
            else list(enumerate(value))
            if isinstance(value, list)
            else []
        )
        return [(value, key) for key, _ in inner] + [place for _, one in inner for place in places(one)]

    for at in range(len(places(SHAPES[shape]))):
        data = json.loads(json.dumps(SHAPES[shape]))
        holder, key = places(data)[at]
        holder[key] = junk
        try:
            read(data)
        except InputError as error:
            assert error.file == "talk.json"
