"""An IMDb to fetch from: a real HTTP server of a folder's files, with ranges, validators and faults.

    .venv/bin/python tests/imdb_server.py FOLDER --port 8094

Then: cinelake fetch imdb --agree --from http://127.0.0.1:8094

Files may be replaced while it runs. A POST of JSON to `/_faults` sets what goes wrong; `/_log` tells what was asked.
"""

import argparse
import asyncio
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

from aiohttp import web

PIECE_BYTES = 4096


@dataclass
class Fault:
    """What goes wrong with requests for files whose name matches."""

    kind: str
    """status; break (after some bytes); stall (there, for good); mute (no length, no validators); no-tag (only a
    date); no-range (of no use); bare-206 (a part of another file than was begun); huge (a length beyond all disks)."""
    match: str = ""
    """A regular expression."""
    status: int = 500
    headers: dict[str, str] | None = None
    """With `status`."""
    after: int = 0
    """With `break` and `stall`: bytes of this answer that still go."""
    weak: bool = False
    """Besides: its ETag is a weak one."""
    times: int | None = None
    """How often; None always."""


class Imdb:
    """The folder, the faults and the log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self.log: list[dict[str, Any]] = []
        self.sent: dict[str, int] = {}
        self.more = asyncio.Condition()

    async def file(self, request: web.Request) -> web.StreamResponse:
        """GET of one file: RFC 9110's ranges and conditions, as far as one range goes."""
        name = request.match_info["name"]
        fault = self._fault(name)
        asked = {"range": request.headers.get("Range"), "if_range": request.headers.get("If-Range")}
        entry: dict[str, Any] = {"name": name, "status": 0, "bytes": 0, **asked}
        self.log.append(entry)
        self.sent[name] = 0
        response, data = self._answer(request, self.folder / name, fault)
        entry["status"] = response.status
        if data is None:
            return response
        await response.prepare(request)
        for place in range(0, len(data), PIECE_BYTES):
            piece = data[place : place + PIECE_BYTES]
            await response.write(piece)
            entry["bytes"] += len(piece)
            async with self.more:
                self.sent[name] += len(piece)
                self.more.notify_all()
        if fault is not None and fault.kind == "stall":
            await asyncio.Event().wait()
        if fault is not None and fault.kind in ("break", "huge"):
            assert request.transport is not None
            request.transport.close()
        return response

    def _answer(self, request: web.Request, path: Path, fault: Fault | None) -> tuple[web.StreamResponse, bytes | None]:
        """An answer, and the bytes that go with it; None where none do."""
        kind = fault.kind if fault else ""
        if fault and kind == "status":
            return web.Response(status=fault.status, headers=fault.headers), None
        if not path.is_file():
            return web.Response(status=404), None
        data = path.read_bytes()
        tag, date = f'"{hashlib.sha256(data).hexdigest()[:16]}"', formatdate(path.stat().st_mtime, usegmt=True)
        headers = {"Last-Modified": date, "ETag": f"W/{tag}" if fault and fault.weak else tag, "Accept-Ranges": "bytes"}
        if kind == "no-tag":
            del headers["ETag"]
        if _is_known(request, headers):
            return web.Response(status=304, headers=headers), None
        begin = 0 if kind == "no-range" else self._begin(request, headers, len(data))
        if begin is None:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"}), None
        if kind == "bare-206" and "Range" in request.headers:
            begin = int(request.headers["Range"][6:-1])
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        response = web.StreamResponse(status=206 if begin else 200, headers={} if kind == "mute" else headers)
        if kind != "mute":
            response.content_length = 10**18 if kind == "huge" else len(data) - begin
        end = begin + fault.after if fault and kind in ("break", "stall") else len(data)
        return response, data[begin:end]

    def _begin(self, request: web.Request, headers: dict[str, str], size_bytes: int) -> int | None:
        """At which byte to begin; None where that lies beyond the end."""
        found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        condition = request.headers.get("If-Range")
        tag = headers.get("ETag", "W/")
        strong = [headers["Last-Modified"]] + [tag] * (not tag.startswith("W/"))
        if found is None or (condition is not None and condition not in strong):
            return 0
        return int(found[1]) if int(found[1]) < size_bytes else None

    def _fault(self, name: str) -> Fault | None:
        for fault in self.faults:
            if fault.times != 0 and re.search(fault.match, name):
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    async def set_faults(self, request: web.Request) -> web.Response:
        """POST `/_faults`."""
        self.faults = [Fault(**each) for each in await request.json()]
        return web.json_response(len(self.faults))

    async def tell_log(self, request: web.Request) -> web.Response:
        """GET `/_log`; a POST empties it."""
        if request.method == "POST":
            self.log.clear()
        return web.json_response(self.log)

    async def wait_until_sent(self, request: web.Request) -> web.Response:
        """GET `/_sent/NAME/BYTES`: answers once the newest request for a file was sent so many bytes."""
        name, size_bytes = request.match_info["name"], int(request.match_info["bytes"])
        async with self.more:
            await self.more.wait_for(lambda: self.sent.get(name, 0) >= size_bytes)
        return web.json_response(self.sent[name])


def _is_known(request: web.Request, headers: dict[str, str]) -> bool:
    """Whether who asks has this very file: by its ETag, or where none is told by its date (RFC 9110, 13.2.2)."""
    if "If-None-Match" in request.headers:
        return request.headers["If-None-Match"] == headers.get("ETag")
    return request.headers.get("If-Modified-Since") == headers["Last-Modified"]


async def _serve(folder: Path, port: int) -> None:
    imdb = Imdb(folder)
    app = web.Application()
    app.add_routes(
        [
            web.post("/_faults", imdb.set_faults),
            web.get("/_log", imdb.tell_log),
            web.post("/_log", imdb.tell_log),
            web.get("/_sent/{name}/{bytes}", imdb.wait_until_sent),
            web.get("/{name}", imdb.file),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serves until it is ended; says on stdout where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0, help="any that is free, if left out")
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(given.folder, given.port))


if __name__ == "__main__":
    main()
