"""Keys and fingerprints: equal for what is the same request, different for all else."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.idempotency.keys import canonical, canonical_json, digest, storage_key

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
texts = st.text(max_size=4)


@given(st.tuples(texts, texts, texts | st.none(), texts), st.tuples(texts, texts, texts | st.none(), texts))
def test_a_key_names_one_operation_of_one_principal(one: Any, other: Any) -> None:
    assert (storage_key(*one) == storage_key(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("app", "op", None, "k"), ("app", "op", "", "k")),
        (("app", "op", "a|b", "c"), ("app", "op", "a", "b|c")),
        (("app", "op", "a", "1:bc"), ("app", "op", "a1:b", "c")),
        (("app", "op", None, "k"), ("app", "op", "-", "k")),
    ],
)
def test_nobody_reaches_another_s_key_by_clever_names(one: Any, other: Any) -> None:
    assert storage_key(*one) != storage_key(*other)


@given(st.lists(st.binary(max_size=3), max_size=3), st.lists(st.binary(max_size=3), max_size=3))
def test_digests_keep_parts_apart(one: list[bytes], other: list[bytes]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


@given(json_values, st.randoms())
def test_json_is_compared_as_json(value: Any, random: Any) -> None:
    """White space, the order of keys and escapes make no difference."""

    def shuffled(node: Any) -> Any:
        if isinstance(node, dict):
            pairs: list[Any] = list(node.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            random.shuffle(pairs)
            return {key: shuffled(item) for key, item in pairs}
        return [shuffled(item) for item in node] if isinstance(node, list) else node  # pyright: ignore[reportUnknownVariableType]

    one = json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert canonical_json(one) == canonical_json(
        json.dumps(shuffled(value), ensure_ascii=False).encode("utf-8", "surrogatepass")
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"n": 12345678901234567890123}', b'{"n": 12345678901234567890124}'),
        (b'{"n": 0.10000000000000000001}', b'{"n": 0.10000000000000000002}'),
        (b'{"n": 123456789.123456789}', b'{"n": 123456789.123456788}'),
        (b"[1e-400]", b"[2e-400]"),
        (b'["1"]', b"[1]"),
        (b"[true]", b"[1]"),
        (b"[[1], 2]", b"[1, [2]]"),
        (b'{"a": null}', b"{}"),
    ],
)
def test_different_payloads_stay_different(one: bytes, other: bytes) -> None:
    assert canonical_json(one) is not None
    assert canonical_json(one) != canonical_json(other)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 200_000, b"[" * 200_000 + b"1" * 20, b"NaN", b'"\\ud800"'])
def test_what_is_no_json_has_no_canonical_form(body: bytes) -> None:
    assert canonical_json(body) is None


@pytest.mark.parametrize(
    ("one", "other"), [({"a", "b", "c"}, {"c", "b", "a"}), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ((1, 2), [1, 2])]
)
def test_equal_values_have_one_form(one: Any, other: Any) -> None:
    assert canonical(one) == canonical(other)


def test_values_beyond_json_have_a_form() -> None:
    forms = [canonical(value) for value in (b"a", "a", "61", {"a"}, ["a"], Decimal("1.10"), Decimal("1.1"))]
    assert len(set(forms)) == len(forms)
