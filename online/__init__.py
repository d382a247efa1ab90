"""The duel: windows, arms, ledger."""
