"""A real S3 server for tests: OpenStack Swift with its s3api on loopback.

Four daemons on free ports, one replica, data in a temporary folder that must support extended
attributes. What each setting is for: Swift's deployment guide and the documentation of `s3api`.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ACCESS_KEY = "test:tester"
SECRET_KEY = "testing"
_DAEMONS = ("account", "container", "object")

_SWIFT_CONF = """[swift-hash]
swift_hash_path_prefix = texture
swift_hash_path_suffix = mill
[storage-policy:0]
name = default
default = yes
"""
_DAEMON_CONF = """[DEFAULT]
devices = {base}/devices
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {base}
recon_cache_path = {base}
log_level = ERROR
log_address = {base}/none
user = {user}
disable_fallocate = true
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
# The order of the pipeline is Swift's; s3api must stand before tempauth, which knows the secret.
_PROXY_CONF = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {base}
user = {user}
log_level = ERROR
log_address = {base}/none
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats bulk s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
user_test_reader = reading
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""
_RING_PROGRAM = """
import sys
from swift.common.ring import RingBuilder
for argument in sys.argv[1:]:
    name, port = argument.split("=")
    builder = RingBuilder(part_power=4, replicas=1, min_part_hours=0)
    builder.add_dev({"region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": int(port),
                     "device": "d1", "replication_ip": "127.0.0.1", "replication_port": int(port)})
    builder.rebalance()
    builder.get_ring().save(name + ".ring.gz")
"""


def reason_to_skip() -> str | None:
    """Why this machine cannot run the server; None if it can."""
    if not sys.platform.startswith("linux"):
        return "Swift runs on Linux only"
    if _program("swift-proxy-server") is None:
        return "Swift is not installed; it is in the dependency group s3test"
    return None


@dataclass
class SwiftServer:
    """The running server; `environment` is what an S3 client needs."""

    base: Path
    port: int = 0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
        }

    def start(self) -> None:
        (self.base / "devices" / "d1").mkdir(parents=True)
        (self.base / "swift.conf").write_text(_SWIFT_CONF)
        ports = _free_ports(len(_DAEMONS) + 1)
        self.port = ports.pop()
        values = {"base": self.base, "user": _user(), "secret": SECRET_KEY}
        self._build_rings(dict(zip(_DAEMONS, ports, strict=True)))
        for name, port in zip(_DAEMONS, ports, strict=True):
            conf = self.base / f"{name}.conf"
            conf.write_text(_DAEMON_CONF.format(name=name, port=port, **values))
        conf = self.base / "proxy.conf"
        conf.write_text(_PROXY_CONF.format(port=self.port, **values))
        for name in (*_DAEMONS, "proxy"):
            with (self.base / f"{name}.log").open("wb") as log:
                command = [_program(f"swift-{name}-server"), str(self.base / f"{name}.conf")]
                # Python's warnings of Swift's own libraries are not ours to judge.
                quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
                self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=quiet))
        for port in (*ports, self.port):
            self._wait_for(port)

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _build_rings(self, ports: dict[str, int]) -> None:
        # In one process of its own: importing Swift takes a second and changes the socket module.
        arguments = [f"{name}={port}" for name, port in ports.items()]
        command = [sys.executable, "-W", "ignore", "-c", _RING_PROGRAM, *arguments]
        done = subprocess.run(command, cwd=self.base, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def _wait_for(self, port: int) -> None:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.1)
        logs = "\n".join(log.read_text()[-2000:] for log in self.base.glob("*.log"))
        raise RuntimeError(f"Swift did not start within 30 s:\n{logs}")


def _program(name: str) -> str | None:
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
