"""What a scenario file says, and how a wrong one is told."""

import pytest

from sqslab.errors import SqslabError
from sqslab.scenario.file import End, ScenarioMessage, read_scenario


@pytest.fixture
def read(tmp_path):
    def read(text):
        file = tmp_path / "scenario.yaml"
        file.write_text(text)
        return read_scenario(file)

    return read


def test_every_field_is_read(read):
    scenario = read("""
deadline_seconds: 12.5
messages:
  - {queue: Orders, name: first, body: plain text}
  - queue: Movements
    name: second
    about: fails twice
    group: 7
    deduplication_id: once
    attributes: {kind: fast, version: 2}
    body: {amount: 100, tags: [a, null]}
    end: dead-lettered by the function
    receives: 3
""")
    assert scenario.deadline_seconds == 12.5
    assert scenario.queues == ["Orders", "Movements"]
    assert scenario.messages == (
        ScenarioMessage("Orders", "first", "plain text"),
        ScenarioMessage(
            "Movements",
            "second",
            '{"amount": 100, "tags": ["a", null]}',
            End.BY_FUNCTION,
            3,
            "7",
            "fails twice",
            "once",
            {"kind": "fast", "version": "2"},
        ),
    )


MESSAGE = "messages:\n  - queue: Orders\n    name: first\n    body: x\n"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "The file is not a mapping"),
        ("- a\n- b\n", 1, "The file is not a mapping"),
        ("deadline_seconds: 5\n", 1, "`messages` is missing"),
        ("\nmessages: []\n", 2, "`messages` is missing"),
        ("messages:\n  - queue: [\n", 3, "while parsing|expected"),
        ("messages:\n  - name: first\n    body: x\n", 2, "a message without `queue`"),
        ("messages:\n  - just text\n", 2, "A message is not a mapping"),
        (MESSAGE + "    colour: red\n", 5, "unknown field `colour`"),
        (MESSAGE + "    body: y\n", 5, "`body` is given twice"),
        (MESSAGE + "    end: lost\n", 5, "`end` is none of: succeeded, dead-lettered by SQS"),
        (MESSAGE + "    receives: 0\n", 5, "`receives` is not a whole number above 0"),
        (MESSAGE + "    receives: yes\n", 5, "`receives` is not a whole number above 0"),
        (MESSAGE + "    group: [a]\n", 5, "`group` is not a text"),
        (MESSAGE + "    attributes: fast\n", 5, "`attributes` is not a mapping"),
        (MESSAGE + "  - queue: Orders\n    name: first\n    body: z\n", 5, "there is another message `first`"),
        (MESSAGE.replace("body: x", "body: ''"), 4, "`body` is empty"),
        (MESSAGE.replace("body: x", "body: 2026-01-01"), 4, "`body` cannot be written as JSON"),
        ("deadline_seconds: soon\n" + MESSAGE, 1, "`deadline_seconds` is not a number above 0"),
    ],
)
def test_a_wrong_file_is_one_error_with_the_line(read, tmp_path, text, line, problem):
    with pytest.raises(SqslabError, match=problem) as caught:
        read(text)
    assert caught.value.message.startswith(f"{tmp_path / 'scenario.yaml'}, line {line}: ")
    assert "\n" not in caught.value.message


def test_a_file_that_is_not_there_is_one_error(tmp_path):
    with pytest.raises(SqslabError, match="cannot be read"):
        read_scenario(tmp_path / "none.yaml")
