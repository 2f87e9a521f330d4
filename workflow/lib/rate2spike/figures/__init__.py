"""Every figure, drawn from tables and recordings that are made elsewhere.

For figures of your own: `from rate2spike.figures import pages, panels`.
"""
