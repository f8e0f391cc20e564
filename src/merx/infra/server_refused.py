"""The error that names a server which must not be used. Apart, so that it can be told without loading TLS."""


class ServerRefused(ConnectionError):
    """We do not work with this server as it is. The message is one sentence for whoever runs the shop."""
