"""The fast run leaves out cases of large products, but no pair of values."""

from itertools import combinations

import numpy as np
import pytest
from covering import covered, covering

SIZES = [(7, 8, 3, 2, 2, 2), (4, 4, 2, 2), (5, 3), (2, 2, 2), (1, 6), (1, 1, 1)]


def seen(rows, columns):
    return {tuple(row[c] for c in columns) for row in rows}


@pytest.mark.parametrize("strength", [1, 2])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_covering_shows_all_combinations_in_any_columns(sizes, strength):
    rows = covering(sizes, strength)
    assert set(rows) <= set(np.ndindex(*sizes))
    for columns in combinations(range(len(sizes)), strength):
        assert seen(rows, columns) == seen(np.ndindex(*sizes), columns)


@pytest.mark.parametrize("strength", [1, 2])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_covering_has_few_rows_and_none_twice(sizes, strength):
    rows = covering(sizes, strength)
    least = np.prod(sorted(sizes)[-strength:])
    assert len(rows) == len(set(rows)) <= 1.3 * least + 2


def test_the_covering_and_what_is_slow_are_the_whole_product():
    @covered(letter="abc", digit=[1, 2], sign=(True, False))
    def test(): ...

    (mark,) = test.pytestmark
    names, cases = mark.args
    slow = [case.values for case in cases if case.marks]
    fast = [case.values for case in cases if not case.marks]
    assert names == ["letter", "digit", "sign"]
    assert len({*slow, *fast}) == len(cases) == 12
    assert all(mark.name == "slow" for case in cases for mark in case.marks)
    assert len(fast) == len(covering((3, 2, 2)))


def test_of_a_very_large_product_both_runs_together_show_every_triple():
    @covered(most=3, **{name: range(size) for name, size in zip("abcdef", SIZES[0], strict=True)})
    def test(): ...

    (mark,) = test.pytestmark
    cases = [case.values for case in mark.args[1]]
    assert len(set(cases)) == len(cases) < np.prod(SIZES[0]) / 5
    for columns in combinations(range(6), 3):
        assert seen(cases, columns) == seen(np.ndindex(*SIZES[0]), columns)
