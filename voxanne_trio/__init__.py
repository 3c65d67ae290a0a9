"""Voxanne: a phone agent for clinics, on structured concurrency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .aura_humanizer import VoxanneAuraHumanizer

__all__ = ["VoxanneAuraHumanizer", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the facade when it is asked for: the package itself stays cheap."""
    if name == "VoxanneAuraHumanizer":
        from .aura_humanizer import VoxanneAuraHumanizer

        return VoxanneAuraHumanizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
