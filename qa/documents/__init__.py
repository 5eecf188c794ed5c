"""From files to articles to chunks.

parsers      one module a file format
article      an article, and dates that may be of a month or a year only
corrections  a title or a date that was put right by hand
chunks       an article → chunks of whole sentences
filters      which articles to answer from
listing      a page of the list of articles
injection    passages that address a machine
"""
