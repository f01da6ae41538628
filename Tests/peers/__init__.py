"""The independent half of the black-box tests: clients, backends, certificates, tokens and the gateway's process.

Nothing here shares code with the gateway. See docs/decisions/0002-integration-tests-in-python.md.
"""
