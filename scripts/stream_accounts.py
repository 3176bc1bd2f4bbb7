"""Whether each record of a topic has one result, and whether a customer's results are in order."""

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import pairwise


def check_results(
    wanted: Set[str], faulty: Set[str], predicted: Mapping[str, Sequence[str]], refused: Mapping[str, Sequence[str]]
) -> int:
    """How many results came again. By the keys of records, `faulty` are those of `wanted` that must be refused.

    Exits unless each record has one result: a prediction or, if it is faulty, a refusal, the same one each time.
    """
    if predicted.keys() & refused.keys() or predicted.keys() | refused.keys() != wanted:
        raise SystemExit("There are results of no record, two for one, or none for one.")
    if refused.keys() != faulty:
        raise SystemExit(f"{len(faulty)} records are faulty, and {len(refused)} were refused.")
    results = [*predicted.items(), *refused.items()]
    for key, values in results:
        if len(set(values)) > 1:
            raise SystemExit(f"The results under {key} differ.")
    return sum(len(values) - 1 for _, values in results)


def check_order(results: Iterable[tuple[str, int]]) -> None:
    """Exit if results of a customer are out of order (see `out_of_order`)."""
    if (name := out_of_order(results)) is not None:
        raise SystemExit(f"The predictions of {name} are out of order.")


def out_of_order(results: Iterable[tuple[str, int]]) -> str | None:
    """A customer of whom all results of a record come before the first one of an earlier record, if there is one.

    `results` are pairs of a customer and the number of his record, as they follow each other.
    """
    first: dict[tuple[str, int], int] = {}
    last: dict[tuple[str, int], int] = {}
    for place, result in enumerate(results):
        last[result] = place
        first.setdefault(result, place)
    for (name, turn), (following, next_turn) in pairwise(sorted(first)):
        if name == following and first[name, turn] > last[name, next_turn]:
            return name
    return None
