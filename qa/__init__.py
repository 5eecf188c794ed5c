"""qa: answers questions about news events from articles, with the exact sentences they rest on."""

__version__ = "0.1.0"
