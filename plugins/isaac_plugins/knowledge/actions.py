"""What the commands of the plugin do."""

import time
from pathlib import Path

import anyio.to_thread

from isaac_plugins.knowledge import fetching, provider, tldr
from isaac_plugins.knowledge.library import Library, Places
from isaac_plugins.knowledge.results import Info, Source, Updated
from isaacd.api import Candidate, Context, InvalidParams


def _places(context: Context) -> Places:
    settings = context.config.knowledge
    paths = context.paths
    return Places(paths.cache_dir, paths.data_dir, context.environ, settings.tldr_dirs, settings.whatis)


async def search(context: Context, question: str, limit: int) -> list[Candidate]:
    """Search for commands, in all sources."""
    library = Library(_places(context))

    def look() -> tuple[Candidate, ...]:
        try:
            library.refresh()
            return provider.candidates(library.ask(question[: provider.MAX_QUESTION_CHARS], limit))
        finally:
            library.close()

    return list(await anyio.to_thread.run_sync(look))


async def info(context: Context) -> Info:
    """Bring the index up to date and describe it."""
    places = _places(context)
    known = await _refresh(places)
    names = {"cookbook": "part of Isaac", "tldr": known.get("pages") or "", "whatis": "this machine's manual"}
    no_manual = "none: no manual index (man-db) here" if places.manual else "off: knowledge.whatis is false"
    hints = {"tldr": "none yet: isaacctl knowledge update", "whatis": no_manual}
    sources = []
    for name, place in names.items():
        texts = int(known.get(f"count.{name}", "0"))
        sources.append(Source(name, texts, place if texts else hints.get(name, place)))
    status = places.file.stat() if places.file.is_file() else None
    return Info(
        sources=tuple(sources),
        index=str(places.file) if status else "in memory: the cache folder cannot be written",
        index_kib=status.st_size // 1024 if status else 0,
        index_age_s=max(0.0, time.time() - status.st_mtime) if status else None,
    )


async def update(context: Context, file: Path | None, url: str | None) -> Updated:
    """Get an archive of tldr pages and build the index anew."""
    if file is not None and url is not None:
        raise InvalidParams("give --from or --url, not both")
    places = _places(context)
    if file is not None:
        pages = await fetching.from_file(file, places.data_dir, context.progress)
    else:
        url = url or context.config.knowledge.tldr_url
        pages = await fetching.from_url(url, places.data_dir, context.environ, context.progress)
    await context.progress(0, None, "indexing")
    known = await _refresh(places)
    texts = sum(int(value) for key, value in known.items() if key.startswith("count."))
    return Updated(pages, str(places.data_dir / tldr.ARCHIVE_NAME), texts)


async def _refresh(places: Places) -> dict[str, str]:
    library = Library(places)

    def refresh() -> dict[str, str]:
        try:
            return library.refresh()
        finally:
            library.close()

    return await anyio.to_thread.run_sync(refresh)
