"""Mailman's own pipelines, with what is different here."""

from __future__ import annotations

from mailman.pipelines.base import BasePipeline

__all__ = ["OwnerPipeline", "PostingPipeline"]


class PostingPipeline(BasePipeline):
    """Posts to the members."""

    name = "mailwright-posting-pipeline"
    description = "Posts, without the verdict and without footers."

    _default_handlers = (
        "validate-authenticity",
        "mailwright-recipients",
        "mailwright-strip",
        "mailwright-own",
        "cleanse",
        "cleanse-dkim",
        "mailwright-headers",
        "rfc-2369",
        "to-archive",
        "after-delivery",
        "acknowledge",
        "dmarc",
        "to-outgoing",
    )


class OwnerPipeline(BasePipeline):
    """What is written to the owners."""

    name = "mailwright-owner-pipeline"
    description = "Mail for the owners, without the verdict."

    _default_handlers = ("mailwright-once", "mailwright-strip", "cleanse-dkim", "owner-recipients", "to-outgoing")
