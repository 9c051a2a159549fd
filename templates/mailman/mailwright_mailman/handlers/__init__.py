"""Mailman looks here for its handlers."""
