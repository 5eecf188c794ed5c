"""Time: which days a question speaks of, in French and English, by rules."""
