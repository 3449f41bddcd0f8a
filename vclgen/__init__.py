"""From one typed config file to the VCL that Varnish runs: config → plan → VCL.

Nothing here may import ``controller``: a VCL can be rendered and checked without the sidecar.
"""

from importlib.metadata import version

__version__ = version("shellac")
