"""What is remembered is never older than the last change that was heard of."""

from merx.contexts.identity.adapters.remembered import Remembered


def held(remembered: Remembered[str, int]) -> list[int]:
    return [value for key in "abc" if (value := remembered.get(key)) is not None]


def test_the_oldest_goes_first():
    remembered: Remembered[str, int] = Remembered(2)
    for value, key in enumerate("abc"):
        remembered.keep(key, value, remembered.begin(key))
    assert (held(remembered), len(remembered)) == ([1, 2], 2)


def test_what_changed_while_it_was_read_is_not_kept():
    remembered: Remembered[str, int] = Remembered(9)
    begun = remembered.begin("a")
    remembered.forget(lambda key, value: False)
    remembered.keep("a", 1, begun)
    assert held(remembered) == []
    for value, key in enumerate("abc"):
        remembered.keep(key, value, remembered.begin(key))
    remembered.forget(lambda key, value: key == "a" or value == 1)
    assert held(remembered) == [2]


def test_while_nobody_tells_of_changes_nothing_is_kept():
    remembered: Remembered[str, int] = Remembered(9)
    remembered.keep("a", 1, remembered.begin("a"))
    remembered.suspend()
    begun = remembered.begin("b")
    remembered.keep("b", 2, begun)
    assert held(remembered) == []
    remembered.resume()
    remembered.keep("b", 2, begun)
    assert held(remembered) == []
    remembered.keep("b", 2, remembered.begin("b"))
    assert held(remembered) == [2]
