"""Everything that goes wrong on purpose in the controller.

    vclgen.errors.ShellacError
    └── ControllerError
        ├── SchemaUnavailable        the schema cannot be had
        ├── KeysUnavailable          an issuer's keys cannot be had
        ├── OriginError              the GraphQL server gave no whole answer
        │   ├── OriginUnreachable    no connection, or it broke
        │   │   └── OriginRefused    no connection was made: nothing was sent
        │   ├── OriginTimeout        it was silent for too long
        │   │   └── OriginNotReached (an OriginRefused, too) no connection was made in time
        │   └── OriginUnreadable     it answered in an encoding that cannot be undone
        ├── LogUnavailable           the purge log cannot be written or read
        ├── LogTrimmed               entries that a node still needed are gone
        ├── NodeError                a Varnish did not do what it was asked
        │   ├── NodeUnreachable      no connection, it broke, or no answer in time
        │   ├── NodeRefused          it answered 403: the secret is not the one it has
        │   └── NodeMisbehaved       it answered something else: not a Shellac VCL, or a bug
        ├── TokensUnavailable        the token store cannot be read or written
        ├── PageUnavailable          what `/playground` is made of cannot be had
        ├── BadHeader                a client's header cannot be handed on
        ├── ReloadRefused            another config cannot take the place of this one
        ├── NoEventStream            a mutation whose result would come on a stream unseen here
        ├── RequestRefused           a request to the admin API that never became an operation
        └── StartFailed              a process of `shellac up` cannot start or go on
            ├── AddressInUse         something else listens there
            └── ChildDied            it ended, with its last lines

Messages say what is wrong and what to do next. They are caught at one edge each: the gateway's
request handler, the node's worker, the admin API's request handler, the command line.
"""

from __future__ import annotations

from vclgen.errors import ShellacError


class ControllerError(ShellacError):
    """The root of this package's tree."""


class SchemaUnavailable(ControllerError):
    """The schema could not be read, fetched or understood."""


class KeysUnavailable(ControllerError):
    """The keys that verify tokens could not be fetched, or none of them can be used."""


class OriginError(ControllerError):
    """The origin gave no whole answer; whether it acted on the request is unknown."""


class OriginUnreachable(OriginError):
    """No connection to the origin, or it broke."""


class OriginRefused(OriginUnreachable):
    """No connection was made, so the origin has not seen the request."""


class OriginTimeout(OriginError):
    """The origin was silent for too long."""


class OriginNotReached(OriginRefused, OriginTimeout):
    """No connection was made in time, so the origin has not seen the request."""


class OriginUnreadable(OriginError):
    """The origin answered in a content encoding that was not asked for, or not in the one that it
    names. What it was asked for may be done.
    """


class LogUnavailable(ControllerError):
    """The purge log cannot be written or read: full, locked, corrupt, gone.

    A purge that met this is not recorded; whoever sent it must be told.
    """


class LogTrimmed(ControllerError):
    """Entries that a node has not applied were trimmed: it has to be flushed."""


class NodeError(ControllerError):
    """A Varnish did not do what it was asked."""


class NodeUnreachable(NodeError):
    """No connection to the Varnish, it broke, or no answer came in time."""


class NodeRefused(NodeError):
    """The Varnish answered 403: its secret is not ours."""


class NodeMisbehaved(NodeError):
    """The Varnish answered, but not as docs/protocol.md says."""


class TokensUnavailable(ControllerError):
    """The token store cannot be read or written: rights, full, locked, corrupt."""


class PageUnavailable(ControllerError):
    """What the playground is made of could not be fetched, checked or written."""


class BadHeader(ControllerError):
    """A client's header cannot be handed on to the origin unchanged."""


class ReloadRefused(ControllerError):
    """The config in the file cannot take the place of the one that runs; nothing was changed."""


class NoEventStream(ControllerError):
    """A mutation's result would come on an event stream that is not open here."""


class RequestRefused(ControllerError):
    """A request to the admin API that never became an operation.

    ``status`` is the HTTP status, ``code`` goes into the error's ``extensions``. ``retry_after`` is
    in seconds.
    """

    def __init__(
        self, status: int, message: str, code: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class StartFailed(ControllerError):
    """A process of ``shellac up`` cannot start or go on."""


class AddressInUse(StartFailed):
    """Something else listens on an address of the config."""


class ChildDied(StartFailed):
    """A process ended that should not have; the message holds its last lines."""
