"""Stage `release`: what may be shown, as a candidate without clock or commit; `publish` makes it public."""
