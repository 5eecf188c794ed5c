"""What page and API both need to know of a request.

body    its body, read within a size and a time
client  its client's address, by which requests count together
root    the path that a proxy serves all of it under
"""
