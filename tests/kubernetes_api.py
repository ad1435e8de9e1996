"""A stand-in for a cluster, on the loopback: what Spark asks of Kubernetes' API. A pod that is made is a process."""

import json
import os
import re
import subprocess
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PODS = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/(?P<kind>[^/]+)(?:/(?P<name>[^/]+))?")


@dataclass
class Cluster:
    """Its pods, and what it was asked."""

    folder: Path
    """For what containers write, in place of their empty volumes."""
    variables: Mapping[str, str]
    """Of every container: those of the image."""
    pods: dict[str, Any] = field(default_factory=dict)
    """By name; one that was deleted stays."""
    asked: set[tuple[str, str]] = field(default_factory=set)
    """Verb and resource, as a Role names them."""
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    closed: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def add(self, pod: Any, *, run: bool = True) -> Any:
        """Makes a pod, and starts its container."""
        name = pod["metadata"]["name"]
        pod["metadata"].update(uid=str(uuid.uuid4()), resourceVersion=str(len(self.pods) + 1))
        pod["status"] = {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        self.pods[name] = pod
        if run:
            [container] = pod["spec"]["containers"]
            scratch = self.folder / name
            scratch.mkdir()
            with scratch.joinpath("log").open("wb") as log:
                self.started[name] = subprocess.Popen(
                    [*container["command"], *container["args"]],
                    env={**os.environ, **self.variables, **_variables(pod, container, scratch)},
                    cwd=scratch, stdout=log, stderr=log,
                )  # fmt: skip
        return pod

    def logs(self) -> str:
        """What the containers said."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*/log")))


def _variables(pod: Any, container: Any, scratch: Path) -> dict[str, str]:
    fields = {"status.podIP": "127.0.0.1", "metadata.name": pod["metadata"]["name"]}
    empty = {volume["name"] for volume in pod["spec"]["volumes"] if "emptyDir" in volume}
    mounts = {mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] in empty}
    told = {
        each["name"]: each.get("value") or fields[each["valueFrom"]["fieldRef"]["fieldPath"]]
        for each in container["env"]
    }
    return {name: str(scratch) if value in mounts else value for name, value in told.items()}


@contextmanager
def cluster(folder: Path, variables: Mapping[str, str]) -> Iterator[Cluster]:
    """A cluster without pods; its containers end with it."""
    made = Cluster(folder, variables)

    class Handler(_Handler):
        cluster = made

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.closed.set()
        server.shutdown()
        thread.join()
        server.server_close()
        for process in made.started.values():
            process.kill()
            process.wait()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def do_GET(self) -> None:
        name, query = self._asked("get", "list")
        if self.headers["Upgrade"]:  # no WebSocket here: Spark's client then watches without one
            self._answer(200, {})
        elif query.get("watch"):
            self._watch()
        elif name:
            pod = self.cluster.pods.get(name)
            self._answer(200 if pod else 404, pod or {"kind": "Status", "status": "Failure", "code": 404})
        else:
            items = list(self.cluster.pods.values())
            self._answer(200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})

    def do_POST(self) -> None:
        self._asked("create", "create")
        pod = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(201, self.cluster.add(pod))

    def do_DELETE(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        name, _ = self._asked("delete", "deletecollection")
        for each in [name] if name else list(self.cluster.started) if "/pods" in self.path else []:
            self.cluster.started[each].terminate()
        self._answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def do_PATCH(self) -> None:
        self._asked("patch", "patch")
        self._answer(405, {"kind": "Status", "status": "Failure", "code": 405})

    def _asked(self, one: str, many: str) -> tuple[str | None, dict[str, list[str]]]:
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        found = PODS.fullmatch(address.path)
        assert found, self.path
        verb = "watch" if query.get("watch") else one if found["name"] else many
        self.cluster.asked.add((verb, found["kind"]))
        return found["name"], query

    def _answer(self, code: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _watch(self) -> None:
        """Nothing happens, until the end: Spark lists the pods from time to time, too."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        self.cluster.closed.wait()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing."""
