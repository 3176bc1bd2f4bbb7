"""Metrics of one name from several sources, as the one family that Prometheus wants."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample


class Merged(Collector):
    """The families of all collectors; samples with the same name and labels are added up."""

    def __init__(self, collectors: Iterable[Collector]) -> None:
        self._collectors = tuple(collectors)

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for collector in self._collectors:
            for family in collector.collect():
                if family.name in families:
                    _add(families[family.name], family)
                else:
                    families[family.name] = family
        yield from families.values()


def _add(family: Metric, other: Metric) -> None:
    places = {(sample.name, _labels(sample)): place for place, sample in enumerate(family.samples)}
    for sample in other.samples:
        place = places.get((sample.name, _labels(sample)))
        if place is None:
            family.samples.append(sample)
        else:
            held = family.samples[place]
            family.samples[place] = held._replace(value=held.value + sample.value)


def _labels(sample: Sample) -> frozenset[tuple[str, str]]:
    return frozenset(sample.labels.items())
