"""How the reader is made: data, training, measuring, export. Nothing in `qa` imports this."""
