"""Filter rules, operator by operator, as on
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html and
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html"""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqslab.mapping.filters import InvalidFilter, accepts, check


def matches(rule, value):
    return accepts([json.dumps({"body": {"x": rule}})], json.dumps({"x": value, "other": 1}))


@pytest.mark.parametrize(
    ("rule", "matching", "others"),
    [
        ([None], [None], ["", "null", 0, False]),
        ([""], [""], [None, " "]),
        (["a"], ["a", ["b", "a"]], ["A", "ab", 1, {"a": 1}, [], True]),
        ([5], [5], ["5", 6, True]),
        ([True], [True], [1, "true", False]),
        (["a", "b", 1], ["a", "b", 1], ["c", 2]),
        ([{"equals-ignore-case": "Alice"}], ["ALICE", "alice"], ["alic", 1, None]),
        ([{"anything-but": ["a"]}], ["b", 1, None, ["a", "b"]], ["a", ["a"], []]),
        ([{"anything-but": ["a", "b"]}], ["c"], ["a", "b"]),
        ([{"anything-but": "a"}], ["b"], ["a"]),
        ([{"anything-but": [1, 2]}], [3, "1"], [1, 2]),
        ([{"numeric": ["=", 100]}], [100, 100.0, 1e2], [101, "100", None]),
        ([{"numeric": [">", 10, "<=", 20]}], [10.5, 20], [10, 20.1, "15"]),
        ([{"numeric": [">=", -1]}, {"numeric": ["<", -5]}], [-1, -6], [-2]),
        ([{"exists": True}], ["", None, 0, [1]], [{"y": 1}, [], {}]),
        ([{"exists": False}], [{"y": 1}, []], [None, "", 0]),
        ([{"prefix": "us-"}], ["us-east-1", "us-"], ["eu-us-", "us", 1]),
        ([{"suffix": ".png"}], ["a.png"], [".png.", "PNG", None]),
        ({"y": ["a"]}, [{"y": "a"}, [{"y": "b"}, {"y": "a"}]], ["a", {"y": "b"}, None]),
        ({"y": [{"exists": False}]}, ["a", {}, {"z": 1}], [{"y": 1}]),
    ],
    ids=str,
)
def test_a_rule_matches_what_it_says_and_nothing_else(rule, matching, others):
    assert [value for value in matching if not matches(rule, value)] == []
    assert [value for value in others if matches(rule, value)] == []


def test_a_field_that_is_not_there_matches_only_exists_false():
    def of(rule):
        return accepts([json.dumps({"body": {"x": rule}})], "{}")

    assert of([{"exists": False}])
    assert not any(of([rule]) for rule in (None, "", "a", {"exists": True}, {"anything-but": ["a"]}, {"prefix": ""}))


def test_numbers_are_equal_as_they_are_written():
    assert accepts(['{"body": {"x": [300]}}'], '{"x": 300}')
    assert not any(accepts(['{"body": {"x": [300]}}'], body) for body in ('{"x": 300.0}', '{"x": 3.0e2}'))


def test_all_fields_must_match():
    pattern = json.dumps({"body": {"city": ["Rome"], "day": [{"prefix": "M"}]}})
    assert accepts([pattern], '{"city": "Rome", "day": "Monday"}')
    assert not accepts([pattern], '{"city": "Rome", "day": "Friday"}')
    assert not accepts([pattern], '{"city": "Rome"}')


def test_or_over_fields():
    pattern = json.dumps({"body": {"kind": ["k"], "$or": [{"a": [1]}, {"b": [2], "c": [3]}]}})
    assert accepts([pattern], '{"kind": "k", "a": 1}')
    assert accepts([pattern], '{"kind": "k", "b": 2, "c": 3}')
    assert not accepts([pattern], '{"kind": "k", "b": 2}')
    assert not accepts([pattern], '{"a": 1}')
    nested = json.dumps({"body": {"$or": [{"a": [1]}, {"b": [2], "$or": [{"c": [3]}, {"d": [4]}]}]}})
    assert [accepts([nested], body) for body in ('{"a": 1}', '{"b": 2, "d": 4}', '{"b": 2}')] == [True, True, False]
    whole = json.dumps({"$or": [{"body": {"a": [1]}}, {"body": ["plain"]}]})
    assert [accepts([whole], body) for body in ('{"a": 1}', "plain", "other")] == [True, True, False]


def test_one_element_of_an_array_must_match_as_a_whole():
    pattern = json.dumps({"body": {"items": {"name": ["a"], "count": [1]}}})
    assert accepts([pattern], '{"items": [{"name": "b"}, {"name": "a", "count": 1}]}')
    assert not accepts([pattern], '{"items": [{"name": "a", "count": 2}, {"name": "b", "count": 1}]}')


PLAIN = '{"body": [{"prefix": "Result: "}]}'
STRUCTURED = '{"body": {"x": [1]}}'


@pytest.mark.parametrize(
    ("pattern", "body", "accepted"),
    [
        (PLAIN, "Result: ok", True),
        (PLAIN, "ok", False),
        (PLAIN, '"Result: ok"', False),
        ('{"body": ["5"]}', "5", False),
        (STRUCTURED, '{"x": 1}', True),
        (STRUCTURED, "x is 1", False),
        (STRUCTURED, '{"x": 1', False),
        (STRUCTURED, '{"x": 1, "y": NaN}', False),
        (STRUCTURED, "", False),
        ('{"messageAttributes": {"x": ["1"]}}', '{"x": 2}', True),
    ],
)
def test_the_formats_of_pattern_and_body_must_be_the_same(pattern, body, accepted):
    assert accepts([pattern], body) == accepted


def test_filters_are_ored_and_none_accepts_everything():
    assert accepts([], "anything")
    assert accepts([PLAIN, STRUCTURED], '{"x": 1}')
    assert accepts([PLAIN, STRUCTURED], "Result: ok")
    assert not accepts([PLAIN, STRUCTURED], "neither")


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "no JSON",
        "[]",
        '"text"',
        '{"body": "text"}',
        '{"body": []}',
        "{}",
        '{"body": {}}',
        '{"body": {"x": []}}',
        '{"body": {"x": 1}}',
        '{"body": {"x": [[1]]}}',
        '{"body": {"x": [{}]}}',
        '{"body": {"x": [{"prefix": 1}]}}',
        '{"body": {"x": [{"prefix": "a", "suffix": "b"}]}}',
        '{"body": {"x": [{"exists": "true"}]}}',
        '{"body": {"x": [{"numeric": []}]}}',
        '{"body": {"x": [{"numeric": ["="]}]}}',
        '{"body": {"x": [{"numeric": ["=", "1"]}]}}',
        '{"body": {"x": [{"numeric": ["!=", 1]}]}}',
        '{"body": {"x": [{"numeric": ["=", 1, "<", 2]}]}}',
        '{"body": {"x": [{"numeric": ["<", 2, ">", 1]}]}}',
        '{"body": {"x": [{"numeric": [">", 2, "<", 1]}]}}',
        '{"body": {"x": [{"numeric": [">", 1, "<", 2, "<", 3]}]}}',
        '{"body": {"x": [{"anything-but": []}]}}',
        '{"body": {"x": [{"anything-but": ["a", 1]}]}}',
        '{"body": {"x": [{"anything-but": [null]}]}}',
        '{"body": {"x": [{"anything-but": true}]}}',
        '{"body": {"x": [{"anything-but": {"prefix": "a"}}]}}',
        '{"body": {"x": [{"anything-but": {"wildcard": "*a"}}]}}',
        '{"body": {"x": [{"wildcard": "a*"}]}}',
        '{"body": {"x": [{"cidr": "10.0.0.0/8"}]}}',
        '{"body": {"$or": []}}',
        '{"body": {"$or": [1, 2]}}',
        '{"body": {"$or": [{"x": [1]}]}}',
        '{"body": {"$or": {"x": [1], "y": [1]}}}',
        '{"body": ["' + "x" * 4096 + '"]}',
    ],
)
def test_what_is_no_filter_is_refused(pattern):
    with pytest.raises(InvalidFilter):
        check(pattern)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "$or", "numeric"]), inner),
)


@given(pattern=VALUES, body=VALUES)
def test_whatever_comes_is_matched_or_refused(pattern, body):
    with contextlib.suppress(InvalidFilter):
        assert accepts([json.dumps({"body": pattern})], json.dumps(body)) in (True, False)


@given(VALUES)
def test_exists_and_its_opposite_exclude_each_other(value):
    assert matches([{"exists": True}], value) != matches([{"exists": False}], value)
