"""A consumer as anybody would write it, who asks the API for each prediction, or for many at once.

    python http_consumer.py predict|batch_predict RECORDS

It reads the first records of the topic and writes what it is answered into that of predictions, and commits every 500
records. It runs in a container beside the stack's, and prints the records in a second and its processor time in
microseconds for each.
"""

import json
import sys
import time
from http.client import HTTPConnection
from typing import Any

from confluent_kafka import Consumer, Message, Producer

ROWS = 500


def main() -> int:
    """Read, ask, write, commit."""
    path, left = sys.argv[1], int(sys.argv[2])
    api, producer = HTTPConnection("api", 8000), Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 2})
    consumer = Consumer(
        {
            "bootstrap.servers": "kafka:9092",
            "group.id": f"plain-{path}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["churn.customers"])
    messages: list[Message] = []
    while not messages:
        messages = consumer.consume(ROWS, 1)
    records, start, busy = left, time.perf_counter(), time.process_time()
    while left:
        for message, answer in zip(messages, _answers(api, path, messages), strict=True):
            producer.produce("churn.predictions", json.dumps(answer), f"{message.partition()}-{message.offset()}")
        producer.flush()
        consumer.commit(asynchronous=False)
        left -= len(messages)
        messages = consumer.consume(min(ROWS, left), 1) if left else []
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps({"rate": records / seconds, "cpu": 1e6 * busy / records}))
    consumer.close()
    return 0


def _answers(api: HTTPConnection, path: str, messages: list[Message]) -> list[Any]:
    values = [(message.value() or b"").decode() for message in messages]
    if path == "predict":
        return [_ask(api, path, value) for value in values]
    found: list[Any] = _ask(api, path, f'{{"customers": [{", ".join(values)}]}}')["predictions"] if values else []
    return found


def _ask(api: HTTPConnection, path: str, body: str) -> Any:
    api.request("POST", f"/{path}?reasons=none", body, {"Content-Type": "application/json"})
    answer = api.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(f"/{path} answered {answer.status}: {text[:200]!r}")
    return json.loads(text)


if __name__ == "__main__":
    sys.exit(main())
