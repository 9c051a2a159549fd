"""Mailman looks here for its pipelines."""
