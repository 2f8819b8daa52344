"""Replacement policies by name."""

from isaacd.cache.policy.adaptive_s3fifo import AdaptiveS3FIFO
from isaacd.cache.policy.arc import ARC
from isaacd.cache.policy.gdsf import GDSF
from isaacd.cache.policy.lru import LRU
from isaacd.cache.policy.protocol import Policy, PolicyFactory
from isaacd.cache.policy.s3fifo import S3FIFO
from isaacd.cache.policy.sieve import Sieve
from isaacd.cache.policy.wtinylfu import WTinyLFU
from isaacd.errors import ConfigInvalid

__all__ = [
    "ARC",
    "GDSF",
    "LRU",
    "S3FIFO",
    "AdaptiveS3FIFO",
    "Policy",
    "PolicyFactory",
    "Sieve",
    "WTinyLFU",
    "policies",
]


def policies() -> dict[str, PolicyFactory]:
    """Return every policy that ships, by the name that the configuration uses."""
    return {
        "lru": LRU,
        "sieve": Sieve,
        "s3fifo": S3FIFO,
        "adaptive-s3fifo": AdaptiveS3FIFO,
        "arc": ARC,
        "wtinylfu": WTinyLFU,
        "gdsf": GDSF,
    }


def policy_named(name: str | PolicyFactory) -> PolicyFactory:
    """Return the policy with a name; what is a factory already is returned as it is. Raises ConfigInvalid."""
    if not isinstance(name, str):
        return name
    try:
        return policies()[name]
    except KeyError:
        known = ", ".join(sorted(policies()))
        raise ConfigInvalid(f"there is no cache policy {name!r}", hint=f"there are: {known}") from None
