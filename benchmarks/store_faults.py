"""Thousands of faults between a client and a real S3 server, and what was lost by them.

    python -m benchmarks.store_faults --faults 5000

Starts OpenStack Swift with its s3api and a proxy that answers 500 and 503, resets connections,
stalls and truncates, half of it after the server did what was asked. Small objects are put and got
all the while; in the end everything that was acknowledged is asked of the server itself.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import boto3

from data import object_store
from tests.data.fault_proxy import FaultProxy
from tests.data.hammering import IMPATIENT_CLIENT, IMPATIENT_RETRY, hammer, missing_afterwards
from tests.data.swift_server import ACCESS_KEY, SECRET_KEY, SwiftServer, reason_to_skip


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=0.5)
    options = parser.parse_args()
    if reason := reason_to_skip():
        raise SystemExit(reason)
    object_store._RETRY, object_store._CLIENT = IMPATIENT_RETRY, IMPATIENT_CLIENT
    with tempfile.TemporaryDirectory() as folder:
        server = SwiftServer(Path(folder))
        try:
            server.start()
            run(server, options.faults, options.rate)
        finally:
            server.stop()


def run(server: SwiftServer, faults: int, rate: float) -> None:
    """Hammer the server through the proxy, then count what is there."""
    os.environ.update(server.environment)
    boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    ).create_bucket(Bucket="mill-faults")
    url = "s3://mill-faults/run"
    started = time.monotonic()
    with FaultProxy(server.port, rate=rate, seed=1) as proxy:
        os.environ["AWS_ENDPOINT_URL"] = proxy.endpoint
        account = hammer(url, lambda: proxy.injected >= faults, seed=1)
        os.environ["AWS_ENDPOINT_URL"] = server.endpoint
        lost = missing_afterwards(url, account)
        print(f"{time.monotonic() - started:.0f} s, {proxy.requests} requests")
        print("| fault | times |\n|---|---|")
        for kind, count in sorted(proxy.faults.items()):
            print(f"| {kind} | {count} |")
        print(f"| all | {proxy.injected} |")
    print(f"acknowledged {len(account.acknowledged)}, read {account.read}")
    print(f"given up with an error {account.refused}, wrong {account.wrong}, lost {len(lost)}")
    if lost or account.wrong:
        raise SystemExit("objects were lost")


if __name__ == "__main__":
    main()
