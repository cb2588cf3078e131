"""A FastMCP server over stdio with the kinds of answers a gate must not disturb.

Run by suite.py with the Python that has fastmcp installed.
"""

import asyncio

from fastmcp import Context, FastMCP

server = FastMCP("tollgate-real")


@server.tool
def repeat(text: str) -> str:
    """Gives the text back."""
    return text


@server.tool
def total(numbers: list[int]) -> dict[str, int]:
    """Sums numbers; the answer has structured content."""
    return {"total": sum(numbers), "count": len(numbers)}


@server.tool
async def steps(count: int, context: Context) -> str:
    """Reports progress for each step."""
    for step in range(count):
        await context.report_progress(step + 1, count)
        await asyncio.sleep(0.05)
    return f"{count} steps"


@server.tool
def fail(reason: str) -> str:
    """Always fails, in the server's own way."""
    raise ValueError(reason)


@server.resource("note://first")
def first() -> str:
    """A resource."""
    return "the first note, with ünïcödé"


@server.prompt
def ask(topic: str) -> str:
    """A prompt."""
    return f"What do you know about {topic}?"


if __name__ == "__main__":
    server.run(show_banner=False)
