"""Every kind of provider that comes with Isaac has its contract test; the offline one keeps the laws as it is."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import isaac_plugins
from isaacd.ai.chat import ChatRequest, Message
from isaacd.config import ProviderConfig
from isaacd.testing import check_provider
from tests.fake_host import make_host


def kinds() -> dict[str, Any]:
    modules = [
        importlib.import_module(f"isaac_plugins.{item.name}")
        for item in pkgutil.iter_modules(isaac_plugins.__path__)
        if not item.name.startswith("_")  # what several plugins share
    ]
    return {factory.kind: factory for module in modules for factory in module.plugin.providers}


def test_the_kinds_are_those_that_are_checked() -> None:
    assert set(kinds()) == {"anthropic", "knowledge", "ollama", "openai", "openai-compatible", "xai"}


@pytest.mark.anyio
async def test_the_offline_provider_keeps_the_laws_of_providers(tmp_path: Path) -> None:
    provider = kinds()["knowledge"]("knowledge", ProviderConfig(kind="knowledge"), make_host(tmp_path))
    try:
        await check_provider(
            provider,
            ChatRequest(messages=(Message("user", "find files larger than 100 MB under /var"),)),
            ChatRequest(messages=(Message("user", "unpack a tar.gz archive"),)),
        )
    finally:
        await provider.aclose()
