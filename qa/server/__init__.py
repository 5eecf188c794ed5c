"""One process with two doors: the chat page (`page`) and the API (`api`); `app` starts both,
`http` is what both need of a request.
"""
