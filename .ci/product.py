"""The product, started for as long as something needs it.

As a command it starts it, runs what it is given with TENON_URL in its environment, and ends it:
    python3 .ci/product.py npm test
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# In seconds: it is built first.
STARTING = 900


def main():
    with tempfile.TemporaryDirectory() as folder, Product(folder) as product:
        sys.exit(subprocess.run(sys.argv[1:], env=os.environ | {"TENON_URL": product.url}).returncode)


class Product:
    """The product, on a folder and ports of its own, for as long as it is needed."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def __enter__(self):
        port = free_ports()
        self.url = f"http://127.0.0.1:{port}"
        data = self.folder / "data"
        models = ROOT / "target" / "models"
        if models.is_dir():
            data.mkdir(mode=0o700)
            (data / ".lock").touch()
            (data / "models").symlink_to(models)
        command = os.environ.get("TENON", "cargo run --quiet --").split()
        command += ["--port", str(port), "--data", str(data), "--rate-limit", "0"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.call("GET", "/.well-known/jwks.json")
                return self
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        sys.exit("the product did not start")

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(timeout=10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass

    def call(self, method, path, body=None, headers=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")


def free_ports():
    """The first of two ports in a row that nobody listens on."""
    for port in range(3400, 4400, 10):
        try:
            for one in (port, port + 1):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", one))
            return port
        except OSError:
            continue
    sys.exit("no port is free")


if __name__ == "__main__":
    main()
