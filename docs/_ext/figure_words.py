"""The labels of the figures in Chinese."""

CHINESE = {}
