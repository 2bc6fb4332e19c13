"""Stage `synthetic`: a partnership with planted effects, written as the files districts would really send.

Two things leave the stage: deliveries in different local layouts, and the truth as cells with both potential outcomes,
which no other stage reads.
"""
