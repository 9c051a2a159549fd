"""mailwright: one description of an organisation's mail, a whole compliant service, and the proof."""

__version__ = "0.1.0"
