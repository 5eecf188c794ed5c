"""What was asked, rated and shared, in a file beside the index or in a database.

store        conversations, ratings and links
sqlite       their tables in a file
postgres     their tables in a database
answer_json  an answer as JSON, and back
"""
