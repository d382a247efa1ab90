"""Detectors: has the loss changed?"""
