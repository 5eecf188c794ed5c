"""The scripts behind the figures in the docs; nothing in the project imports them."""
