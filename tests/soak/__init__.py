"""The checker that tries to break what Shellac promises: no old data after an acknowledgement.

Real varnishd, real controllers, a real Redis, an origin whose data have versions and whose old
answers arrive late, and faults while all of it runs. ``python -m tests.soak --help``.

- ``judge.py``: which answers break the promise; pure
- ``world.py``, ``plans.py``, ``origin.py``: the origin
- ``questions.py``: what clients ask, in many spellings, and what an answer shows
- ``client.py``: HTTP connections that cost little
- ``options.py``: what to run
- ``servers.py``, ``cluster.py``: the processes
- ``broken.py``: a controller without one of its parts
- ``traffic.py``, ``reading.py``, ``writing.py``: readers and writers; ``faults.py``: what happens
  to them; ``audit.py``: whether a purge was lost
- ``report.py``, ``run.py``: the sum of it

Everything that is drawn (operations, latencies, faults) comes from the seed. In which order
processes get to run does not, so a run is not repeated by its seed, only its load is.
"""
