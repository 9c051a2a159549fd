"""Mailman looks here for its commands."""
