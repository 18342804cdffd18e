"""What the authorizer costs, cold and warm, beside a handler that imports what others do.

    python -m tests.benchmarks.authorizer_cost

Cold is the CPU time (user and system) of a fresh process: start, imports, wiring. Warm is the time of one call with
a signature to check and one read of the table, against moto on loopback, so the read is slower than DynamoDB's.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from moto.server import ThreadedMotoServer

from tests.conftest import ROOT
from tests.integration.identity.world import World

ROUNDS = 9
TAIL = (
    "\nimport resource; r = resource.getrusage(0)"
    "\npages = int(open('/proc/self/statm').read().split()[1])"
    "\nprint(r.ru_utime + r.ru_stime, pages * resource.getpagesize() // 2**20)"
)
CASES = {
    "python alone": "pass",
    "boto3 + pydantic + Powertools' event handler + two clients": (
        "import boto3, pydantic\n"
        "from aws_lambda_powertools import Logger\n"
        "from aws_lambda_powertools.event_handler import APIGatewayRestResolver\n"
        "class Body(pydantic.BaseModel):\n    name: str\n"
        "app, log = APIGatewayRestResolver(), Logger(service='x')\n"
        "boto3.client('dynamodb'); boto3.client('s3')"
    ),
    "authorizer": "import functions.authorizer.handler",
}
SETTINGS = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "SOTTO_TABLE": "t",
    "SOTTO_ISSUER": "i",
    "SOTTO_AUDIENCE": "a",
}


def cold(program: str) -> tuple[float, int]:
    """(median CPU seconds, MB) of a fresh process."""
    env = {"PATH": os.environ["PATH"], **SETTINGS}
    found = []
    for _ in range(ROUNDS):
        run = [sys.executable, "-c", program + TAIL]
        text = subprocess.run(run, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
        found.append([float(value) for value in text.split()])
    return statistics.median(cpu for cpu, _ in found), int(max(memory for _, memory in found))


def warm() -> float:
    """Median milliseconds of one authorization."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    world = World(f"http://{host}:{port}")
    os.environ.update(world.environment)
    world.open()
    headers = {"Authorization": f"Bearer {world.sign_in()['access_token']}"}
    event = {"headers": headers, "requestContext": {"requestId": "r"}, "resource": "/jobs"}
    times = []
    for _ in range(200):
        start = time.perf_counter()
        assert world.authorize(event, "GET", "/jobs")
        times.append(time.perf_counter() - start)
    server.stop()
    return statistics.median(times) * 1000


def main() -> None:
    costs = {name: cold(program) for name, program in CASES.items()}
    for name, (cpu, memory) in costs.items():
        sys.stdout.write(f"cold  {name:60} {cpu:.3f} CPU s  {memory} MB\n")
    heavy, lean = list(costs.values())[1][0], list(costs.values())[2][0]
    sys.stdout.write(f"cold  the authorizer costs {lean / heavy:.0%} of the other\n")
    sys.stdout.write(f"warm  one call, key known: {warm():.2f} ms\n")


if __name__ == "__main__":
    main()
