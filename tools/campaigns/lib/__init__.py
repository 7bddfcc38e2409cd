"""Shared parts of the campaigns: programs, protocol, oracles, faults. Standard library only."""
