"""The studio's jobs as an assistant has them: a real client of the Model Context Protocol, over standard streams."""

import os
import sys
from pathlib import Path

import pytest

from parasol import Parasol
from parasol.bundle import Bundle
from small_model import drawing

pytest.importorskip("mcp")

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

CLI = "import sys; from parasol.apps.cli import main; sys.exit(main(sys.argv[1:]))"


def test_an_assistant_makes_a_picture_and_finds_it_again(tmp_path: Path, bundle: Bundle, model: Parasol) -> None:
    for seed in (0, 1):
        drawing(seed).save(tmp_path / f"{seed}.png")
    content, style = (str(tmp_path / f"{seed}.png") for seed in (0, 1))
    words = ["mcp", "--keep", str(tmp_path / "kept"), "-o", str(tmp_path / "out"), "--model", str(bundle.folder)]
    command = StdioServerParameters(command=sys.executable, args=["-c", CLI, *words], env={**os.environ})

    async def asked() -> None:
        async with stdio_client(command) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            assert {*tools} == {"about", "draw_set", "make", "search"}
            wanted = {"content": content, "styles": [style], "dials": {"steps": 2, "seed": 5}}
            made = await session.call_tool("make", wanted)
            file = tmp_path / "out" / "parasol-1.png"
            assert [part.type for part in made.content] == ["text", "image"]
            assert file.read_bytes() == model.stylize(content, style, steps=2, seed=5).encoded(".png")
            found = await session.call_tool("search", {"styles": [str(file)], "content": [str(file)]})
            assert "parasol-1.png" in str(found.content)
            refused = await session.call_tool("make", wanted | {"dials": {"structure": 2.0}})
            assert "structure is 2.0" in str(refused.content)

    anyio.run(asked)
