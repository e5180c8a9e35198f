"""All pairs of values of all options in few combinations.

Most defects of options need two of them: a few dozen combinations show every pair of values,
where all combinations would be millions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product

Row = dict[str, str]
Pair = frozenset[tuple[str, str]]


def pairs(row: Row) -> set[Pair]:
    """The pairs of values that a combination shows."""
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def all_pairs(
    options: Mapping[str, Sequence[str]], possible: Callable[[Row], bool] = lambda row: True
) -> Iterator[Row]:
    """Combinations that together show every possible pair of values, made greedily.

    `possible` is asked of parts of combinations too: of what does not go together with what.
    """
    wanted = {
        frozenset([(a, x), (b, y)]): None  # in order, which a set is not
        for a, b in combinations(options, 2)
        for x, y in product(options[a], options[b])
        if possible({a: x, b: y})
    }
    while wanted:
        first = next(iter(wanted))
        row = dict(sorted(first, key=lambda pair: list(options).index(pair[0])))
        for name in [n for n in options if n not in row]:
            fit = [v for v in options[name] if possible(row | {name: v})]
            if not fit:
                break  # the first pair goes together with no value of this option
            row[name] = max(fit, key=lambda v: sum(p in wanted for p in pairs(row | {name: v})))
        else:
            yield {name: row[name] for name in options}
            for pair in pairs(row):
                wanted.pop(pair, None)
        wanted.pop(first, None)
