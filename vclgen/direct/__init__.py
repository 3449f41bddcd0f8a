"""The direct profiles: Varnish fetches from an origin that tags and purges its answers itself.

One plan with different data: ``profiles`` holds what each of them is, ``plan`` decides, the
templates in ``templates/direct`` loop and branch.
"""
