"""The official Python client, or FastMCP's, against a server command; prints what it got as JSON.

    client.py mcp|fastmcp MODE CALLS -- CMD…

MODE is the client's own: `auto` speaks the newest protocol that both know, `legacy` begins with
`initialize`. CALLS is a file with a JSON list of [tool, arguments].
"""

import asyncio
import json
import sys


def plain(value):
    """Whatever a client returns, as JSON values."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    # Classes that a client makes up from a schema have no stable text.
    return sorted(vars(value).items()) if hasattr(value, "__dict__") else type(value).__name__


async def attempt(call):
    """The answer, or the error in words: both must be the same through the gate."""
    try:
        return plain(await call)
    except Exception as error:  # noqa: BLE001 (every error of a client is a result here)
        return {"error": type(error).__name__, "text": str(error)}


async def main():
    kind, mode = sys.argv[1], sys.argv[2]
    with open(sys.argv[3], encoding="utf-8") as file:
        calls = json.load(file)
    command = sys.argv[sys.argv.index("--") + 1 :]
    progress = []

    async def note(done, of, message):
        progress.append([done, of, message])

    if kind == "fastmcp":
        from fastmcp import Client
        from fastmcp.client.transports import StdioTransport

        client = Client(StdioTransport(command[0], command[1:], keep_alive=False), mode=mode)
        extra = {"progress_handler": note, "raise_on_error": False}
    else:
        from mcp import Client, StdioServerParameters
        from mcp.client.stdio import stdio_client

        parameters = StdioServerParameters(command=command[0], args=command[1:])
        client = Client(stdio_client(parameters), mode=mode)
        extra = {"progress_callback": note}
    got = {}
    async with client:
        got["tools"] = await attempt(client.list_tools())
        got["resources"] = await attempt(client.list_resources())
        got["prompts"] = await attempt(client.list_prompts())
        got["calls"] = [
            await attempt(client.call_tool(tool, arguments, **extra)) for tool, arguments in calls
        ]
        many = [client.call_tool(*calls[0], **extra) for _ in range(20)]
        got["at once"] = await asyncio.gather(*(attempt(call) for call in many))
    got["progress"] = progress
    json.dump(got, sys.stdout, ensure_ascii=False, sort_keys=True, indent=1)


asyncio.run(main())
