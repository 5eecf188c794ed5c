"""From a question to the chunks most likely to answer it.

retriever     the way through, a LangChain retriever
scoring       what speaks for a chunk, and its score
calibration   the measured numbers that scores and confidence use
constraints   the times and outlets that a question asks of its articles
source_names  outlets named in a question
boosts        what constraints add to a score
duplicates    copies of one text
rerank        the best hits read by the reader network and ordered anew
"""
