"""The statistical core: arrays in, frozen records out; numpy and scipy only.

A `Design` is a small table of cells. An estimator maps it to an `Estimate`. Everything later reads an `Estimate`.
"""
