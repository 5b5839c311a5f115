"""The sink that the judge relies on."""

from tests.chaos.sink import FencedSink


def test_a_lower_token_is_refused_after_a_higher_one() -> None:
    sink = FencedSink()
    assert sink.write("key", 5, b"five")
    assert sink.write("key", 7, b"seven")
    assert not sink.write("key", 6, b"six")
    assert not sink.write("key", 5, b"five")


def test_a_write_may_be_repeated_but_not_changed_under_its_token() -> None:
    sink = FencedSink()
    assert sink.write("key", 5, b"five")
    assert sink.write("key", 5, b"five")
    assert not sink.write("key", 5, b"other")


def test_each_key_has_its_own_fence() -> None:
    sink = FencedSink()
    assert sink.write("one", 9, b"nine")
    assert sink.write("two", 1, b"one")
