"""The demo: a small model measured on this machine, within a stated time, with a page that grows meanwhile."""
