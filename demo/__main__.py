"""``python -m demo``: the demo origin on its own."""

import argparse

import uvicorn

from demo.app import create_app
from demo.arguments import address, latency


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--listen", type=address, default="127.0.0.1:4000", metavar="HOST:PORT", help="%(default)s"
    )
    parser.add_argument(
        "--latency", type=latency, default="0", metavar="TIME", help="of each answer, like 50ms"
    )
    parser.add_argument(
        "--database", default=":memory:", metavar="FILE", help="SQLite; without it, in memory"
    )
    parser.add_argument(
        "--control", action="store_true", help="let everybody watch and delay requests at /_demo"
    )
    options = parser.parse_args()
    host, port = options.listen
    uvicorn.run(
        create_app(options.database, latency=options.latency, control=options.control),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        # Longer than a proxy keeps an idle connection, so that the proxy closes it and
        # never sends into one that is just being closed.
        timeout_keep_alive=75,
        # A held answer or a subscription never ends by itself.
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
