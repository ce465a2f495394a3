"""One module a family; each has `command(draw)`, which gives one command as a list of words."""
