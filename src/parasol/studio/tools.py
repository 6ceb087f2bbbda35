"""The studio's jobs as tools of an assistant, over the Model Context Protocol (MCP)."""

from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import anyio
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from parasol.errors import ParasolError
from parasol.images import SUFFIXES, read_bytes, write_atomic
from parasol.index.scan import scan
from parasol.studio.desk import Full
from parasol.studio.icons import archive, set_record
from parasol.studio.opening import Studio
from parasol.studio.wanted import MOST_ICONS, AskedDials, Icon, IconSet, Reference, Wanted
from parasol.version import __version__

P = ParamSpec("P")
T = TypeVar("T")
BEAT = 0.2  # seconds between two looks at a job
ABOUT = (
    "Draws pictures in the style of others. `make` draws one content picture in a style; `draw_set` a folder of icons "
    "in one look; `search` finds pictures by what they show and how they are drawn. Paths are files on this machine. "
    "Styles may also be words, as 'words: glossy 3D', where the model knows words. `about` explains every dial."
)


def _plain(tool: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """The tool with refusals that are told to the assistant, which a bare error's text is not."""

    @wraps(tool)
    async def told_plainly(*given: P.args, **named: P.kwargs) -> T:
        try:
            return await tool(*given, **named)
        except (ValueError, Full) as error:
            raise ToolError(" ".join(str(error).split())) from error

    return told_plainly


def make_server(studio: Studio, out: Path) -> MCPServer:
    """A server of tools whose files go into the folder `out`."""
    server = MCPServer("parasol", instructions=ABOUT, version=__version__)

    def given(file: str) -> str:
        return studio.store.add_picture(read_bytes(file)).id

    def like(source: str) -> Reference:
        spoken = source.partition("words:")[2].strip() if source.startswith("words:") else ""
        return Reference(words=spoken) if spoken else Reference(picture=given(source))

    async def drawn(wanted: Wanted, context: Context) -> dict[str, Any]:
        job = (await anyio.to_thread.run_sync(studio.order, wanted))["job"]
        try:
            while (state := studio.desk.status(job) or {})["state"] in ("waiting", "drawing"):
                await context.report_progress(state["done"], state["total"])
                await anyio.sleep(BEAT)
        finally:
            studio.desk.cancel(job)  # of no consequence where it is over
        if state["state"] != "done":
            raise ParasolError(state["error"] or "the job was cancelled")
        return state

    @server.tool()
    def about() -> dict[str, Any]:
        """The models, and what every dial does."""
        return {"version": __version__, "models": list(studio.maker.names), "dials": dict(studio.words)}

    @server.tool(structured_output=False)
    @_plain
    async def make(
        content: str,
        styles: list[str],
        context: Context,
        dials: AskedDials = AskedDials(),  # pyright: ignore[reportInvalidTypeForm]  # noqa: B008
        model: str | None = None,
        size: int | None = None,
        count: int = 1,
    ) -> list[Any]:
        """Draw the content picture in the style of one or several others; returns the files, and the first picture."""
        wanted = Wanted(
            model=model or studio.maker.names[0],
            content=given(content),
            styles=tuple(like(source) for source in styles),
            dials=dials,
            size=size,
            count=count,
        )
        state, files, first = await drawn(wanted, context), [], b""
        for number in state["numbers"]:
            png = studio.store.drawn(number) or b""
            first = first or png
            files.append(str(out / f"parasol-{number}.png"))
            write_atomic(files[-1], png)
        return [*files, Image(data=first, format="png")]

    @server.tool()
    @_plain
    async def draw_set(
        folder: str, references: list[str], context: Context, colors: int | None = None, model: str | None = None
    ) -> dict[str, Any]:
        """Draw every icon of a folder in the look of references; returns a ZIP, and how alike they are."""
        entries, _ = scan(Path(folder))
        if not entries:
            raise ParasolError(f"{folder!r} holds no picture: put {', '.join(sorted(SUFFIXES))} files there")
        if len(entries) > MOST_ICONS:
            raise ParasolError(f"{folder!r} holds {len(entries)} pictures and a set has {MOST_ICONS} at most: split it")
        files = [Path(folder) / entry.path for entry in entries]
        icons = tuple(Icon(picture=given(str(file)), name=file.stem) for file in files)
        wanted = Wanted(
            model=model or studio.maker.names[0],
            styles=tuple(like(source) for source in references),
            icons=IconSet(icons=icons, colors=colors),
        )
        job = (await drawn(wanted, context))["job"]
        target = out / f"set-{job[:8]}.zip"
        write_atomic(target, archive(studio.store, job) or b"")
        record = set_record(studio.store, job) or {}
        failed = {icon["name"]: icon["error"] for icon in record["icons"] if icon["error"]}
        return {"zip": str(target), "failed": failed, **{key: record[key] for key in ("palette", "consistency")}}

    @server.tool()
    @_plain
    async def search(
        content: list[str] | None = None, styles: list[str] | None = None, style_weight: float = 0.5, top: int = 12
    ) -> list[dict[str, Any]]:
        """The nearest pictures of the index and of what was made before, best first."""
        hits = await anyio.to_thread.run_sync(
            lambda: studio.finder.find(
                studio.library,
                content=[like(source) for source in content or ()],
                style=[like(source) for source in styles or ()],
                style_weight=style_weight,
                top=min(top, 100),
            )
        )
        return [{key: hit[key] for key in ("file", "score", "style", "content")} for hit in hits]

    return server
