"""An outside episode in, an MCP server out: its tools with their schemas, and its brief in the three places MCP has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import mcp_types as types
import msgspec
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from milo_bench.core.text import one_line
from milo_bench.core.version import __version__
from milo_bench.operator.mcp.episode import OutsideEpisode, is_error
from milo_bench.operator.play.prompt import RULES, reply_data, reply_text, tool_definitions
from milo_bench.operator.worlds.records import ToolReply

BRIEF_URI = "milo-bench://brief"
BRIEF_PROMPT = "brief"
_Context = ServerRequestContext[Any, Any]
# Arguments that are no JSON object never reach a handler of the SDK; they wait here for ours.
_unreadable: ContextVar[tuple[str, str | dict[str, Any]] | None] = ContextVar("_unreadable", default=None)


def mcp_server(episode: OutsideEpisode, *, on_client: Callable[[str, str], None]) -> Server[Any]:
    """The server of one episode. ``on_client`` hears name and version of whoever asks first, "" where it says none."""
    session = episode.session
    tools = [
        types.Tool(name=tool["name"], description=tool["description"], input_schema=tool["parameters"])
        for tool in (definition["function"] for definition in tool_definitions(session))
    ]
    brief = f"{RULES}\n\n{session.brief}"
    schemas = {tool.name: tool.input_schema for tool in tools}

    async def list_tools(_: _Context, __: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools)

    async def call_tool(context: _Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        name, arguments = _unreadable.get() or (params.name, params.arguments or {})
        return _result(episode.call(name, arguments, call_id=str(context.request_id)))

    async def list_prompts(_: _Context, __: object) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[types.Prompt(name=BRIEF_PROMPT, description="The order.")])

    async def get_prompt(_: _Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        if params.name != BRIEF_PROMPT:
            raise MCPError(types.INVALID_PARAMS, f"The only prompt is '{BRIEF_PROMPT}'.")
        message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=brief))
        return types.GetPromptResult(description="The order.", messages=[message])

    async def list_resources(_: _Context, __: object) -> types.ListResourcesResult:
        resource = types.Resource(uri=BRIEF_URI, name=BRIEF_PROMPT, description="The order.", mime_type="text/plain")
        return types.ListResourcesResult(resources=[resource])

    async def read_resource(_: _Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        if str(params.uri) != BRIEF_URI:
            raise MCPError(types.INVALID_PARAMS, f"The only resource is {BRIEF_URI}.")
        text = types.TextResourceContents(uri=BRIEF_URI, mime_type="text/plain", text=brief)
        return types.ReadResourceResult(contents=[text])

    server: Server[Any] = Server(
        "milo-bench",
        version=__version__,
        title="Milo Bench operator task",
        instructions=brief,
        get_tool_input_schema=schemas.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )
    server.middleware.append(_Gate(episode, on_client))
    return server


class _Gate:
    """Sees each request before the SDK checks it: who asks, and calls that the SDK would refuse unrecorded."""

    def __init__(self, episode: OutsideEpisode, on_client: Callable[[str, str], None]) -> None:
        self._episode = episode
        self._on_client = on_client

    async def __call__(self, ctx: _Context, call_next: CallNext) -> HandlerResult:
        if ctx.request_id is not None and not self._episode.begun and ctx.method != "ping":
            self._on_client(*_client(ctx))
            self._episode.begin()
        if ctx.method != "tools/call" or not isinstance(ctx.params, Mapping):
            return await call_next(ctx)
        name, arguments = ctx.params.get("name"), ctx.params.get("arguments")
        if isinstance(name, str) and (arguments is None or isinstance(arguments, dict)):
            return await call_next(ctx)
        written = name if isinstance(name, str) else _json(name)
        token = _unreadable.set((written, arguments if isinstance(arguments, dict) else _json(arguments)))
        try:
            return await call_next(replace(ctx, params={**ctx.params, "name": written, "arguments": {}}))
        finally:
            _unreadable.reset(token)


def _client(context: _Context) -> tuple[str, str]:
    """Name and version as the client gives them, cut and printable."""
    info: Any = None
    if context.session.client_params is not None:
        info = context.session.client_params.client_info.model_dump()
    elif isinstance(context.params, Mapping):
        info = context.params.get("clientInfo")
    if not isinstance(info, Mapping):
        return "", ""
    return one_line(str(info.get("name") or ""), 80), one_line(str(info.get("version") or ""), 80)


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode("utf-8")
    except (msgspec.MsgspecError, UnicodeError, TypeError, ValueError, RecursionError, OverflowError):
        return "?"


def _result(reply: ToolReply) -> types.CallToolResult:
    text = types.TextContent(type="text", text=reply_text(reply))
    return types.CallToolResult(content=[text], structured_content=reply_data(reply), is_error=is_error(reply))
