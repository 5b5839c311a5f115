"""Side by side with the peers, in one run: absolute numbers drift with the machine, ratios are what counts."""
