"""One directory: articles and their words in SQLite, vectors in Chroma.

directory  the two opened as one, with the manifest
live       an index that follows other processes' runs
shared     the archive in PostgreSQL, and each machine's copy of it
feeds      news feeds fetched into a folder
watch      when to index again
sources    the files of a run, what it passes over, paths that are empty now
build      articles → index; what is new, changed or gone
ray_engine the same work done by the machines of a Ray cluster
identity   the id under which an article is indexed, and of what it is a version
session    the index open for a run, and what the run does at its end
archive    SQLite, the truth: articles, chunks, vectors, terms
writer     the archive as a run writes it
chroma     the nearest vectors, approximately
matrix     the nearest vectors, exactly, in memory: for questions with filters
lexical    SQLite's full-text table: chunks by their words
conditions filters as SQL
checksums  sums of Chroma's files and of the words
probe      Chroma asked in a process of its own
doctor     what is wrong with an index, and what mends it
backup     an index as one file, and back
"""
