"""Merging metrics with the same name from several sources into one family, as Prometheus requires."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample


class Merged(Collector):
    """A collector of all families of other collectors; samples with the same name and labels are added up."""

    def __init__(self, collectors: Iterable[Collector]) -> None:
        self._collectors = tuple(collectors)

    def collect(self) -> Iterator[Metric]:
        """The merged families, in the order in which their names first come."""
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
            known = family.samples[place]
            family.samples[place] = known._replace(value=known.value + sample.value)


def _labels(sample: Sample) -> frozenset[tuple[str, str]]:
    return frozenset(sample.labels.items())
