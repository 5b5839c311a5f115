"""Patterns: what each operator takes, after AWS's page, and which pattern is more specific than which."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.errors import ConfigurationError
from lambdaframe.events.patterns import Pattern
from lambdaframe.events.syntax import read_pattern


def pattern(written: Any) -> Pattern:
    return read_pattern(written, "here")


# What AWS's page says of each operator: the pattern of one field, values that it takes, values that it does not.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

OPERATORS: list[tuple[list[Any], list[Any], list[Any]]] = [
    (["New York"], ["New York"], ["new york", "New York ", "", None, 5]),
    (["Credit", "Debit"], ["Credit", "Debit"], ["Cash", "CreditDebit"]),
    ([""], [""], [" ", None]),
    ([None], [None], ["null", "", 0, False]),
    ([True], [True], [1, "true", False, None]),
    ([100], [100, 100.0], ["100", 101, True, None]),
    ([1], [1], [True]),
    ([False], [False], [{}, 0, [], None]),
    ([{"prefix": "us-"}], ["us-", "us-east-1"], ["eu-west-1", "US-east-1", "us", 5, None]),
    ([{"prefix": {"equals-ignore-case": "eventb"}}], ["EventBridge", "eventb", "EVENTB!"], ["event", "xeventb"]),
    ([{"suffix": ".png"}], [".png", "a.png"], [".PNG", "a.png ", "png"]),
    ([{"suffix": {"equals-ignore-case": "tBridge"}}], ["EventBridge", "TBRIDGE"], ["bridge", "tbridge."]),
    ([{"equals-ignore-case": "alice"}], ["Alice", "ALICE", "alice"], ["alic", "Alicee", 5]),
    ([{"equals-ignore-case": "straße"}], ["STRASSE", "Straße"], ["strase"]),
    ([{"anything-but": "initializing"}], ["running", "Initializing", "", 5, None, True], ["initializing"]),
    ([{"anything-but": 123}], [124, "123", None], [123, 123.0]),
    ([{"anything-but": ["stopped", "overloaded"]}], ["running"], ["stopped", "overloaded"]),
    ([{"anything-but": [100, 200, 300]}], [101, "100"], [100, 200, 300]),
    ([{"anything-but": {"prefix": "us-"}}], ["eu-west-1", "US-1", 5], ["us-", "us-east-1"]),
    ([{"anything-but": {"prefix": ["a", "b"]}}], ["c"], ["a", "bb"]),
    ([{"anything-but": {"suffix": ".png"}}], ["a.jpg"], ["a.png"]),
    ([{"anything-but": {"suffix": [".png", ".gif"]}}], ["a.jpg"], ["a.png", "b.gif"]),
    ([{"anything-but": {"equals-ignore-case": "initializing"}}], ["running"], ["INITIALIZING", "initializing"]),
    ([{"anything-but": {"equals-ignore-case": ["a", "b"]}}], ["c"], ["A", "b"]),
    ([{"anything-but": {"wildcard": "*/lib/*"}}], ["/usr/bin"], ["/usr/lib/x", "/lib/"]),
    ([{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}], ["/usr"], ["/bin/a", "/lib/a"]),
    ([{"numeric": ["=", 3.018e2]}], [301.8], [301.9, "301.8", None, True]),
    ([{"numeric": [">", 10, "<=", 20]}], [11, 20, 10.5], [10, 21, "15", [], {}]),
    ([{"numeric": ["<", 10]}], [-5, 9.99], [10, "1", False]),
    ([{"numeric": [">=", 0]}], [0, 1e9], [-1]),
    ([{"numeric": ["<=", 5, ">", 0]}], [5, 1], [0, 6]),
    ([{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "10.0.0", "::1", 5, "10.0.0.0/24"]),
    ([{"cidr": "2001:db8::/32"}], ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
    ([{"exists": True}], ["", 0, None, False, ["a"]], [{}, {"a": 1}, [], [{}]]),
    ([{"exists": False}], [{}, {"a": 1}, [], [{}], [[], {}]], ["", 0, None, ["a"]]),
    ([{"wildcard": "dir/*.png"}], ["dir/a.png", "dir/.png", "dir/a/b.png"], ["dir/a.PNG", "xdir/a.png", "dir.png"]),
    ([{"wildcard": "*"}], ["", "a"], [5, None]),
    ([{"wildcard": "a*b*c"}], ["abc", "a-b-c", "abbc"], ["acb", "ab", "bc", "abc "]),
    ([{"wildcard": "ab*ba"}], ["abba", "ab-ba"], ["aba"]),
    ([{"wildcard": r"a\*b\\*"}], ["a*b\\", "a*b\\c"], ["axb\\", "a*b"]),
    (["x", {"prefix": "y"}, {"numeric": [">", 5]}], ["x", "yz", 6], ["xx", 5]),
    (["x", {"exists": False}], ["x", {}, []], ["y"]),
    # An array's values are alternatives, too.
    (["a"], [["b", "a"], [["a"]]], [["b"], [], [{"a": 1}]]),
    ([{"anything-but": "a"}], [["a", "b"]], [["a"], []]),
    ([{"numeric": ["<", 5]}], [[9, 4]], [[9, 5]]),
]


def cases() -> Iterator[Any]:
    for written, taken, refused in OPERATORS:
        name = json.dumps(written)
        yield from (pytest.param(written, value, True, id=f"{name} takes {value!r}") for value in taken)
        yield from (pytest.param(written, value, False, id=f"{name} refuses {value!r}") for value in refused)


@pytest.mark.parametrize(("written", "value", "taken"), list(cases()))
def test_an_operator_takes_what_awss_page_says(written: list[Any], value: Any, taken: bool) -> None:
    assert pattern({"field": written}).matches({"field": value, "other": 1}) is taken
    assert pattern({"detail": {"field": written}}).matches({"detail": {"field": value}}) is taken


@pytest.mark.parametrize("written", [written for written, _, _ in OPERATORS], ids=json.dumps)
def test_a_field_that_is_missing_is_taken_by_exists_false_only(written: list[Any]) -> None:
    taken = {"exists": False} in written
    without: list[Any] = [{}, {"detail": None}, {"detail": "text"}, {"detail": []}, {"detail": {}}, {"detail": [{}, 5]}]
    for event in without:
        assert pattern({"detail": {"field": written}}).matches(event) is taken


def test_all_fields_of_a_pattern_must_fit() -> None:
    both = pattern({"Location": ["New York"], "Day": ["Monday"]})
    assert both.matches({"Location": "New York", "Day": "Monday"})
    assert not both.matches({"Location": "New York", "Day": "Tuesday"})
    assert not both.matches({"Location": "New York"})


OR = {"source": ["aws.cloudwatch"], "$or": [{"metric": ["CPU"]}, {"kind": ["a"], "$or": [{"id": [1]}, {"id": [2]}]}]}


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        ({"source": "aws.cloudwatch", "metric": "CPU"}, True),
        ({"source": "aws.cloudwatch", "kind": "a", "id": 2}, True),
        ({"source": "aws.cloudwatch", "kind": "a", "id": 3}, False),
        ({"source": "aws.cloudwatch", "kind": "a"}, False),
        ({"source": "aws.cloudwatch"}, False),
        ({"source": "aws.ec2", "metric": "CPU"}, False),
    ],
)
def test_or_joins_patterns_of_several_fields(event: dict[str, Any], taken: bool) -> None:
    assert pattern(OR).matches(event) is taken
    assert pattern({"detail": OR}).matches({"detail": event}) is taken


def test_an_or_beside_an_or_needs_one_of_each() -> None:
    written = {
        "$or": [{"a": [1]}, {"b": [1]}],
        "detail": {"$or": [{"c": [1]}, {"d": [1]}]},
    }
    assert pattern(written).matches({"a": 1, "detail": {"d": 1}})
    assert not pattern(written).matches({"a": 1, "b": 1, "detail": {}})


def test_the_conditions_on_objects_in_an_array_are_met_by_one_of_them() -> None:
    written = {"employees": {"first": ["Anna"], "dept": ["A"]}}
    assert pattern(written).matches({"employees": [{"first": "B"}, {"first": "Anna", "dept": "A"}]})
    assert not pattern(written).matches({"employees": [{"first": "Anna", "dept": "B"}, {"first": "C", "dept": "A"}]})


def test_what_must_not_exist_exists_in_no_object_of_an_array() -> None:
    written = {"employees": {"left": [{"exists": False}]}}
    assert pattern(written).matches({"employees": [{"first": "Anna"}, {"first": "Ben"}]})
    assert not pattern(written).matches({"employees": [{"first": "Anna"}, {"left": "2020"}]})
    deeper = {"a": {"b": {"c": [{"exists": False}]}}}
    assert not pattern(deeper).matches({"a": [{"b": {"x": 1}}, {"b": [{"c": 1}]}]})


def test_an_empty_pattern_takes_everything() -> None:
    for event in (None, 5, "text", [], [1], {}, {"a": 1}):
        assert pattern({}).matches(event)


# Mistakes


MISTAKES: list[tuple[Any, str]] = [
    ({"source": "aws.ec2"}, r"at 'source' is a list, as in \['aws.ec2'\]"),
    ({"source": 5}, "is a list"),
    ({"source": []}, "is an empty list, which nothing matches"),
    ({"detail": {}}, "at 'detail' is an object of fields"),
    ([], "is an object of fields"),
    ("source", "is an object of fields"),
    (None, "is an object of fields"),
    ({5: ["a"]}, "has a field 5: names are texts"),
    ({"a": [["b"]]}, r"has \['b'\]: values are texts"),
    ({"a": [float("nan")]}, "has nan: values are texts"),
    ({"a": [float("inf")]}, "has inf: values are texts"),
    ({"a": [{"starts-with": "b"}]}, "has {'starts-with': 'b'}: one operator of prefix, suffix"),
    ({"a": [{"prefix": "b", "suffix": "c"}]}, "one operator of"),
    ({"a": [{}]}, "one operator of"),
    ({"a": [{("b",): "c"}]}, "one operator of"),
    ({"a": [{"prefix": 5}]}, "has 5 for 'prefix', which takes a text"),
    ({"a": [{"prefix": ""}]}, "has '' for 'prefix'"),
    ({"a": [{"suffix": ["b"]}]}, "for 'suffix', which takes a text"),
    ({"a": [{"suffix": {"prefix": "b"}}]}, "for 'suffix', which takes a text"),
    ({"a": [{"equals-ignore-case": 5}]}, "for 'equals-ignore-case', which takes a text"),
    ({"a": [{"wildcard": "a**b"}]}, "one '\\*' after another"),
    ({"a": [{"wildcard": "**"}]}, "one '\\*' after another"),
    ({"a": [{"wildcard": "a\\b"}]}, "a backslash stands before"),
    ({"a": [{"wildcard": "a\\"}]}, "a backslash stands before"),
    ({"a": [{"exists": "yes"}]}, "takes true or false"),
    ({"a": [{"exists": 1}]}, "takes true or false"),
    ({"a": [{"cidr": "10.0.0.0/33"}]}, "which takes a block such as '10.0.0.0/24'"),
    ({"a": [{"cidr": "here"}]}, "which takes a block"),
    ({"a": [{"numeric": 5}]}, "takes one value or range"),
    ({"a": [{"numeric": []}]}, "takes one value or range"),
    ({"a": [{"numeric": [">"]}]}, "takes one value or range"),
    ({"a": [{"numeric": ["~", 5]}]}, "takes one value or range"),
    ({"a": [{"numeric": [">", "5"]}]}, "takes one value or range"),
    ({"a": [{"numeric": [">", True]}]}, "takes one value or range"),
    ({"a": [{"numeric": ["=", 5, "<", 6]}]}, "takes one value or range"),
    ({"a": [{"numeric": [">", 5, ">=", 6]}]}, "takes one value or range"),
    ({"a": [{"numeric": [">", 5, ">", 6]}]}, "takes one value or range"),
    ({"a": [{"numeric": [["<"], 6]}]}, "takes one value or range"),
    ({"a": [{"numeric": [">", 5, "<", 5]}]}, "no number is in that range"),
    ({"a": [{"numeric": [">", 6, "<", 5]}]}, "no number is in that range"),
    ({"a": [{"anything-but": []}]}, "for 'anything-but', which takes texts or numbers"),
    ({"a": [{"anything-but": None}]}, "for 'anything-but', which takes texts or numbers"),
    ({"a": [{"anything-but": [True]}]}, "for 'anything-but', which takes texts or numbers"),
    ({"a": [{"anything-but": {"numeric": ["=", 1]}}]}, "it takes prefix, suffix, equals-ignore-case, wildcard"),
    ({"a": [{"anything-but": {"prefix": []}}]}, "for 'prefix', which takes a text"),
    ({"$or": [{"a": [1]}]}, "at '\\$or' is a list of two patterns or more"),
    ({"$or": {"a": [1]}}, "at '\\$or' is a list of two patterns or more"),
    ({"a": [1], "$or": [{"a": [2]}, {"b": [2]}]}, "at 'a' is said twice"),
    ({f"f{i}": {"$or": [{"a": [1]}, {"b": [1]}]} for i in range(10)}, "more than 1000 cases"),
]


@pytest.mark.parametrize(("written", "said"), MISTAKES, ids=str)
def test_a_mistake_is_a_configuration_error_that_says_where(written: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^here: .*{said}"):
        pattern(written)


# Which is more specific: narrower, the same, apart, or none of these, which makes two handlers ambiguous.

RELATIONS: list[tuple[Any, Any, str]] = [
    (["a"], [{"prefix": "a"}], "narrower"),
    (["a"], ["a", "b"], "narrower"),
    (["a"], [{"exists": True}], "narrower"),
    (["a"], [{"anything-but": "b"}], "narrower"),
    (["a"], [{"equals-ignore-case": "A"}], "narrower"),
    ([{"prefix": "ab"}], [{"prefix": "a"}], "narrower"),
    ([{"prefix": "ab"}], [{"prefix": {"equals-ignore-case": "A"}}], "narrower"),
    ([{"suffix": ".tar.gz"}], [{"suffix": ".gz"}], "narrower"),
    ([{"prefix": "a/"}], [{"wildcard": "a*"}], "narrower"),
    ([{"wildcard": "a*.png"}], [{"prefix": "a"}], "narrower"),
    ([{"wildcard": "a*b*c"}], [{"wildcard": "a*c"}], "narrower"),
    ([{"numeric": [">", 5, "<", 6]}], [{"numeric": [">", 5]}], "narrower"),
    ([{"numeric": [">", 5]}], [{"numeric": [">=", 5]}], "narrower"),
    ([{"numeric": ["<", 5]}], [{"numeric": ["<=", 5]}], "narrower"),
    ([7], [{"numeric": [">", 5]}], "narrower"),
    ([{"cidr": "10.0.0.0/24"}], [{"cidr": "10.0.0.0/8"}], "narrower"),
    (["10.0.0.1"], [{"cidr": "10.0.0.0/8"}], "narrower"),
    ([{"anything-but": ["a", "b"]}], [{"anything-but": "a"}], "narrower"),
    ([{"anything-but": {"prefix": "a"}}], [{"anything-but": "ab"}], "narrower"),
    ([{"prefix": "b"}], [{"anything-but": {"prefix": "a"}}], "narrower"),
    ([True], [{"exists": True}], "narrower"),
    (["b", "a"], ["a", "b"], "same"),
    ([{"wildcard": "a*"}], [{"prefix": "a"}], "same"),
    ([{"numeric": ["=", 5]}], [5.0], "same"),
    ([{"exists": False}], [{"exists": False}], "same"),
    (["a"], ["b"], "apart"),
    (["a"], [{"prefix": "b"}], "apart"),
    (["a"], [5], "apart"),
    ([None], [False], "apart"),
    ([False], [{"exists": False}], "apart"),
    (["a"], [{"exists": False}], "apart"),
    (["a"], [{"anything-but": "a"}], "apart"),
    ([{"prefix": "a"}], [{"prefix": "b"}], "apart"),
    ([{"suffix": ".png"}], [{"suffix": ".gif"}], "apart"),
    ([{"wildcard": "a*b"}], [{"wildcard": "a*c"}], "apart"),
    ([{"prefix": {"equals-ignore-case": "a"}}], ["B"], "apart"),
    ([{"numeric": [">", 5]}], [{"numeric": ["<=", 5]}], "apart"),
    ([{"numeric": ["<", 5]}], [{"numeric": [">=", 5]}], "apart"),
    ([{"exists": False}], [{"exists": True}], "apart"),
    ([{"cidr": "10.0.0.0/24"}], [{"cidr": "10.0.1.0/24"}], "apart"),
    ([{"cidr": "10.0.0.0/24"}], [{"cidr": "::/0"}], "apart"),
    ([{"cidr": "10.0.0.0/24"}], ["10.0.1.0"], "apart"),
    ([{"cidr": "10.0.0.0/24"}], [5], "apart"),
    ([{"prefix": "a"}], [{"suffix": "b"}], "unclear"),
    ([{"prefix": "a"}], [{"prefix": "ab"}, "c"], "unclear"),
    (["a", "b"], ["b", "c"], "unclear"),
    ([{"numeric": [">", 5]}], [{"numeric": ["<", 7]}], "unclear"),
    ([{"anything-but": "a"}], [{"anything-but": "b"}], "unclear"),
    ([{"cidr": "10.0.0.0/24"}], [{"prefix": "10."}], "unclear"),
    ([{"equals-ignore-case": "a"}], [{"prefix": "a"}], "unclear"),
]


def relation(one: Pattern, other: Pattern) -> str:
    if one.same(other):
        return "same"
    return "narrower" if one.narrower(other) else "apart" if one.apart(other) else "unclear"


@pytest.mark.parametrize(("one", "other", "expected"), RELATIONS, ids=str)
def test_of_two_conditions_one_may_be_narrower(one: Any, other: Any, expected: str) -> None:
    left, right = pattern({"detail": {"a": one}}), pattern({"detail": {"a": other}})
    assert relation(left, right) == expected
    assert not right.narrower(left)
    assert right.apart(left) is left.apart(right)


PATTERN_RELATIONS: list[tuple[Any, Any, str]] = [
    ({"source": ["a"]}, {}, "narrower"),
    ({"source": ["a"], "detail": {"b": [1]}}, {"source": ["a"]}, "narrower"),
    ({"source": ["a"], "detail": {"b": [1]}}, {"detail": {"b": [1, 2]}}, "narrower"),
    ({"source": ["a"], "detail": {"b": [1]}}, {"source": ["a"], "detail": {"b": [2], "c": [3]}}, "apart"),
    ({"source": ["a"]}, {"detail": {"b": [1]}}, "unclear"),
    ({"detail": {"a": [1]}}, {"detail": {"b": [1]}}, "unclear"),
    ({"a": [1]}, {"$or": [{"a": [1]}, {"b": [1]}]}, "narrower"),
    ({"$or": [{"a": [1]}, {"b": [1]}]}, {"$or": [{"b": [1]}, {"a": [1]}]}, "same"),
    ({"$or": [{"a": [1]}, {"a": [2]}]}, {"a": [3]}, "apart"),
    ({"$or": [{"a": [1]}, {"b": [2]}]}, {"a": [3]}, "unclear"),
    ({"a": {"b": [1]}}, {"a": [1]}, "unclear"),
]


@pytest.mark.parametrize(("one", "other", "expected"), PATTERN_RELATIONS, ids=str)
def test_of_two_patterns_one_may_be_narrower(one: Any, other: Any, expected: str) -> None:
    assert relation(pattern(one), pattern(other)) == expected


# Invariants

texts = st.text("abAB*", max_size=3)
some_texts = st.text("abAB", min_size=1, max_size=3)
numbers = st.integers(-2, 2) | st.sampled_from([0.5, -1.5])
values: st.SearchStrategy[Any] = (
    texts | numbers | st.booleans() | st.none() | st.sampled_from(["10.0.0.1", "10.1.0.1", "::1"])
)
wildcards = st.lists(st.text("abA", max_size=2), min_size=2, max_size=3).map("*".join).filter(lambda t: "**" not in t)
ranges: st.SearchStrategy[Any] = st.tuples(
    st.sampled_from([">", ">="]), numbers, st.sampled_from(["<", "<="]), numbers
).filter(lambda bounds: bounds[1] < bounds[3])
bounds: st.SearchStrategy[Any] = st.tuples(st.sampled_from(["<", ">=", "="]), numbers)


def operator(name: str, operands: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return operands.map(lambda operand: {name: operand})


operators: st.SearchStrategy[Any] = st.one_of(
    values,
    operator("prefix", some_texts | operator("equals-ignore-case", some_texts)),
    operator("suffix", some_texts | operator("equals-ignore-case", some_texts)),
    operator("equals-ignore-case", texts),
    operator("wildcard", wildcards),
    operator("numeric", ranges.map(list) | bounds.map(list)),
    operator("cidr", st.sampled_from(["10.0.0.0/8", "10.0.0.0/16", "::/64"])),
    operator("anything-but", texts | numbers | st.lists(texts | numbers, min_size=1, max_size=2)),
    *(operator("anything-but", operator(one, some_texts)) for one in ("prefix", "suffix", "equals-ignore-case")),
    operator("anything-but", operator("wildcard", wildcards)),
    operator("exists", st.booleans()),
)
fields: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from("xy"), st.lists(operators, min_size=1, max_size=2), min_size=1
)
patterns: st.SearchStrategy[Any] = fields | st.fixed_dictionaries(
    {"$or": st.lists(fields, min_size=2, max_size=2)}, optional={"z": fields}
)
scalar_events = st.dictionaries(st.sampled_from("xy"), values)
events: st.SearchStrategy[Any] = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=8,
)


@given(patterns, patterns, patterns)
def test_narrower_is_a_strict_order(one: Any, other: Any, third: Any) -> None:
    a, b, c = map(pattern, (one, other, third))
    assert not a.narrower(a)
    assert not (a.narrower(b) and b.narrower(a))
    if a.narrower(b) and b.narrower(c):
        assert a.narrower(c)


# Patterns made at random are seldom narrower than each other: here each is the last one, widened or narrowed.
widened: st.SearchStrategy[Any] = st.lists(st.lists(operators, min_size=1, max_size=3), min_size=3, max_size=3)


@given(widened)
def test_narrower_goes_through(lists: list[list[Any]]) -> None:
    a, b, c = (pattern({"x": one}) for one in lists)
    wider_b = pattern({"x": [*lists[0], *lists[1]]})
    widest = pattern({"x": [*lists[0], *lists[1], *lists[2]]})
    assert wider_b.covers(a)
    assert widest.covers(wider_b)
    assert widest.covers(a)
    if a.covers(b) and b.covers(c):
        assert a.covers(c)


@given(patterns, patterns, events | scalar_events)
def test_what_a_narrower_pattern_takes_the_wider_takes_too(one: Any, other: Any, event: Any) -> None:
    a, b = pattern(one), pattern(other)
    assert a.covers(copy.copy(a))
    if b.covers(a) and a.matches(event):
        assert b.matches(event)


lists_of_operators: st.SearchStrategy[Any] = st.lists(operators, min_size=1, max_size=2)


one_field: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional={"x": values})


@given(lists_of_operators, lists_of_operators, one_field)
def test_one_field_narrower_wider_and_apart_hold_for_every_value(one: Any, other: Any, event: Any) -> None:
    a, b = pattern({"x": one}), pattern({"x": other})
    if a.matches(event):
        assert not b.covers(a) or b.matches(event)
        assert not a.apart(b) or not b.matches(event)


@given(patterns, patterns, scalar_events)
def test_no_event_of_single_values_is_taken_by_two_that_are_apart(one: Any, other: Any, event: Any) -> None:
    a, b = pattern(one), pattern(other)
    if a.apart(b):
        assert not (a.matches(event) and b.matches(event))


@given(patterns, st.recursive(values, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9))
def test_no_value_makes_matching_raise(written: Any, event: Any) -> None:
    assert pattern(written).matches(event) in (True, False)


def test_an_event_nested_deeper_than_the_stack_is_matched() -> None:
    event: Any = "a"
    for _ in range(100_000):
        event = [event]
    assert pattern({"x": ["a"]}).matches({"x": event})
    assert not pattern({"x": {"y": ["a"]}}).matches({"x": event})
    while event != "a":  # taken apart one by one: the interpreter's own clean-up would nest as deep
        event = event[0]


@given(wildcards, st.text("abA", max_size=6))
def test_a_wildcard_is_what_a_regular_expression_says(written: str, text: str) -> None:
    import re

    expected = re.fullmatch(".*".join(map(re.escape, written.split("*"))), text, re.DOTALL) is not None
    assert pattern({"x": [{"wildcard": written}]}).matches({"x": text}) is expected
