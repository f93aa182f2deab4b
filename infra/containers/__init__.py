"""`make containers`: the image, the contract tests and a short sale in containers, where an engine answers.

What can be pulled is pulled. Where nothing can be, a base is made from Debian's packages (debootstrap), and the images
of the servers are built on it (`standins/`): they do what the official ones do, as far as tests and compose.yaml need.
"""
