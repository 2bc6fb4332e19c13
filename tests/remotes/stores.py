"""Places for data: local folders, and an S3-compatible server on loopback that enforces rights."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tiny.project import Project

LEVELS = ("restricted", "unreleased", "released")
Options = Mapping[str, str]


@dataclass(frozen=True)
class Store:
    """Where each level lies, and what a role has to present."""

    urls: Mapping[str, str]
    keys: Mapping[str, Options]

    def join(self, project: Project, role: str, *levels: str) -> None:
        """Name remotes on this machine alone, as a member of a role would."""
        for level in levels:
            self._dvc(project, "add", level, self.urls[level])
            for option, value in self.keys.get(role, {}).items():
                self._dvc(project, "modify", level, option, value)

    @staticmethod
    def _dvc(project: Project, verb: str, *words: str) -> None:
        subprocess.run([project.python, "-m", "dvc", "remote", verb, "-q", "--local", *words], cwd=project.root,
                       check=True)


def folders(root: Path) -> Store:
    for level in LEVELS:
        (root / level).mkdir()
    return Store({level: str(root / level) for level in LEVELS}, {})


@contextmanager
def s3(python: Path, rights: Mapping[str, tuple[str, ...]]) -> Iterator[Store]:
    """Serve three buckets; each role of `rights` may use those of its levels and no other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([python, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        _wait(address)
        made = subprocess.run([python, "-c", _ROLES, address, json.dumps(rights)], check=True, capture_output=True)
        keys = {role: {"endpointurl": address, "region": "us-east-1", "access_key_id": key, "secret_access_key": secret}
                for role, (key, secret) in json.loads(made.stdout).items()}
        yield Store({level: f"s3://{level}/tiny" for level in LEVELS}, keys)
    finally:
        server.terminate()
        server.wait(timeout=20)


_ROLES = """
import json, sys, urllib.request, boto3
address, rights = sys.argv[1], json.loads(sys.argv[2])
owner = dict(endpoint_url=address, region_name="us-east-1", aws_access_key_id="owner", aws_secret_access_key="owner")
s3, iam, made = boto3.client("s3", **owner), boto3.client("iam", **owner), {}
for level in ("restricted", "unreleased", "released"):
    s3.create_bucket(Bucket=level)
for role, levels in rights.items():
    iam.create_user(UserName=role)
    allowed = [f"arn:aws:s3:::{level}{below}" for level in levels for below in ("", "/*")]
    iam.put_user_policy(UserName=role, PolicyName="levels", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": allowed}]}))
    key = iam.create_access_key(UserName=role)["AccessKey"]
    made[role] = [key["AccessKeyId"], key["SecretAccessKey"]]
urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset-auth", data=b"0", method="POST",
                                              headers={"Content-Type": "text/plain"}))
print(json.dumps(made))
"""


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/moto-api/", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the S3-compatible server does not answer")
