"""Work in a process of its own, which gives back what memory it took when it ends."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_child_process(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work returns; raises what it raises, and BrokenProcessPool if its process is killed.

    KeyboardInterrupt ends the process: a pool would wait for the work, and who stops a container does not.
    """
    others = active_children()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(work, *args, **kwargs).result()
        except KeyboardInterrupt:
            for child in active_children():
                if child not in others:
                    child.terminate()
            raise
