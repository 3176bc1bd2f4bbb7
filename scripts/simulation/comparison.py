"""Where the answer of GET /quality differs from the oracle's."""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.simulation.oracle import COUNTS, EXPECTED

TOLERANCE = 1e-9

Figures = Mapping[str, float | None]


def differences(
    quality: Mapping[str, Any], outcomes: Mapping[str, int], releases: Mapping[str, Mapping[str, Figures]]
) -> list[str]:
    """Sentences, one for each number that is another one: of the outcomes, the releases, and their months."""
    return [*_of_counts("outcomes", quality["outcomes"], outcomes), *_of_releases(quality["releases"], releases)]


def _of_counts(where: str, told: Mapping[str, Any], wanted: Mapping[str, float | None]) -> Iterator[str]:
    for name, count in wanted.items():
        if told.get(name) != count:
            yield f"{where}: {name} is {told.get(name)}, not {count}"


def _of_releases(told: list[Mapping[str, Any]], wanted: Mapping[str, Mapping[str, Figures]]) -> Iterator[str]:
    by_version = {release["version"]: release for release in told if release["predictions"]}
    if set(by_version) != set(wanted):
        yield f"there are figures of the releases {sorted(by_version)}, not of {sorted(wanted)}"
    for version in set(by_version) & set(wanted):
        release = by_version[version]
        parts = {part["month"]: part for part in release["months"]} | {"all": release}
        if set(parts) != set(wanted[version]):
            yield f"{version}: there are the months {sorted(parts)}, not {sorted(wanted[version])}"
        for month in sorted(set(parts) & set(wanted[version])):
            yield from _of_part(f"{version} {month}", parts[month], wanted[version][month])


def _of_part(where: str, told: Mapping[str, Any], wanted: Figures) -> Iterator[str]:
    yield from _of_counts(where, told, {name: wanted[name] for name in COUNTS})
    promised = told["expected"] or {}
    for name, value in wanted.items():
        if name not in COUNTS:
            figure = promised.get(name.removeprefix(EXPECTED)) if name.startswith(EXPECTED) else told[name]
            yield from _of_figure(f"{where}: {name}", figure, value)


def _of_figure(where: str, figure: Mapping[str, float] | None, value: float | None) -> Iterator[str]:
    if figure is None or value is None:
        if figure is not None or value is not None:
            yield f"{where} is {figure}, not {value}"
    elif abs(figure["value"] - value) > TOLERANCE:
        yield f"{where} is {figure['value']!r}, not {value!r}"
    elif not figure["low"] <= figure["value"] <= figure["high"]:
        yield f"{where} lies outside of its own interval, {figure}"
