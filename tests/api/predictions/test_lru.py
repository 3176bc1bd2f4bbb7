"""What was used last is remembered."""

from concurrent.futures import ThreadPoolExecutor

from churn_api.predictions.lru import Lru


def test_what_was_used_longest_ago_is_forgotten_first() -> None:
    memory: Lru[str, int] = Lru(2)
    memory.put("a", 1)
    memory.put("b", 2)
    assert memory.get("a") == 1
    memory.put("c", 3)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)


def test_a_key_put_again_is_one_value_and_fresh() -> None:
    memory: Lru[str, int] = Lru(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        memory.put(key, value)
    assert (len(memory), memory.get("a"), memory.get("b")) == (2, 3, None)


def test_many_threads_never_exceed_the_size() -> None:
    memory: Lru[int, int] = Lru(50)

    def use(thread: int) -> None:
        for number in range(2_000):
            memory.put((thread * number) % 97, number)
            memory.get(number % 97)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(8)))
    assert len(memory) == 50
