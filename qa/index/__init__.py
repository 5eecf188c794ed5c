"""One directory: articles in SQLite, vectors in Chroma, terms in tantivy.

directory  the three opened as one, with the manifest
build      articles → index; what is new, changed or gone
archive    SQLite, the truth: articles, chunks, vectors, terms
chroma     the nearest vectors, approximately
matrix     the nearest vectors, exactly, in memory: for questions with filters
lexical    tantivy: chunks by their words
checksums  sums of the search indexes' files
probe      the search indexes asked in a process of their own
doctor     what is wrong with an index, and what mends it
backup     an index as one file, and back
"""
