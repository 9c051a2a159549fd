"""Text to document: every value remembers where it was said."""

from mailwright.source.document import Document
from mailwright.source.layers import load

__all__ = ["Document", "load"]
