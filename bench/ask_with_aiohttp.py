"""The bare loop: the same requests on the same HTTP library, as many at once, and nothing kept, checked or repeated.

python bench/ask_with_aiohttp.py BASE_URL AT_ONCE < titles    a kind and an IMDb id a line
"""

import asyncio
import sys

import aiohttp

WITH_IDS = {"append_to_response": "external_ids"}


async def ask(session: aiohttp.ClientSession, slots: asyncio.Semaphore, kind: str, imdb_id: str) -> None:
    async with slots:
        if kind == "film":
            async with session.get(f"/3/movie/{imdb_id}", params=WITH_IDS) as response:
                await response.json()
            return
        async with session.get(f"/3/find/{imdb_id}", params={"external_source": "imdb_id"}) as response:
            found = (await response.json())["tv_results"]
        if found:
            async with session.get(f"/3/tv/{found[0]['id']}", params=WITH_IDS) as response:
                await response.json()


async def main() -> None:
    slots = asyncio.Semaphore(int(sys.argv[2]))
    titles = [line.split() for line in sys.stdin]
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": "Bearer any"}
    async with aiohttp.ClientSession(sys.argv[1], connector=connector, headers=headers) as session:
        await asyncio.gather(*(ask(session, slots, *title) for title in titles))


asyncio.run(main())
