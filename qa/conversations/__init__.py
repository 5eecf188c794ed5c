"""What was asked, rated and shared, in one SQLite file beside the index.

store        conversations, ratings and links
answer_json  an answer as JSON, and back
"""
