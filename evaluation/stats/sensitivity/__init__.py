"""What an event study can bear: robust intervals under departures from parallel trends, and what a pre-test could see.

Both read an `EventStudy`: estimates on one base period with their covariance, however they were made.
"""
